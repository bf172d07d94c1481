// A claim that cannot be given up says nothing about what its effect has come to.
import { writeFile } from "node:fs/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { Git } from "../../src/git/git.js";
import { CoppiceError } from "../../src/index.js";
import { openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

test("an effect that has landed has landed, also when its claim cannot be given up", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository, { runId: "run-1" });
  const codes: string[] = [];
  manager.on("warning", ({ code }) => codes.push(code));
  const spy = vi.spyOn(Git.prototype, "releaseClaim");
  onTestFinished(() => spy.mockRestore());
  const outcome = await manager.run({
    id: "one",
    task: async ({ resolve }) => {
      await writeFile(resolve("new.txt"), "new\n");
      spy.mockRejectedValueOnce(new CoppiceError("ERR_CLOSED", "the session is closed"));
    },
  });
  expect(outcome.kind).toBe("landed");
  expect(codes).toEqual(["CLAIM_NOT_RELEASED"]);
});
