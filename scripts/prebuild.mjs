// `npm run prebuild`: the addon of this platform into prebuilds/, stripped, with libgit2's licence beside it.
// Compiled from nothing in a folder of its own, because prebuildify takes the file away from where it was built.
// It needs the C library of the machine that builds it, or a newer one: make releases on the oldest that is supported.
import { copyFileSync, cpSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { checkAddon, nodeHeaders } from "./bootstrap/native.mjs";
import { orExplain, prepare } from "./bootstrap/prepare.mjs";
import { SetupError, say, timed } from "./bootstrap/step.mjs";
import { libgit2Folder, projectFolder } from "./native-sources.mjs";

// Inside the project: prebuildify renames the result, which does not work from one filesystem to another.
const staging = join(projectFolder, "build/prebuild");
const platformFolder = join(projectFolder, "prebuilds", `${process.platform}-${process.arch}`);

await orExplain(async () => {
  await prepare(["install", "native"]);
  rmSync(platformFolder, { recursive: true, force: true });
  stage();
  await timed(`building ${process.platform}-${process.arch} from nothing`, compile);
  rmSync(staging, { recursive: true, force: true });
  const file = join(platformFolder, "coppice.node");
  await checkAddon(file);
  copyFileSync(join(projectFolder, libgit2Folder(), "COPYING"), join(platformFolder, "libgit2-COPYING"));
  say(`coppice: wrote ${file}`);
});

function stage() {
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  for (const name of ["binding.gyp", "native", "package.json", "scripts"]) {
    cpSync(join(projectFolder, name), join(staging, name), { recursive: true });
  }
  symlinkSync(join(projectFolder, "node_modules"), join(staging, "node_modules"));
}

async function compile() {
  // Offline, node-gyp wants to be told where the headers are; without them it downloads them for its target.
  const headers = nodeHeaders();
  if (headers) process.env.npm_config_nodedir = headers;
  process.env.JOBS ??= "max";
  const { default: prebuildify } = await import("prebuildify");
  try {
    await promisify(prebuildify)({
      cwd: staging,
      out: projectFolder,
      napi: true,
      strip: true,
      quiet: !process.env.COPPICE_VERBOSE,
      targets: [process.versions.node],
      nodeGyp: join(projectFolder, "node_modules/.bin/node-gyp"),
      cache: join(dirname(staging), "prebuild-headers"),
    });
  } catch (error) {
    throw new SetupError(
      `prebuildify failed: ${error.message}.`,
      "Run again with COPPICE_VERBOSE=1 to see the compiler.",
    );
  }
}
