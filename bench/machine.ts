// Where and with what a figure was taken: without it, it says nothing.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { git } from "./git-command.js";
import { peerVersions } from "./peer-packages.js";

const projectFolder = join(import.meta.dirname, "..");

export interface Circumstances {
  /** ISO 8601, to the second. */
  date: string;
  commit: string;
  /** Sources differ from that commit. */
  modified: boolean;
  machine: { cpu: string; cores: number; memoryGb: number; system: string; filesystem: string };
  versions: Record<string, string>;
}

/** @param folder that the measurements are made in */
export async function circumstances(folder: string): Promise<Circumstances> {
  const changed = await git(projectFolder, [
    "status",
    "--porcelain",
    "--",
    "src",
    "native",
    "bench",
    ":!bench/results",
  ]).catch(() => "");
  const { version } = JSON.parse(await readFile(join(projectFolder, "package.json"), "utf8")) as { version: string };
  return {
    date: `${new Date().toISOString().slice(0, 19)}Z`,
    commit: await git(projectFolder, ["rev-parse", "HEAD"]).catch(() => "unknown"),
    modified: changed !== "",
    machine: {
      cpu: os.cpus()[0]?.model ?? "unknown",
      cores: os.availableParallelism(),
      memoryGb: Math.round(os.totalmem() / 2 ** 30),
      system: `${os.type()} ${os.release()} ${os.arch()}`,
      filesystem: await filesystemOf(folder),
    },
    versions: {
      coppice: version,
      node: process.versions.node,
      git: (await git(".", ["--version"])).replace(/^git version /, ""),
      ...(await peerVersions()),
    },
  };
}

async function filesystemOf(folder: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("stat", ["--file-system", "--format=%T", folder]);
    return stdout.trim();
  } catch {
    return "unknown";
  }
}
