// What ends a resolver at a moment when nobody listens yet.
import { expect, test } from "vitest";
import { askResolver } from "../../src/merge/resolver.js";
import { resolveOptions } from "../../src/options.js";
import type { Run } from "../../src/run.js";

/** No side is read of a conflict without sides, so nothing else of the run is asked for. */
const run = { id: "run-1", options: resolveOptions({}) } as Run;
const conflict = { path: "a.txt", kind: "content" as const, base: null, ours: null, theirs: null, content: null };

test("an abort that comes while the sides are read ends it: a resolver that never answers is not even asked", async () => {
  const abort = new AbortController();
  let asked = 0;
  const never = () => {
    asked++;
    return new Promise<null>(() => {});
  };
  const answer = askResolver(run, never, { effectId: "e1", signal: abort.signal, conflict });
  abort.abort();
  expect(await answer).toEqual({ gaveUp: "the resolver gave no answer: it was aborted" });
  expect(asked).toBe(0);
});
