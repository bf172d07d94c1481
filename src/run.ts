// A run: one manager's life over one repository. This is the one context that every room is given.

import { ulid } from "ulid";
import type { Kept } from "./effect/effect.js";
import { runRefs } from "./effect/effect-id.js";
import type { Emit } from "./events.js";
import type { Git } from "./git/git.js";
import type { Person, RepositoryDescription } from "./git/native.js";
import type { Options } from "./options.js";

export interface Run {
  readonly id: string;
  /** This process's part in the run: several processes may share a run ID. */
  readonly instanceId: string;
  readonly git: Git;
  readonly repository: RepositoryDescription;
  readonly options: Options;
  readonly refs: ReturnType<typeof runRefs>;
  readonly emit: Emit;
}

export async function openRun(git: Git, options: Options, emit: Emit): Promise<Run> {
  const repository = await git.describe({});
  return { id: options.runId, instanceId: ulid(), git, repository, options, refs: runRefs(options.runId), emit };
}

/** Held until the session closes or the process dies: what belongs to an instance that is gone may be recovered or cleaned. */
export function instanceClaim({ id, instanceId }: Pick<Run, "id" | "instanceId">): string {
  return `run/${id}/${instanceId}`;
}

/** How the owner's text of a claim ends that recovery holds, for a moment only. */
export const recoveringMark = ", recovering";

/** Author and committer of a commit that is made now. */
export function signatures(run: Run): { author: Person; committer: Person } {
  const { commit } = run.options;
  // A fixed date is written in UTC: the machine's time zone must not decide a commit's name.
  const date = commit.date ?? new Date();
  const when = {
    timeSeconds: Math.floor(date.getTime() / 1000),
    offsetMinutes: commit.date === undefined ? -date.getTimezoneOffset() : 0,
  };
  const user = { name: run.repository.userName ?? "Coppice", email: run.repository.userEmail ?? "coppice@localhost" };
  return {
    author: { ...(commit.author ?? user), ...when },
    committer: { ...(commit.committer ?? commit.author ?? user), ...when },
  };
}

/**
 * Where a kept result lies and what to type. `snapshotOid` null: there is no ref, `worktreePath` alone has the work.
 */
export function keptAt(
  run: Run,
  effectId: string,
  snapshot: { snapshotOid: string | null; baseOid: string | null },
  worktreePath: string | null,
): Kept {
  const { snapshotOid, baseOid } = snapshot;
  const name = `${run.id}/${effectId}`;
  const drop = `coppice drop ${name}`;
  if (snapshotOid === null) {
    return {
      ref: null,
      snapshotOid,
      worktreePath,
      commands: { look: `git -C ${worktreePath} status`, land: null, drop },
    };
  }
  const ref = run.refs.effect(effectId);
  const look = `git diff ${baseOid?.slice(0, 12)} ${ref}`;
  return { ref, snapshotOid, worktreePath, commands: { look, land: `coppice land ${name}`, drop } };
}
