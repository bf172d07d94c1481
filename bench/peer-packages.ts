// The peers that come from npm. They are no dependency of the product: bench/package.json names them, with a lock file of
// its own, and they are installed when they are first measured.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const folder = import.meta.dirname;

/** Not `import`: the compiler shall not look for what is installed only on demand. */
export function fromPeers<Package>(name: string): Package {
  return createRequire(join(folder, "package.json"))(name) as Package;
}

/**
 * Not `npm ci`: it refuses a lock file that lacks the packages of other platforms, which not every registry has. What is
 * installed is what the lock file pins either way.
 * @returns null, or why they are not there
 */
export async function installPeerPackages(say: (text: string) => void): Promise<string | null> {
  if (await installedAsPinned()) return null;
  say("installing the peers that come from npm");
  const args = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
  return new Promise((resolve) => {
    const child = spawn("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", (error) => resolve(error.message));
    child.on("close", (exitCode) =>
      resolve(exitCode === 0 ? null : (/npm error (?!code).*/.exec(stderr)?.[0] ?? stderr)),
    );
  });
}

export async function peerVersions(): Promise<Record<string, string>> {
  const { dependencies } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return dependencies;
}

async function installedAsPinned(): Promise<boolean> {
  for (const [name, version] of Object.entries(await peerVersions())) {
    const text = await readFile(join(folder, "node_modules", name, "package.json"), "utf8").catch(() => "{}");
    if ((JSON.parse(text) as { version?: string }).version !== version) return false;
  }
  return true;
}
