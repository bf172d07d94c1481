// What a driver with a dispatch of its own is told, and what is committed for it.
import { expect, test } from "vitest";
import { type EffectAction, wrapCommit } from "../../src/babysitter.js";
import { shell } from "./memory-sdk.js";
import { setUp } from "./set-up.js";

test("only what has ended is committed", async () => {
  const { runDir, sdk } = await setUp();
  const committed: string[] = [];
  const commit = wrapCommit(
    async ({ action }: { action: EffectAction; result: { status: string } }) => void committed.push(action.effectId),
    { runDir, sdk },
  );
  for (const status of ["pending", "emitted", "ok", "error"])
    await commit({ action: shell(status, "-"), result: { status } });
  expect(committed).toEqual(["ok", "error"]);
  await expect(commit({ action: shell("e", "-"), result: {} as never })).rejects.toMatchObject({
    code: "ERR_ACTION",
    message: expect.stringContaining("result.status"),
  });
});
