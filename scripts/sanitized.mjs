// `npm run test:asan` and `npm run test:tsan [-- part of a test's name ...]`: the native side compiled with GCC's sanitizers, and
// the tests run against it. Linux.
//   address: memory errors, leaks and undefined behaviour; the native tests, then the tests of TypeScript that use the addon most.
//   thread: data races; the native tests.
// Reports go to files: many tests let children die, and one that ended by a report may look like one that was to end. A run in
// which anything was reported has failed, whatever its tests said.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { orExplain, prepare } from "./bootstrap/prepare.mjs";
import { SetupError, say } from "./bootstrap/step.mjs";
import { ending, instrumentedBuild } from "./instrumented-build.mjs";
import { projectFolder } from "./native-sources.mjs";

const kinds = {
  address: {
    flags: "-fsanitize=address,undefined -fno-sanitize-recover=undefined",
    // libgit2's SHA-1 reads words at odd addresses on purpose where the processor can.
    cOnly: "-fno-sanitize=alignment",
    targets: ["native_test", "coppice"],
    options: {
      ASAN_OPTIONS: "detect_stack_use_after_return=1:strict_string_checks=1",
      UBSAN_OPTIONS: "print_stacktrace=1",
    },
  },
  thread: {
    flags: "-fsanitize=thread",
    targets: ["native_test"],
    // Tests fork to have a child die, also while threads run.
    options: { TSAN_OPTIONS: "die_after_fork=0:second_deadlock_stack=1" },
  },
};
// Where the addon's threads, buffers and borders are used in every way.
const addonTests = ["test/git", "test/native", "test/merge", "test/worktree"];
// It looks for the addon itself, in folders of its own.
const withoutAddon = "test/git/load-native.test.ts";

await orExplain(async () => {
  const [name, ...filters] = process.argv.slice(2);
  const kind = kinds[name];
  if (kind === undefined) throw new SetupError(`Unknown sanitizer: ${name}`, "It is 'address' or 'thread'.");
  if (process.platform !== "linux")
    throw new SetupError("The sanitizers are set up for Linux with GCC.", "Run it there.");
  await prepare(["install", "typescript"]);
  const folder = await instrumentedBuild(name, kind);
  const reports = join(folder, "reports");
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports);
  const environment = reportingTo(join(reports, "report"), kind.options);
  const ends = [await part("native tests", join(folder, "build/Release/native_test"), filters, environment)];
  if (name === "address")
    ends.push(await part("tests of the addon", process.execPath, ...addonRun(folder, environment)));
  // Both are run to their end, so that one run shows everything.
  if (showReports(reports) > 0 || ends.some((end) => end !== 0)) process.exitCode = 1;
});

/** The sanitizers' variables, with the beginning of the name of the files that they report to. */
function reportingTo(file, options) {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, `${value}:log_path=${file}`]));
}

function showReports(folder) {
  const files = readdirSync(folder).sort();
  for (const file of files) say(`\n${readFileSync(join(folder, file), "utf8")}`);
  say(`coppice: processes that reported something: ${files.length}`);
  return files.length;
}

async function part(what, program, args, environment) {
  say(`coppice: ${what} ...`);
  const end = await ending(program, args, environment);
  say(`coppice: ${what}: ${end === 0 ? "passed" : `FAILED (${end})`}`);
  return end;
}

/** Node is not instrumented: the sanitizer's runtime must be there before it, and the addon is found by node-gyp-build's variable. */
function addonRun(folder, environment) {
  const runtime = execFileSync("gcc", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
  return [
    [
      join(projectFolder, "node_modules/vitest/vitest.mjs"),
      "run",
      "--testTimeout=300000",
      `--exclude=${withoutAddon}`,
      ...addonTests,
    ],
    {
      ...environment,
      // Node frees little when it ends; what leaks in native/git shows in the native tests.
      ASAN_OPTIONS: `${environment.ASAN_OPTIONS}:detect_leaks=0`,
      LD_PRELOAD: runtime,
      COPPICE_PREBUILD: folder,
    },
  ];
}
