// The one error class, and the table of its codes. docs/errors.md is kept equal to this table by a test in both directions.
// Conflicted, blocked, unchanged and a lost race are data in an outcome, never errors.

/** Every code with what causes it and what to do. The codes are stable: callers switch on them. */
export const errorTable = {
  ERR_ABORTED: {
    cause: "The caller's AbortSignal fired, or `abort` was called.",
    remedy: "Nothing to repair: work that existed is kept and named in the outcome. Ask again when you want it.",
  },
  ERR_ACTION: {
    cause: "An action of an orchestrator is malformed, or a code task of a kind that nothing runs.",
    remedy: "Correct the task's definition, or give an executor for its kind (docs/orchestrator.md).",
  },
  ERR_ADDON_LOAD: {
    cause: "The native addon could not be loaded on this machine.",
    remedy: "Use a supported platform, or run `npm run build:native` in a checkout. The message lists what was tried.",
  },
  ERR_BASE_NOT_FOUND: {
    cause: "The base does not name a commit of this repository.",
    remedy: "Give HEAD, a branch, a tag, a full ref name, or an oid of 40 digits. Revision expressions are not read.",
  },
  ERR_CLOSED: {
    cause: "The manager, the session or the lease is already closed.",
    remedy: "Open a new manager, or finish your calls before `close()`.",
  },
  ERR_COMMAND_FAILED: {
    cause: "A command task ended with an exit code other than 0, or by a signal.",
    remedy: "Read the output in the error's details; the files that it changed are kept and named in the outcome.",
  },
  ERR_COMMAND_MISSING: {
    cause: "The executable of a command task was not found.",
    remedy: "Install it, give its full path, or link the folder it lives in: `provision: { link: ['node_modules'] }`.",
  },
  ERR_CORRUPT: {
    cause: "The repository holds bytes that git itself would refuse.",
    remedy: "Run `git fsck --full` in the repository, and restore what it names from another clone.",
  },
  ERR_EFFECTS: {
    cause: "At least one effect of `parallel.all` or `parallel.map` neither landed nor was unchanged.",
    remedy: "Read `error.outcomes`: each says where its work is kept and the command to land or drop it.",
  },
  ERR_EFFECT_CLAIMED: {
    cause: "The same effect of the same run is being worked on by another process.",
    remedy: "Wait for that process, or pass another run ID.",
  },
  ERR_EFFECT_DUPLICATE: {
    cause: "The same effect ID was requested twice at once (IDs are compared without regard to case).",
    remedy: "Give each effect its own ID; `effectId(text)` makes one from any string.",
  },
  ERR_EFFECT_ID: {
    cause: "An effect ID does not have the allowed form.",
    remedy: "Use 1 to 64 letters, digits, dots, dashes and underscores, or `effectId(text)`.",
  },
  ERR_EFFECT_REUSED: {
    cause: "The run already has a recorded outcome for this effect ID, made from another task or input.",
    remedy: "Use another effect ID, or another run ID.",
  },
  ERR_EXISTS: {
    cause: "Something is already there under the name that was to be made.",
    remedy: "Choose another name, or remove what the message names once you know that it is not needed.",
  },
  ERR_FILTER_UNSUPPORTED: {
    cause: "A file needs an external filter or a working-tree encoding that cannot be applied in-process.",
    remedy: "Check the file out in the main working tree first (clean files are copied), or remove the attribute.",
  },
  ERR_HARNESS_MISSING: {
    cause: "A harness is not known by that name, or its executable was not found.",
    remedy: "Install it, or say where it is: `harnesses: { name: { command: '/full/path' } }` (docs/harnesses.md).",
  },
  ERR_INVALID: {
    cause: "A value that was passed on to the repository is malformed.",
    remedy: "Correct the value that the message names.",
  },
  ERR_KEPT_NOT_FOUND: {
    cause: "There is no kept work for that effect.",
    remedy: "`coppice list` shows every effect whose work is kept.",
  },
  ERR_LAND_CONTENDED: {
    cause: "The target moved again and again while landing, more often than the bound allows.",
    remedy: "The work is kept: land it when the repository is quieter, with the command in the outcome.",
  },
  ERR_LIMIT: {
    cause: "A limit on files, bytes, depth or entries was passed.",
    remedy: "Raise the limit that the message names, or split the effect.",
  },
  ERR_LOCKED: {
    cause: "Another process holds a lock of the repository for longer than `lockTimeoutMs`.",
    remedy: "Wait for it. If its owner is dead, remove the lock file that the message names.",
  },
  ERR_MOUNTED: {
    cause: "Something is mounted in a worktree that was to be reset or removed.",
    remedy:
      "Run `umount` on the path that the message names, then `coppice clean`. What lies behind it was not touched.",
  },
  ERR_NATIVE: {
    cause: "The operating system or libgit2 refused an operation.",
    remedy: "The message names the operation and the path; free what it names and try again.",
  },
  ERR_NOT_A_REPOSITORY: {
    cause: "There is no git repository at that path or above it.",
    remedy: "Pass a path inside a repository, or run `git init` and commit something.",
  },
  ERR_NOT_FOUND: {
    cause: "An object, ref, file or worktree that was named is not in the repository.",
    remedy: "Correct the name in the message; `git fsck --full` says whether the repository has lost it.",
  },
  ERR_NO_SPACE: {
    cause: "The disk, its inodes or a quota are used up.",
    remedy: "Free some room and try again; nothing that was acknowledged is lost.",
  },
  ERR_OPTION: {
    cause: "An option has an unknown name or a value of the wrong shape.",
    remedy: "Correct the option that the message names.",
  },
  ERR_PROVISION: {
    cause:
      "A file or folder could not be linked or copied into a worktree, or its setup command failed or changed what is not ignored.",
    remedy: "Correct the glob, the path or the command that the message names.",
  },
  ERR_REPOSITORY_BUSY: {
    cause: "The target's worktree is in the middle of a merge, rebase, cherry-pick, revert or bisect.",
    remedy: "Finish it or give it up (`git status` says how), then try again.",
  },
  ERR_SDK_MISSING: {
    cause: "The orchestrator's SDK, an optional peer, is not installed.",
    remedy: "Run `npm install @a5c-ai/babysitter-sdk`, or hand its functions in with the option `sdk`.",
  },
  ERR_TARGET_GONE: {
    cause: "The target branch was deleted, or HEAD left it, while effects were under way.",
    remedy: "The work is kept: recreate the branch and land it with the command in the outcome.",
  },
  ERR_TARGET_NOT_FOUND: {
    cause: "The target does not name a branch of this repository.",
    remedy: "Give HEAD or the name of a branch.",
  },
  ERR_TASK_FAILED: {
    cause: "The task threw.",
    remedy: "See `error.cause`; the files that it changed are kept and named in the outcome.",
  },
  ERR_TASK_LOST: {
    cause: "The thread or process that ran the task died.",
    remedy:
      "Its files are kept and named in the outcome. Look for `process.exit`, a crash or a memory limit in the task.",
  },
  ERR_TASK_MODULE: {
    cause: "A task module could not be loaded, or does not export the task.",
    remedy: "Export it as default with `defineTask`, or name the export: `moduleTask(url, input, { export: 'name' })`.",
  },
  ERR_TASK_VALUE: {
    cause:
      "An input or a returned value is not JSON, or is larger than the limit; or a harness did not answer with the JSON that it was asked for.",
    remedy:
      "Return plain data, and put large results into files of the worktree. Say in a harness's prompt that it is to answer with JSON only.",
  },
  ERR_TIMEOUT: {
    cause:
      "A limit of time was passed; for a task it counts from its start, for an operation that hangs from its cancelling.",
    remedy: "Raise the limit that the message names, or find out what does not answer. A task's files are kept.",
  },
  ERR_UNBORN_HEAD: {
    cause: "The repository has no commit yet.",
    remedy: "Make a first commit: effects need something to start from.",
  },
  ERR_UNSAFE_PATH: {
    cause: "A path leads outside the worktree, through a link, or into git's own directory.",
    remedy: "Rename the entry that the message names.",
  },
  ERR_UNSUPPORTED_REPOSITORY: {
    cause: "The repository uses a format that is not supported: the message says which.",
    remedy: "Convert it with git (the message says how), or use another clone.",
  },
  ERR_VERIFY: {
    cause: "The task of option `verify` failed on the tree that the effect would have made of the target.",
    remedy: "Read the output in the error's details; they name the effects it was asked about. The work is kept.",
  },
  ERR_WORKTREES_PATH: {
    cause: "The folder for worktrees is inside the repository, or cannot be written.",
    remedy: "Pass `worktreesPath`: a folder outside the repository on a disk with room.",
  },
} as const satisfies Record<string, { cause: string; remedy: string }>;

export type ErrorCode = keyof typeof errorTable;

/** What an error was about; every field that does not apply is absent. JSON, so that outcomes survive a restart. */
export interface ErrorDetails {
  /** The operation that failed, e.g. `land.moveTarget`. */
  operation?: string;
  /** The file, ref, folder or module it was about. */
  path?: string;
  /** errno or libgit2's code. */
  number?: number;
  exitCode?: number | null;
  signal?: string | null;
  /** The bounded end of what a command wrote. */
  stdout?: string;
  stderr?: string;
  /** Of ERR_VERIFY: the effects in the tree that did not pass, in their order; the last one is at fault. */
  effectIds?: readonly string[];
  /** The task could not be ended and may still write: its worktree must be retired, never reset or used again. */
  abandoned?: true;
}

/** An error as the ledger holds it. */
export interface ErrorRecord {
  code: ErrorCode;
  message: string;
  details: ErrorDetails;
  /** The task's own error, flattened. */
  cause: { name: string; message: string; stack: string | null } | null;
}

export class CoppiceError extends Error {
  override readonly name: string = "CoppiceError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  toJSON(): ErrorRecord {
    return { code: this.code, message: this.message, details: this.details, cause: flattenCause(this.cause) };
  }

  static fromJSON(record: ErrorRecord): CoppiceError {
    const { code, message, details, cause } = record;
    return new CoppiceError(code, message, { details, ...(cause === null ? {} : { cause: revive(cause) }) });
  }

  /** The same error if it is one already; anything else becomes the given code with it as the cause. */
  static from(error: unknown, code: ErrorCode, prefix = ""): CoppiceError {
    if (error instanceof CoppiceError) return error;
    return new CoppiceError(code, `${prefix}${messageOf(error)}`, { cause: error });
  }
}

export function isCoppiceError(error: unknown, code?: ErrorCode): error is CoppiceError {
  return error instanceof CoppiceError && (code === undefined || error.code === code);
}

/** An abort may reach us as whatever the caller aborted with. */
export function asFailure(error: unknown, signal: AbortSignal): CoppiceError {
  if (isCoppiceError(error)) return error;
  if (!signal.aborted || error !== signal.reason) return CoppiceError.from(error, "ERR_NATIVE");
  return new CoppiceError("ERR_ABORTED", `aborted: ${messageOf(error)}`, { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function flattenCause(cause: unknown): ErrorRecord["cause"] {
  if (cause === undefined) return null;
  if (!(cause instanceof Error)) return { name: "Error", message: String(cause), stack: null };
  return { name: cause.name, message: cause.message, stack: cause.stack ?? null };
}

function revive(cause: NonNullable<ErrorRecord["cause"]>): Error {
  const error = new Error(cause.message);
  error.name = cause.name;
  if (cause.stack !== null) error.stack = cause.stack;
  return error;
}
