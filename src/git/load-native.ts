// Loads the addon: what a checkout has built (build/Release), else the prebuild of this platform in the package.
// Limit: nothing is compiled or downloaded here; a failure says what was tried and what to do.

import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CoppiceError } from "../errors.js";
import type { NativeAddon } from "./native.js";

const require = createRequire(import.meta.url);
// The same from src/git/ and from dist/git/.
const packageFolder = fileURLToPath(new URL("../..", import.meta.url));
const platform = `${process.platform}-${process.arch}`;

let loaded: NativeAddon | undefined;

/** The addon, loaded once for each thread. Throws ERR_ADDON_LOAD. */
export function loadNative(): NativeAddon {
  loaded ??= loadFrom(packageFolder);
  return loaded;
}

/** @param folder of a package: with package.json, and build/ or prebuilds/ */
export function loadFrom(folder: string): NativeAddon {
  let file: string | null = null;
  try {
    const find = require("node-gyp-build") as { path(folder: string): string };
    file = find.path(folder);
    const addon = require(file) as NativeAddon;
    requireSameVersion(addon, folder);
    return addon;
  } catch (cause) {
    throw new CoppiceError("ERR_ADDON_LOAD", explain(folder, file, cause), { cause });
  }
}

/** An addon left over from another version of these sources would misread every request. */
function requireSameVersion(addon: NativeAddon, folder: string): void {
  const { version } = require(join(folder, "package.json")) as { version: string };
  const built = addon.version().addon;
  if (built !== version) throw new Error(`it was built for version ${built} of coppice, this is version ${version}`);
}

function explain(folder: string, file: string | null, cause: unknown): string {
  const reason = cause instanceof Error ? cause.message.trim() : String(cause);
  const tried = file === null ? placesLooked(folder) : [`${file}: ${reason}`];
  return [
    `The native addon of coppice could not be loaded on ${platform} with Node ${process.versions.node}. Tried:`,
    ...tried.map((line) => `- ${line}`),
    "What to do:",
    ...remedies(folder, file, cause, reason).map((line) => `- ${line}`),
  ].join("\n");
}

function placesLooked(folder: string): string[] {
  const prebuilt = prebuiltPlatforms(folder);
  const others = prebuilt.length === 0 ? "there are none" : `there are only ${prebuilt.join(", ")}`;
  return [
    `${join(folder, "build/Release")}: no addon there`,
    `${join(folder, "prebuilds", platform)}: no prebuild that fits; ${others}`,
  ];
}

function prebuiltPlatforms(folder: string): string[] {
  try {
    return readdirSync(join(folder, "prebuilds"));
  } catch {
    return [];
  }
}

function remedies(folder: string, file: string | null, cause: unknown, reason: string): string[] {
  const code = (cause as { code?: unknown }).code;
  if (code === "ERR_DLOPEN_DISABLED")
    return ["Run Node without --no-addons (under --permission: with --allow-addons)."];
  if (file === null)
    return ["In a checkout: npm run build:native", "Elsewhere: use one of the platforms listed above."];
  if (/GLIBC|CXXABI|__isoc23|symbol not found/.test(reason)) {
    return [
      `Use a newer system: this one has glibc ${glibcVersion()}.`,
      "Or build in a checkout: npm run build:native",
    ];
  }
  if (/invalid ELF|wrong architecture|mach-o|not a valid Win32/i.test(reason)) {
    return [`Install again on this machine: ${folder} seems to be copied from another kind of machine.`];
  }
  return ["In a checkout: npm run build:native", "Elsewhere: remove node_modules and install again."];
}

function glibcVersion(): string {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime ?? "none";
}
