// What stays pending is never posted: the real SDK writes any status into its journal, and refuses the whole run for it from then on.
import { expect, onTestFinished, test } from "vitest";
import { driveRun, type EffectAction, type ResolveResult, wrapCommit, wrapResolve } from "../src/babysitter.js";
import { Gate, openManager } from "../test/support/manager.js";
import { createRun, journal, type Run } from "./run.js";
import { sdk } from "./sdk.js";

const edits = [0, 1].map((index) => ({ label: `${index}`, edit: { path: `out/${index}.txt`, text: `${index}\n` } }));

async function pendingActions({ runDir }: Run): Promise<readonly EffectAction[]> {
  const iteration = await sdk.orchestrateIteration({ runDir });
  return iteration.status === "waiting" ? iteration.nextActions : [];
}

const resolved = async (run: Run) =>
  (await journal(run)).filter(({ type }) => type === "EFFECT_RESOLVED").map(({ data }) => data.status);

test("an effect that another process works on is not committed, and the run goes on when that one is done", async () => {
  const run = await createRun({ edits });
  const { runDir, repository } = run;
  const runId = "01JRUN0000000000000000TEST";
  const [manager, other] = [await openManager(repository, { runId }), await openManager(repository, { runId })];
  const resolve = wrapResolve(async () => ({ status: "ok", value: "mine" }), { runDir, manager });
  const commit = wrapCommit(
    async ({ action, result }: { action: EffectAction; result: ResolveResult }) => {
      const { effectId, invocationKey } = action;
      await sdk.commitEffectResult({ runDir, effectId, invocationKey, result: result as never });
    },
    { runDir, sdk },
  );
  const [begun, held] = [new Gate(), new Gate<string>()];
  onTestFinished(() => held.open(""));
  const [first, second] = (await pendingActions(run)) as [EffectAction, EffectAction];
  const elsewhere = other.run({
    id: first.effectId,
    task: () => {
      begun.open();
      return held.opened;
    },
  });
  await begun.opened;
  for (const action of [first, second]) await commit({ action, result: await resolve(action) });
  expect(await resolved(run)).toEqual(["ok"]);
  held.open("theirs");
  await elsewhere;
  expect((await pendingActions(run)).map(({ effectId }) => effectId)).toEqual([first.effectId]);
  await commit({ action: first, result: await resolve(first) });
  expect(await resolved(run)).toEqual(["ok", "ok"]);
});

test("an answer that is no end is refused, and the run stays readable", async () => {
  const run = await createRun({ edits, others: true });
  const { runDir, repository } = run;
  const drive = (onAction: () => never) => driveRun({ runDir, repository: repository.path, sdk, onAction });
  const pending = () => ({ status: "pending" }) as never;
  await expect(drive(pending)).rejects.toMatchObject({
    code: "ERR_OPTION",
    message: expect.stringContaining("pending"),
  });
  expect((await drive(() => undefined as never)).waiting.map(({ kind }) => kind)).toEqual(["breakpoint"]);
});
