// `npm run fuzz [-- target ...] [--seconds n] [--input file]`: libFuzzer over native/fuzz, compiled by clang with its sanitizers.
// Without arguments every target has its share of 60 seconds, a smoke. `--seconds` is for all targets together. `--input` runs one
// file again. What is new is kept in build/fuzz/corpus; what was found lies in build/fuzz/findings.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { orExplain, prepare } from "./bootstrap/prepare.mjs";
import { run, SetupError, say } from "./bootstrap/step.mjs";
import { ending, instrumentedBuild } from "./instrumented-build.mjs";
import { projectFolder } from "./native-sources.mjs";

const corpus = join(projectFolder, "native/fuzz/corpus");
const grown = join(projectFolder, "build/fuzz/corpus");
const findings = join(projectFolder, "build/fuzz/findings");

const kind = {
  flags: "-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined",
  // libgit2's SHA-1 reads words at odd addresses on purpose; its tables of functions have other types than they are called by.
  cOnly: "-fno-sanitize=alignment,function",
  targets: ["fuzz"],
  tools: { CC: "clang", CXX: "clang++" },
  variables: ["fuzz=1"],
};

await orExplain(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: "string", default: "60" }, input: { type: "string" } },
  });
  const all = readdirSync(corpus).sort();
  const unknown = positionals.filter((name) => !all.includes(name));
  if (unknown.length > 0)
    throw new SetupError(`Unknown target: ${unknown.join(", ")}.`, `There are ${all.join(", ")}.`);
  const targets = positionals.length > 0 ? positionals : all;
  const seconds = Number(values.seconds);
  if (!Number.isInteger(seconds) || seconds < 1)
    throw new SetupError("--seconds is a whole number.", "Give 1 or more.");
  if (values.input !== undefined && targets.length !== 1)
    throw new SetupError("--input is for one target.", "Name it: npm run fuzz -- <target> --input <file>");
  await requireClang();
  await prepare(["install"]);
  const program = join(await instrumentedBuild("fuzz", kind), "build/Release/fuzz");
  const share = Math.max(1, Math.round(seconds / targets.length));
  for (const target of targets) if (!(await fuzz(program, target, share, values.input))) process.exitCode = 1;
});

async function requireClang() {
  if ((await run("clang++", ["--version"])).exitCode === 0) return;
  throw new SetupError(
    "clang is not there, and libFuzzer is a part of it.",
    "On Debian or Ubuntu: apt-get install clang",
  );
}

/** False: it found something, which is said with the command that shows it again. */
async function fuzz(program, target, seconds, input) {
  for (const folder of [join(grown, target), findings]) mkdirSync(folder, { recursive: true });
  const temporary = mkdtempSync(join(tmpdir(), "coppice-fuzz-"));
  const environment = {
    COPPICE_FUZZ_TARGET: target,
    TMPDIR: temporary,
    // A size that an object claims may be more than there is: that answers with an error, and is no finding.
    ASAN_OPTIONS: "allocator_may_return_null=1:detect_stack_use_after_return=1",
    UBSAN_OPTIONS: "print_stacktrace=1",
  };
  const limits = ["-timeout=30", "-rss_limit_mb=4096", "-malloc_limit_mb=65536", "-max_len=65536"];
  const before = new Set(readdirSync(findings));
  say(`coppice: fuzzing ${target} ${input === undefined ? `for ${seconds} s` : `with ${input}`} ...`);
  const what =
    input === undefined
      ? [
          `-max_total_time=${seconds}`,
          "-print_final_stats=1",
          `-dict=${join(projectFolder, "native/fuzz/names.dict")}`,
          `-artifact_prefix=${findings}/${target}-`,
          join(grown, target),
          join(corpus, target),
        ]
      : [resolve(process.env.INIT_CWD ?? projectFolder, input)];
  const end = await ending(program, [...limits, ...what], environment);
  rmSync(temporary, { recursive: true, force: true });
  for (const name of readdirSync(findings).filter((file) => !before.has(file))) {
    const file = relative(projectFolder, join(findings, name));
    say(`coppice: found: ${file}`);
    say(`coppice: again: npm run fuzz -- ${target} --input ${file}`);
  }
  say(`coppice: ${target}: ${end === 0 ? "nothing found" : `ended with ${end}`}`);
  return end === 0;
}
