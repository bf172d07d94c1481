// The options of a manager: their shape, their defaults, and the check that names a misspelled one.

import { ulid } from "ulid";
import { z } from "zod";
import { conflictPolicy } from "./effect/conflict-policy.js";
import { requireRunId } from "./effect/effect-id.js";
import { taskShape } from "./effect/task-shape.js";
import { CoppiceError } from "./errors.js";
import type { Task } from "./task.js";

const count = (max: number) => z.number().int().min(1).max(max);
const bytes = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const milliseconds = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const person = z.strictObject({ name: z.string().min(1), email: z.string().min(1) });
const globs = z.array(z.string().min(1));

/** Git holds its locks for moments; a person who has an editor open in the middle of a commit holds one for longer. */
export const defaultLockTimeoutMs = 30_000;

const limits = z.strictObject({
  /** Worktrees at once; the admission limit. */
  worktrees: count(1000).default(8),
  /** Worker threads for module tasks; 0 of them are started before the first. */
  threads: count(256).default(4),
  /** Child processes at once: commands, and module tasks with `runIn: "process"`. */
  processes: count(1000).default(8),
  /** Harnesses at once: beside `processes`, because a harness waits for its model and not for a core. */
  harnesses: count(1000).default(4),
  /** Native threads of the session; 0: as many as the machine has cores. */
  nativeThreads: z.number().int().min(0).max(256).default(0),
  /** Milliseconds that an effect may wait for a worktree; 0: for ever. */
  acquireTimeoutMs: milliseconds.default(0),
  /** Milliseconds that a task may run, from its start; 0: for ever. */
  taskTimeoutMs: milliseconds.default(0),
  /** Milliseconds between the soft signal and the termination of a task. */
  graceMs: milliseconds.default(2_000),
  /** Milliseconds to wait for a lock of the repository. */
  lockTimeoutMs: milliseconds.default(defaultLockTimeoutMs),
  /** Milliseconds after which an operation of the native side is told of as slow, and again at each doubling; 0: never. */
  slowOperationMs: milliseconds.default(10_000),
  /** Milliseconds that one operation may take to stop after `abort`, and after `close` has cancelled it, before it is given up. */
  stopTimeoutMs: milliseconds.min(1).default(60_000),
  /** Milliseconds that a conflict resolver may take for one conflict; 0: for ever, and nothing lands meanwhile. */
  resolverTimeoutMs: milliseconds.default(60_000),
  /** Bytes of each of a command's output streams that its value carries. */
  outputBytes: z
    .number()
    .int()
    .min(0)
    .max(1 << 28)
    .default(1 << 20),
  /** Bytes of a value as JSON. */
  valueBytes: z
    .number()
    .int()
    .min(2)
    .max(1 << 28)
    .default(1 << 20),
  /** Changed files of one effect; 0: no limit. */
  snapshotFiles: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0),
  /** Bytes of the changed files of one effect; 0: no limit. */
  snapshotBytes: bytes.default(0),
  /** Directories above a new file of an effect; 0: no limit. */
  snapshotDepth: z.number().int().min(0).max(4096).default(0),
  /** Bytes of the path of a new file of an effect; 0: no limit but git's 4,096. */
  snapshotPathBytes: z.number().int().min(0).max(4096).default(0),
  /**
   * Bytes that stay free on the disk when a worktree is made, but never more than a twentieth of it; 0: none, and no look at
   * what is free.
   */
  diskReserveBytes: bytes.default(256 << 20),
});

// Without defaults: where it changes an entry of the table, what is not said stays as it is there.
const harness = z.strictObject({
  /** The executable: looked up in the worktree's `node_modules/.bin` and on PATH, or a full path. */
  command: z.string().min(1),
  /** What makes it work without a person: before all other arguments. */
  args: z.array(z.string()).optional(),
  /** How the prompt reaches it: "stdin" when absent; "file": by the path of a file outside the worktree that holds it. */
  prompt: z.enum(["argument", "stdin", "file"]).optional(),
  /** Before the prompt, or before the path of its file: a flag, or "--" when the prompt is the last argument. */
  promptFlag: z.string().min(1).nullable().optional(),
  /** Takes the worktree's path; null: the working directory says it. */
  workspaceFlag: z.string().min(1).nullable().optional(),
  /** Takes the model; null: it cannot be chosen, and asking for one is refused. */
  modelFlag: z.string().min(1).nullable().optional(),
  /** The variable that names its configuration folder; null: it has none, and asking for one is refused. */
  configVariable: z.string().min(1).nullable().optional(),
  /**
   * "text" when absent. "json-lines": each line of its standard output that is one JSON object, and no longer than `limits.valueBytes`, is the
   * value of a `task:progress` event; all else stays `task:output`. That it prints such lines is asked for with `args`.
   */
  output: z.enum(["text", "json-lines"]).optional(),
  env: z.record(z.string(), z.string().optional()).optional(),
  /** How to get it, for the error that says that it is missing. */
  install: z.string().min(1).nullable().optional(),
});
export type HarnessDefinition = z.output<typeof harness>;
export type Harness = { [K in keyof HarnessDefinition]-?: Exclude<HarnessDefinition[K], undefined> };

/** A harness of your own, for the manager's option `harnesses`, with every default filled in. Throws ERR_OPTION. */
export function defineHarness(definition: HarnessDefinition): Harness {
  const given = check(harness, definition, "harness.");
  return {
    command: given.command,
    args: given.args ?? [],
    prompt: given.prompt ?? "stdin",
    promptFlag: given.promptFlag ?? null,
    workspaceFlag: given.workspaceFlag ?? null,
    modelFlag: given.modelFlag ?? null,
    configVariable: given.configVariable ?? null,
    output: given.output ?? "text",
    env: given.env ?? {},
    install: given.install ?? null,
  };
}

const options = z.strictObject({
  /** Where effects land: "HEAD" (the branch checked out at the path), or a branch. */
  target: z.string().min(1).default("HEAD"),
  /** A fresh ULID when absent. Recorded outcomes are replayed only under a run ID that was passed. */
  runId: z.string().optional(),
  limits: limits.prefault({}),
  /** Harnesses by name: new ones, or changes to those of the table (`{ "claude-code": { command: "/opt/claude" } }`). */
  harnesses: z.record(z.string().min(1), harness.partial()).default({}),
  /** The folder of the pool; `<repository>.worktrees` beside the repository when absent. */
  worktreesPath: z.string().min(1).optional(),
  history: z.enum(["linear", "merge"]).default("linear"),
  land: z.enum(["commit", "working-tree"]).default("commit"),
  /**
   * A task that is run on the merged tree before the target moves. Where it fails, the effects that are at fault do not land
   * (ERR_VERIFY); what it writes never does.
   */
  verify: z
    .strictObject({
      task: z.custom<Task>((value) => taskShape.safeParse(value).success, "expected a task"),
      /** From its start; `limits.taskTimeoutMs` when absent, and half an hour when that says nothing either. 0: no limit. */
      timeoutMs: milliseconds.optional(),
    })
    .optional(),
  /** What becomes of conflicts when an effect does not say so itself. */
  onConflict: conflictPolicy.default("keep"),
  /** What happens to ignored files when a worktree goes back to the pool. */
  ignored: z.enum(["keep", "clean"]).default("clean"),
  /**
   * How it is known what a task changed. "auto": worktrees are tracked where the system can (Linux), so that the cost follows
   * the change; "off": every snapshot and reset scans the whole worktree.
   */
  tracking: z.enum(["auto", "off"]).default("auto"),
  /** One in so many tracked snapshots is compared with a scan of the whole worktree; 0: none. */
  trackingAudit: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(256),
  /** True: a new file whose name is not possible on Windows is no part of its effect; it is named, and its worktree stays. */
  portablePaths: z.boolean().default(false),
  /** Ignored files that every worktree gets: globs relative to the main working tree. */
  provision: z
    .strictObject({
      /** Linked: shared with the main working tree, so a task must not write there. */
      link: globs.default([]),
      /** Copied. */
      copy: globs.default([]),
      /** Copy what the repository's `.worktreeinclude` names. */
      worktreeinclude: z.boolean().default(true),
      /** Bytes of the copies that one worktree gets, at most; 0: no limit. */
      maxBytes: bytes.default(0),
      /** A command that makes a worktree ready: before its first effect, and again when what it depends on is another. */
      setup: z
        .strictObject({
          command: z.string().min(1),
          args: z.array(z.string()).default([]),
          /** Added to the environment that commands get. */
          env: z.record(z.string(), z.string()).default({}),
          /** Milliseconds that it may run; 0: for ever. */
          timeoutMs: milliseconds.default(600_000),
          /** Globs of the files whose content decides whether it must run again, relative to the worktree. */
          inputs: globs.default([]),
        })
        .optional(),
    })
    .prefault({}),
  /** Who and when. Absent: the repository's user, now. A fixed date makes the commits reproducible. */
  commit: z
    .strictObject({ author: person.optional(), committer: person.optional(), date: z.date().optional() })
    .prefault({}),
});

export type ManagerOptions = z.input<typeof options>;
export type Options = z.output<typeof options> & { runId: string; runIdPassed: boolean };
export type Limits = Options["limits"];

/** The options of one call of `parallel.all`, `map` and their settled forms. */
const callOptions = z.strictObject({
  /** "request": land in the order of the requests; "settled": as they settle. */
  order: z.enum(["request", "settled"]).default("request"),
  /**
   * "batch": one tip for the whole call; "latest": the tip at admission; "working-tree": what you have not committed, too, as it is when
   * the call begins; or an oid, branch or tag.
   */
  base: z.string().min(1).default("batch"),
  /** Effects of this call at once; 0: as many as the limits of the manager allow. */
  concurrency: z.number().int().min(0).max(100_000).default(0),
  signal: z.instanceof(AbortSignal).optional(),
});
export type CallOptions = z.input<typeof callOptions>;
export type ResolvedCallOptions = z.output<typeof callOptions>;

/** The options of `run`, `stream` and `acquire`. */
const runOptions = z.strictObject({
  /** "latest": the target's tip at admission; "working-tree": what you have not committed, too; or an oid, branch or tag. */
  base: z.string().min(1).default("latest"),
  signal: z.instanceof(AbortSignal).optional(),
});
export type RunOptions = z.input<typeof runOptions>;
export type ResolvedRunOptions = { base: string; signal: AbortSignal | undefined };

/** The options of `cleanRepository`. */
const cleanOptions = z.strictObject({
  /** Also what runs have left whose last record is older than so many milliseconds; absent: runs stay. */
  olderThanMs: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  /** Says what would go, and writes nothing. */
  dryRun: z.boolean().default(false),
});
export type CleanOptions = z.input<typeof cleanOptions>;

/** Throws ERR_OPTION that names the option. */
export function resolveOptions(raw: unknown): Options {
  const parsed = check(options, raw ?? {}, "");
  const runId = parsed.runId ?? ulid();
  requireRunId(runId);
  return { ...parsed, runId, runIdPassed: parsed.runId !== undefined };
}

/** Throws ERR_OPTION that names the option. */
export function resolveCallOptions(raw: unknown): ResolvedCallOptions {
  return check(callOptions, raw ?? {}, "");
}

/** Throws ERR_OPTION that names the option. */
export function resolveRunOptions(raw: unknown): ResolvedRunOptions {
  const { base, signal } = check(runOptions, raw ?? {}, "");
  return { base, signal };
}

/** Throws ERR_OPTION that names the option. */
export function resolveCleanOptions(raw: unknown): z.output<typeof cleanOptions> {
  return check(cleanOptions, raw ?? {}, "");
}

/** Checks untrusted input against a shape; every problem is named by its path. */
export function check<T extends z.ZodType>(shape: T, raw: unknown, prefix: string): z.output<T> {
  const result = shape.safeParse(raw);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const path = `${prefix}${issue.path.map(String).join(".")}`;
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => `unknown option "${path === "" ? "" : `${path}.`}${key}"`).join(", ");
    }
    return `option "${path}": ${issue.message}`;
  });
  throw new CoppiceError("ERR_OPTION", problems.join("; "));
}
