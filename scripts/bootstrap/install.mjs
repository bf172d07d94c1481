// The dependencies, as the lock file pins them. Whether they are there is read off npm's own record in node_modules,
// not off a stamp of ours: so an `npm install`, an `npm ci` by hand or a copied node_modules counts for what it is.
import { lstatSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../native-sources.mjs";
import { lastLines, run, SetupError, timed } from "./step.mjs";

const modulesFolder = join(projectFolder, "node_modules");

export async function installDependencies() {
  if (installedAsLocked()) return;
  refuseToReplaceLink();
  await timed("installing the dependencies (npm ci, scripts off)", npmCi);
}

/** True when every package of the lock is installed with the same version and hash; optional ones may be left out. */
function installedAsLocked() {
  const locked = packagesOf(join(projectFolder, "package-lock.json"));
  const installed = packagesOf(join(modulesFolder, ".package-lock.json"));
  if (!locked)
    throw new SetupError("package-lock.json is missing or unreadable.", "Restore it: git checkout package-lock.json");
  if (!installed) return false;
  return Object.entries(locked).every(([path, entry]) => {
    if (path === "") return true;
    const found = installed[path];
    if (!found) return entry.optional === true || entry.devOptional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return null;
  }
}

/** npm ci empties node_modules; through a link that would be somebody else's. */
function refuseToReplaceLink() {
  const entry = lstatSync(modulesFolder, { throwIfNoEntry: false });
  if (!entry?.isSymbolicLink()) return;
  throw new SetupError(
    "node_modules is a symbolic link, and what it leads to does not match package-lock.json.",
    "Remove the link (rm node_modules) and start again; the dependencies are then installed here.",
  );
}

async function npmCi() {
  const args = [
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=5000",
  ];
  const { exitCode, output } = await run("npm", args);
  if (exitCode === 0) return;
  // npm leaves half a folder behind when it is refused midway; it must not count as installed.
  rmSync(join(modulesFolder, ".package-lock.json"), { force: true });
  throw explain(exitCode, output);
}

const causes = [
  {
    signs: /EINTEGRITY|integrity checksum failed/,
    message:
      "A downloaded package is not the one that package-lock.json pins: its hash differs. Nothing of it was kept.",
    remedy:
      "Try once more after `npm cache clean --force`. If it happens again, the registry or a proxy serves other bytes: do not go on.",
  },
  {
    signs: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|network|proxy/i,
    message: "The npm registry cannot be reached.",
    remedy:
      "Check the network (or `npm config get registry`, HTTPS_PROXY) and start again; it goes on where it stopped.",
  },
  {
    signs: /EUSAGE|can only install packages when/,
    message: "package.json and package-lock.json do not agree.",
    remedy: "Run `npm install`, look at the difference, and commit both.",
  },
  { signs: /ENOSPC/, message: "The disk is full.", remedy: "Free about 700 MB and start again." },
];

function explain(exitCode, output) {
  if (exitCode === 127) return new SetupError("npm is not found.", "On Debian or Ubuntu: apt-get install npm");
  const cause = causes.find((candidate) => candidate.signs.test(output)) ?? {
    message: `npm ci failed with exit code ${exitCode}.`,
    remedy: "What npm says is above; its whole log lies under ~/.npm/_logs.",
  };
  const errors = output.split("\n").filter((line) => /^npm (error|ERR!)/.test(line));
  return new SetupError(cause.message, cause.remedy, lastLines(errors.slice(0, 6).join("\n") || output, 6));
}
