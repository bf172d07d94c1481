// Conflict policies: what is to become of paths on which ours (the target) and theirs (the effect) cannot both be had. Types, and
// the check of what a caller gives. What each policy does is told in docs/conflicts.md.

import { z } from "zod";
import type { Conflict } from "./effect.js";

/** One side of a conflict, as a resolver gets it. */
export interface ConflictVersion {
  readonly path: string;
  /** 0o100644, 0o100755, 0o120000 (a symbolic link, whose content is its target) or 0o160000 (a submodule, without content). */
  readonly mode: number;
  readonly bytes: Uint8Array;
  /** The bytes as UTF-8; null when they are not, or hold a NUL. */
  readonly text: string | null;
}

/** What a resolver is asked. A side is null where the path is not there. */
export interface ConflictQuestion {
  readonly effectId: string;
  readonly runId: string;
  /** Its oids may name what is not on disk yet: the bytes are below. */
  readonly conflict: Conflict;
  readonly base: ConflictVersion | null;
  /** What is on the target. */
  readonly ours: ConflictVersion | null;
  /** The effect's. */
  readonly theirs: ConflictVersion | null;
  /** Fires when `limits.resolverTimeoutMs` have passed: what is answered later is dropped. */
  readonly signal: AbortSignal;
}

/** A side, both sides' lines, a whole file (as git stores it, before line ends are converted), its removal, or null: giving up. */
export type ConflictAnswer =
  | "ours"
  | "theirs"
  | "union"
  | { readonly content: string | Uint8Array; readonly mode?: number }
  | { readonly removed: true }
  | null;

/** The same question must get the same answer: it may be asked again when the target has moved, and other effects land by it. */
export type ConflictResolver = (question: ConflictQuestion) => ConflictAnswer | Promise<ConflictAnswer>;

/** "rerun": the task runs again, on what is there then (the target, or the working tree); twice at most, or as often as is said. */
export type PathPolicy = "keep" | "ours" | "theirs" | "union" | "rerun" | { readonly rerun: number } | ConflictResolver;

/** For the paths that one of the patterns matches; they are read as in a .gitignore. */
export interface ConflictRule {
  readonly paths: readonly string[];
  readonly policy: PathPolicy;
}

/** One policy for every path, or rules: the first that matches counts, and where none does the conflict is kept. */
export type ConflictPolicy = PathPolicy | readonly ConflictRule[];

export const defaultReruns = 2;
const maxReruns = 100;

const pathPolicy = z.union(
  [
    z.enum(["keep", "ours", "theirs", "union", "rerun"]),
    z.strictObject({ rerun: z.number().int().min(1).max(maxReruns) }),
    z.custom<ConflictResolver>((value) => typeof value === "function"),
  ],
  'expected "keep", "ours", "theirs", "union", "rerun", { rerun: 1 to 100 } or a function',
);

/** The shape of option `onConflict`. */
export const conflictPolicy: z.ZodType<ConflictPolicy, ConflictPolicy> = z.union([
  pathPolicy,
  z.array(z.strictObject({ paths: z.array(z.string().min(1)).min(1), policy: pathPolicy })),
]);

/** How often a policy may run the task again. */
export function rerunsOf(policy: PathPolicy): number {
  if (policy === "rerun") return defaultReruns;
  return typeof policy === "object" ? policy.rerun : 0;
}
