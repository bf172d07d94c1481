// The setup command: what makes a fresh worktree ready for tasks where links and copies are not enough (`npm ci`, a build). It runs
// before a worktree's first effect, and again when the files that it depends on are others at a later base, or when something that
// it made is gone.
//
// What it makes must be ignored: that stays in the worktree from effect to effect, as tasks leave it, and is never part of a
// snapshot. What it changes besides would be in every effect's result as if the task had done it, so that is an error.
// Rejected: taking such changes back. A command that writes a lock file does so again and again, and nobody would hear of it.

import { createHash } from "node:crypto";
import { lstat, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { glob } from "tinyglobby";
import { CoppiceError } from "../errors.js";
import type { Options } from "../options.js";
import { type Run, signatures } from "../run.js";
import { requireFoundInside, requireInside } from "./provision.js";
import { noLimits } from "./snapshot.js";
import type { PooledWorktree } from "./worktree-supply.js";

export type SetupCommand = NonNullable<Options["provision"]["setup"]>;

/** One run of the command. */
export interface SetupRequest {
  readonly command: SetupCommand;
  readonly effectId: string;
  /** The worktree's folder. */
  readonly path: string;
  /** Of the worktree's claim, for the command to inherit. */
  readonly descriptor: number;
  readonly signal: AbortSignal;
  onOutput(stream: "stdout" | "stderr", text: string): void;
}

/** Resolves when the command, and all that it started, has ended well. Rejects with a CoppiceError. */
export type RunSetup = (request: SetupRequest) => Promise<void>;

/** What a worktree has been set up with. */
export interface SetUp {
  /** Of the command and of the files that it depends on. */
  readonly digest: string;
  /** What it made, as `Provisioned`. */
  readonly paths: readonly string[];
}

const maxEntries = 100_000;
const maxLines = 20;

export class Setup {
  readonly #run: Run;
  readonly #command: SetupCommand | null;
  readonly #runSetup: RunSetup;
  /** By base: the files of a base are the same in every worktree. */
  readonly #digests = new Map<string, string>();

  private constructor(run: Run, command: SetupCommand | null, runSetup: RunSetup) {
    this.#run = run;
    this.#command = command;
    this.#runSetup = runSetup;
  }

  /** Throws ERR_PROVISION when a glob of `inputs` leads outside. */
  static open(run: Run, runSetup: RunSetup): Setup {
    const { setup = null } = run.options.provision;
    for (const pattern of setup?.inputs ?? []) requireInside(pattern);
    return new Setup(run, setup, runSetup);
  }

  /**
   * Sets the worktree up, whose files are those of its base, unless it is already; gives the milliseconds that it took, null when there
   * was nothing to do. Throws ERR_PROVISION with the end of the output, ERR_ABORTED; the worktree is of no use then.
   */
  async ensure(worktree: PooledWorktree, effectId: string, signal: AbortSignal): Promise<number | null> {
    const command = this.#command;
    if (command === null) return null;
    const digest = await this.#digest(command, worktree);
    if (worktree.setUp?.digest === digest && (await allThere(worktree.path, worktree.setUp.paths))) return null;
    const start = performance.now();
    const earlier = worktree.setUp?.paths ?? [];
    const before = await this.#ignored(worktree.path);
    worktree.setUp = null;
    await this.#execute(command, worktree, effectId, signal);
    const after = await this.#ignored(worktree.path);
    const given = new Set(worktree.provisioned.paths.filter((path) => !earlier.includes(path)));
    const made = after.filter((path) => !given.has(path) && (!before.includes(path) || earlier.includes(path)));
    worktree.provisioned = { paths: [...given, ...made] };
    await this.#requireUntouched(command, worktree);
    worktree.setUp = { digest, paths: made };
    return performance.now() - start;
  }

  async #digest(command: SetupCommand, { path, baseOid }: PooledWorktree): Promise<string> {
    const known = this.#digests.get(baseOid);
    if (known !== undefined) return known;
    const hash = createHash("sha256").update(JSON.stringify([command.command, command.args, command.env]));
    for (const name of await inputFiles(path, command.inputs)) {
      hash.update(JSON.stringify(name)).update(await digestOf(join(path, name)));
    }
    const digest = hash.digest("hex");
    this.#digests.set(baseOid, digest);
    return digest;
  }

  async #ignored(path: string): Promise<string[]> {
    const { paths } = await this.#run.git.listIgnored({ path, maxEntries });
    return paths.map((each) => each.replace(/\/+$/, ""));
  }

  async #execute(
    command: SetupCommand,
    { name, path, descriptor }: PooledWorktree,
    effectId: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { emit } = this.#run;
    let ok = false;
    emit("setup:started", { effectId, worktree: name, path });
    try {
      const onOutput = (stream: "stdout" | "stderr", text: string) =>
        emit("setup:output", { effectId, worktree: name, stream, text });
      await this.#runSetup({ command, effectId, path, descriptor, signal, onOutput });
      ok = true;
    } catch (error) {
      throw setupError(command, error);
    } finally {
      emit("setup:ended", { effectId, worktree: name, ok });
    }
  }

  async #requireUntouched(command: SetupCommand, { name, path, baseOid, provisioned }: PooledWorktree): Promise<void> {
    const { changes, unheld, taskCommits } = await this.#run.git.snapshot({
      name,
      path,
      baseOid,
      exclude: provisioned.paths,
      limits: noLimits,
      ...signatures(this.#run),
      message: "",
      // A child process has written.
      verify: true,
    });
    const [first] = [...changes, ...unheld];
    if (first === undefined && taskCommits.length === 0) return;
    const what = first === undefined ? "has made a commit" : `has changed ${first.path}`;
    throw new CoppiceError(
      "ERR_PROVISION",
      `the setup command ${line(command)} ${what}: every effect would seem to have done it. What it makes must be ignored ('.gitignore'), ` +
        "and what it changes committed before",
      first === undefined ? {} : { details: { path: first.path } },
    );
  }
}

/** Sorted, so that the order of a directory does not count. */
async function inputFiles(path: string, patterns: readonly string[]): Promise<string[]> {
  if (patterns.length === 0) return [];
  const found = await glob([...patterns], {
    cwd: path,
    dot: true,
    expandDirectories: false,
    followSymbolicLinks: false,
    ignore: ["**/.git", "**/.git/**"],
  });
  for (const name of found) requireFoundInside(name);
  return found.sort();
}

/** Of a link its text counts: where it leads may be anything. */
async function digestOf(file: string): Promise<Buffer> {
  const content = (await lstat(file)).isSymbolicLink() ? `link ${await readlink(file)}` : await readFile(file);
  return createHash("sha256").update(content).digest();
}

async function allThere(path: string, made: readonly string[]): Promise<boolean> {
  const there = await Promise.all(
    made.map((each) =>
      lstat(join(path, each)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return !there.includes(false);
}

/** An abort is the caller's; whatever else goes wrong is about the setup, and says how its output ended. */
function setupError(command: SetupCommand, error: unknown): CoppiceError {
  const cause = CoppiceError.from(error, "ERR_NATIVE");
  if (cause.code === "ERR_ABORTED" || cause.code === "ERR_CLOSED") return cause;
  const why =
    cause.code === "ERR_TIMEOUT"
      ? `took longer than ${command.timeoutMs} ms (provision.setup.timeoutMs)`
      : `failed: ${cause.message}`;
  const { stdout = "", stderr = "" } = cause.details;
  const output = (stderr.trim() === "" ? stdout : stderr).trimEnd().split("\n").slice(-maxLines).join("\n");
  const message = `the setup command ${line(command)} ${why}${output === "" ? "" : `; its output ends with:\n${output}`}`;
  return new CoppiceError("ERR_PROVISION", message, { cause, details: cause.details });
}

function line({ command, args }: SetupCommand): string {
  return `"${[command, ...args].join(" ").slice(0, 200)}"`;
}
