// What a task does that it should not, and what must come of it.

export interface Misbehaviour {
  readonly name: string;
  readonly script: string;
  /** How its effect may settle. */
  readonly settles: readonly string[];
  /** What must be said about it: in its outcome, in an event, or in the message of its commit. */
  readonly says?: RegExp;
  /** Files that must be on the branch afterwards. */
  readonly carries?: Readonly<Record<string, string>>;
  /** It needs root. */
  readonly root?: boolean;
  /** It mounts. What `undo` says, for the shell, with the worktrees' folder as $WORKTREES, is done before the next process comes. */
  readonly mounts?: { readonly undo: string };
}

export const landed = ["landed"];
export const work = "echo work > work.txt";
export const carriesWork = { "work.txt": "work\n" };
