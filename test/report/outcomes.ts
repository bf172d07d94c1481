// Outcomes as the street gives them, for tests that only show them.
import { CoppiceError, type Kept, type Outcome, type OutcomeKind } from "../../src/index.js";

const oid = "3f2a9c0d11aa3f2a9c0d11aa3f2a9c0d11aa3f2a";
const change = (path: string) => ({ path, oldMode: 0o100644, oldOid: oid, newMode: 0o100644, newOid: oid });
const conflict = { path: "src/a.ts", kind: "content", base: null, ours: null, theirs: null, content: null };

export function keptWork(effectId: string): Kept {
  const name = `run/${effectId}`;
  const ref = `refs/coppice/run/effects/${effectId}`;
  const commands = { look: `git diff 3f2a ${ref}`, land: `coppice land ${name}`, drop: `coppice drop ${name}` };
  return { ref, snapshotOid: oid, worktreePath: null, commands };
}

/** An outcome of a kind; what did not land is kept. */
export function outcomeOf(kind: OutcomeKind, effectId: string, more: Record<string, unknown> = {}): Outcome {
  const own = {
    landed: { value: null, commitOid: oid, displaced: [] },
    unchanged: { value: null },
    conflicted: { value: null, conflicts: [conflict] },
    blocked: { value: null, blocked: [{ path: "README.md", reason: "modified" }] },
    failed: { error: new CoppiceError("ERR_TASK_FAILED", "the task threw: no") },
    aborted: { error: new CoppiceError("ERR_ABORTED", "interrupted by SIGINT") },
  }[kind];
  const well = kind === "landed" || kind === "unchanged";
  return {
    kind,
    effectId,
    runId: "run",
    labels: {},
    attempt: 1,
    baseOid: oid,
    snapshotOid: oid,
    changes: kind === "unchanged" ? [] : [change("src/a.ts"), change("src/b.ts")],
    unheld: [],
    kept: well ? null : keptWork(effectId),
    timings: {
      waitMs: 0.2,
      acquireMs: 12,
      setupMs: null,
      runMs: 1234,
      snapshotMs: 8,
      mergeMs: null,
      verifyMs: null,
      landMs: 61_000,
      releaseMs: 1,
    },
    resolutions: [],
    reruns: [],
    replayed: false,
    ...own,
    ...more,
  } as Outcome;
}
