// One measurement in a process of its own: takes a job from the parent, answers with the sample, and does what is left
// (removing) only when the parent says that everybody else has been measured.
import { peers } from "./peers.js";
import type { Job, Reply } from "./trial.js";

type Message = { job: Job } | { finish: true };

let finish: (() => Promise<Record<string, number>>) | undefined;

process.on("message", (message: Message) => {
  const done = "job" in message ? take(message.job) : end();
  done.catch((error: unknown) => send({ error: inOneLine(error) }));
});

async function take(job: Job): Promise<void> {
  const peer = await peers[job.peer].load();
  const operation = peer[job.operation];
  if (operation === undefined) throw new Error(`${job.peer} has no ${job.operation}`);
  const taken = await operation(job);
  finish = taken.finish;
  send({ sample: taken.sample });
}

async function end(): Promise<void> {
  const extra = (await finish?.()) ?? {};
  send({ sample: { cold: null, warm: [], extra } });
  process.disconnect();
}

function send(reply: Reply): void {
  process.send?.(reply);
}

/** The first cause says most: es-git hides it three levels down. */
function inOneLine(error: unknown): string {
  let deepest = error;
  for (let depth = 0; depth < 8 && deepest instanceof Error && deepest.cause instanceof Error; depth++)
    deepest = deepest.cause;
  const text =
    deepest instanceof Error ? (process.env.DEBUG ? (deepest.stack ?? "") : deepest.message) : String(deepest);
  return process.env.DEBUG ? text : text.replace(/\s+/g, " ").trim().slice(0, 400);
}

process.on("disconnect", () => process.exit(0));
