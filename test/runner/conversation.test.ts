import { expect, test } from "vitest";
import { Conversation } from "../../src/runner/conversation.js";
import { Deadline } from "../../src/runner/deadline.js";
import { failureOf, record } from "./request.js";

const never = new AbortController().signal;

async function open() {
  const abort = new AbortController();
  const recorded = await record(() => null, { signal: abort.signal });
  const deadline = new Deadline(recorded.request, never);
  return { abort, recorded, deadline, conversation: new Conversation(recorded.request, deadline) };
}

test("an abort that comes after the task has settled changes nothing", async () => {
  const { abort, deadline, conversation } = await open();
  conversation.receive({ kind: "started", threadId: 1 });
  conversation.receive({ kind: "value", value: "3", quiet: true });
  abort.abort();
  expect(deadline.error).toBeNull();
  expect(conversation.result(new Error("unused"))).toBe(3);
});

test("without a last message the task is lost, with what is known of the end", async () => {
  const { conversation } = await open();
  const lost = () => failureOf(Promise.resolve().then(() => conversation.result(new Error("exit code 3"))));
  expect(await lost()).toMatchObject({ code: "ERR_TASK_LOST" });
  expect((await lost()).message).toBe('what ran effect "effect" ended before its task began: exit code 3');
  conversation.receive({ kind: "started", threadId: 1 });
  expect((await lost()).message).toContain("before its task settled: exit code 3");
});
