// `npm test [-- <vitest arguments>]`: set-up, style, types, native tests, faults, vitest. Later parts run when an earlier one
// failed, so that one run shows everything. The last line is the sum: "N passed, N failed" with ", N skipped" if any.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { orExplain, prepare, testing } from "./bootstrap/prepare.mjs";
import { say, seconds } from "./bootstrap/step.mjs";
import { projectFolder } from "./native-sources.mjs";

const bin = (name) => join(projectFolder, "node_modules/.bin", name);

await orExplain(async () => {
  process.env.TMPDIR ??= testFolder();
  await prepare(testing);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  await style(counts);
  await types(counts);
  await native(counts);
  await faults(counts);
  await sdk(counts);
  await vitest(counts, process.argv.slice(2));
  console.log(summary(counts));
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});

/**
 * Tests flush thousands of small files. In memory that costs nothing; on a busy disk it is most of the time. TMPDIR, when it is
 * set, says where they go instead.
 */
function testFolder() {
  const memory = "/dev/shm";
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize > 4 * 2 ** 30 ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

async function style(counts) {
  if ((await step("style (biome check)", bin("biome"), ["check", "--error-on-warnings"])).exitCode !== 0)
    counts.failed += 1;
}

async function types(counts) {
  const args = ["-p", "tsconfig.test.json"];
  if ((await step("types (src, tests, scripts)", bin("tsc"), args)).exitCode !== 0) counts.failed += 1;
}

async function native(counts) {
  const { exitCode, output } = await step("native tests", join(projectFolder, "build/Release/native_test"), []);
  const closing = /^(\d+) passed, (\d+) failed$/m.exec(output);
  counts.passed += Number(closing?.[1] ?? 0);
  counts.failed += Number(closing?.[2] ?? 0);
  // A crash leaves no closing line; it must not read as nothing failed.
  if (exitCode !== 0 && !(Number(closing?.[2]) > 0)) counts.failed += 1;
}

/** Some cases of every scenario of the fault harness; its table is on standard error. */
async function faults(counts) {
  const args = ["faults/main.ts", "--quick", "--json"];
  const { exitCode, output } = await step(
    "faults (kills, full disks, failing calls; up to 4 minutes)",
    bin("tsx"),
    args,
  );
  const scenarios = parse(output.trim().split("\n").at(-1))?.scenarios ?? [];
  for (const { cases, problems, skipped } of scenarios) {
    const red = new Set(problems.map((problem) => problem.case)).size;
    counts.failed += red;
    counts.passed += cases - red;
    if (skipped !== null) counts.skipped += 1;
  }
  if (exitCode !== 0 && scenarios.every(({ problems }) => problems.length === 0)) counts.failed += 1;
}

/** Whole runs of the orchestrator's SDK: in a process of its own, because it is installed apart. */
async function sdk(counts) {
  const { exitCode, output } = await step("orchestrator (the real SDK)", process.execPath, ["scripts/test-sdk.mjs"]);
  const closing = /^\s*Tests\s+(?:(\d+) failed)?[ |]*(?:(\d+) passed)?/m.exec(stripVTControlCharacters(output));
  counts.failed += Number(closing?.[1] ?? 0);
  counts.passed += Number(closing?.[2] ?? 0);
  if (exitCode !== 0 && !(Number(closing?.[1] ?? 0) > 0)) counts.failed += 1;
}

async function vitest(counts, args) {
  const folder = mkdtempSync(join(tmpdir(), "coppice-vitest-"));
  const file = join(folder, "result.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const { exitCode } = await step("vitest", bin("vitest"), ["run", ...reporters, ...args]);
  addVitest(counts, exitCode, read(file));
  rmSync(folder, { recursive: true, force: true });
}

function addVitest(counts, exitCode, result) {
  counts.passed += result?.numPassedTests ?? 0;
  counts.skipped += (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0);
  const unloaded = (result?.testResults ?? []).filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  const failed = (result?.numFailedTests ?? 0) + unloaded.length;
  // Unhandled errors and missed coverage fail a run whose tests all passed.
  counts.failed += failed === 0 && exitCode !== 0 ? 1 : failed;
}

function read(file) {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Run one part with its output shown as it comes, and say how it ended. */
async function step(what, command, args) {
  say(`coppice: ${what} ...`);
  const start = performance.now();
  const result = await shown(command, args);
  say(`coppice: ${what}: ${result.exitCode === 0 ? "passed" : "FAILED"} in ${seconds(performance.now() - start)}`);
  return result;
}

function shown(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: projectFolder, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    child.on("error", reject);
    child.on("close", (exitCode, signal) => {
      if (signal) say(`coppice: ended by ${signal}`);
      resolve({ exitCode: exitCode ?? 1, output });
    });
  });
}

function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
