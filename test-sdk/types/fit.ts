// The compiler says whether our own types fit those of the SDK that is installed. Compiled by `npm run test:sdk`, never run.
import type { commitEffectResult } from "@a5c-ai/babysitter-sdk/dist/runtime/commitEffectResult.js";
import type { orchestrateIteration } from "@a5c-ai/babysitter-sdk/dist/runtime/orchestrateIteration.js";
import type { EffectAction as TheirAction } from "@a5c-ai/babysitter-sdk/dist/runtime/types.js";
import type { appendEvent, loadJournal } from "@a5c-ai/babysitter-sdk/dist/storage/journal.js";
import type { withRunLock } from "@a5c-ai/babysitter-sdk/dist/storage/lock.js";
import type { buildParallelBatch } from "@a5c-ai/babysitter-sdk/dist/tasks/batching.js";
import { type EffectAction, markParallelBatch, type Sdk } from "../../dist/babysitter.js";

declare const theirs: {
  commitEffectResult: typeof commitEffectResult;
  orchestrateIteration: typeof orchestrateIteration;
  appendEvent: typeof appendEvent;
  loadJournal: typeof loadJournal;
  withRunLock: typeof withRunLock;
};
declare const build: typeof buildParallelBatch;
declare const action: TheirAction;

export const sdk: Sdk = theirs;
export const ours: EffectAction = action;
export const batch: ReturnType<typeof buildParallelBatch> = markParallelBatch(build([action]));
