// A run of the real SDK over a repository of its own, driven in a process of its own that may be killed.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { recoverRepository } from "../src/index.js";
import { linkedWorktrees } from "../test/support/manager.js";
import { createRepository, type TestRepository } from "../test/support/repository.js";

const require = createRequire(import.meta.url);
const program = (name: string) => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
const folder = fileURLToPath(new URL(".", import.meta.url));

export interface Edit {
  label: string;
  edit: { path: string; text?: string; line?: number; copy?: string; fail?: boolean };
  onConflict?: unknown;
}

export interface Inputs {
  edits: Edit[];
  map?: boolean;
  others?: boolean;
  /** The names of events and effects are counted. */
  deterministic?: boolean;
  /** An effect's error fails the run. */
  strict?: boolean;
}

export interface Ended {
  status: string;
  output: { edited: { path?: string; error?: string }[]; answers: unknown[] };
  error: { name?: string; message?: string } | null;
  kinds: string[];
  timings: { totalMs: number; sdkMs: number };
}

export interface Run {
  repository: TestRepository;
  runDir: string;
}

/** So many lines that edits of different ones never touch. */
export const sharedLines = 400;

export async function createRun(inputs: Inputs): Promise<Run> {
  const tool = await readFile(program("edit.mjs"), "utf8");
  const shared = `${Array.from({ length: sharedLines }, (_, index) => `line ${index}`).join("\n")}\n`;
  const conflicts = Object.fromEntries(
    inputs.edits.map(({ edit }) => [edit.path, shared]).filter(([path]) => /^conflict/.test(path as string)),
  );
  const repository = await createRepository({
    tree: { "tools/edit.mjs": tool, "shared.txt": shared, "out/.keep": "", ...conflicts },
  });
  const { createRun: create } = require("@a5c-ai/babysitter-sdk/dist/runtime/createRun") as {
    createRun(options: object): Promise<{ runDir: string }>;
  };
  const ulids = require("@a5c-ai/babysitter-sdk/dist/storage/ulids") as {
    setUlidFactoryForTests(factory: () => string): void;
    resetUlidFactory(): void;
  };
  // Below every name that the driver gives, also where it counts instead of looking at the clock.
  if (inputs.deterministic) ulids.setUlidFactoryForTests(() => "01H00000000000000000000000");
  const { runDir } = await create({
    runsDir: join(repository.path, ".a5c/runs"),
    runId: "01JRUN0000000000000000TEST",
    process: { processId: "edits", importPath: program("process.mjs") },
    inputs,
  }).finally(() => ulids.resetUlidFactory());
  return { repository, runDir };
}

/** Starts the driver; the environment is the test's, without vitest's mark, which changes how the SDK loads a process. */
export function start(
  { repository, runDir }: Run,
  env: NodeJS.ProcessEnv = {},
  driver = "drive.mjs",
): { child: ChildProcess; ended: Promise<Ended | null> } {
  const { VITEST: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [program(driver), repository.path, runDir], {
    cwd: folder,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    err += chunk;
  });
  const ended = new Promise<Ended | null>((resolve, reject) => {
    child.on("close", (exitCode, signal) => {
      if (signal !== null) return resolve(null);
      if (exitCode !== 0) return reject(new Error(`the driver ended with ${exitCode}:\n${err}`));
      resolve(JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as Ended);
    });
  });
  return { child, ended };
}

export async function drive(run: Run, env: NodeJS.ProcessEnv = {}, driver?: string): Promise<Ended> {
  const ended = await start(run, env, driver).ended;
  if (ended === null) throw new Error("the driver was killed");
  return ended;
}

export interface JournalEvent {
  type: string;
  data: { effectId?: string; invocationKey?: string; status?: string; [name: string]: unknown };
}

export async function journal({ runDir }: Run): Promise<JournalEvent[]> {
  const path = join(runDir, "journal");
  const names = (await readdir(path)).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(path, name), "utf8")) as JournalEvent));
}

/** The tree of the target. */
export const tree = ({ repository }: Run): Promise<string> => repository.oid("HEAD^{tree}");

/** A task may outlive its killed driver for a moment, and has its worktree so long: that one goes when the repository is looked at next. */
export async function recoverAll({ repository }: Run): Promise<void> {
  while ((await linkedWorktrees(repository)).length > 0) await recoverRepository(repository.path);
}

/** Resolves when the journal has that many files, or more; the driver may have ended before. */
export async function journalHas(run: Run, count: number, ended: Promise<unknown>): Promise<void> {
  let over = false;
  ended.then(
    () => (over = true),
    () => (over = true),
  );
  while (!over && (await readdir(join(run.runDir, "journal"))).length < count) await new Promise(setImmediate);
}

export async function saveFigures(name: string, figures: object): Promise<void> {
  const path = process.env.TEST_SDK_FIGURES;
  if (path === undefined) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify({ name, ...figures })}\n`, { flag: "a" });
}
