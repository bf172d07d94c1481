// A driver that is written with the SDK's own types, or with ours: its functions fit, and so does what is made of them. Compiled by
// `npm run test:sdk`, never run.
import type { invokeHarness } from "@a5c-ai/babysitter-sdk/dist/harness/invoker.js";
import type {
  CommitEffectResultOptions,
  EffectAction as TheirAction,
} from "@a5c-ai/babysitter-sdk/dist/runtime/types.js";
import {
  type DispatchOptions,
  type DriveOptions,
  type EffectAction,
  type Executors,
  invokeHarnessExecutor,
  type ResolveResult,
  wrapCommit,
  wrapResolve,
} from "../../dist/babysitter.js";
import { commandTask, type WorktreeManager } from "../../dist/index.js";

declare const manager: WorktreeManager;
declare const harness: typeof invokeHarness;
declare const theirActions: TheirAction[];
const options = { runDir: "run", manager };

type TheirResult = CommitEffectResultOptions["result"];
/** As the sources of 6.0.0 have it, with a field of the driver's own. */
interface Resolved {
  status: "ok" | "error" | "pending";
  value?: unknown;
  error?: unknown;
  stdout?: string;
  stderr?: string;
  cost?: number;
}
interface Done {
  action: TheirAction;
  result: Resolved;
  startedAt: string;
}
/** As the SDK's runner takes a driver's functions. */
declare function dispatch(functions: {
  resolveAction(action: TheirAction): Promise<Resolved>;
  commitAction(done: Done): Promise<void>;
}): void;

declare function resolveTheirs(action: TheirAction): Promise<TheirResult>;
declare function resolveOurs(action: EffectAction): Promise<ResolveResult>;
declare function resolveAction(action: TheirAction): Promise<Resolved>;
declare function commitTheirs(done: { action: TheirAction; result: TheirResult }): Promise<void>;
declare function commitAction(done: Done): Promise<void>;

dispatch({ resolveAction: wrapResolve(resolveAction, options), commitAction: wrapCommit(commitAction, options) });

export async function once(action: TheirAction): Promise<number | undefined> {
  const result = await wrapResolve(resolveTheirs, options)(action);
  await wrapCommit(commitTheirs, options)({ action, result });
  const status: "ok" | "error" | "pending" = (await wrapResolve(resolveOurs, options)(action)).status;
  const inline = await wrapResolve(async () => ({ status: "ok", value: status, cost: 1 }), options)(action);
  return inline.cost;
}

// @ts-expect-error: a status that no driver has
wrapResolve(async () => ({ status: "done" }), options);
// @ts-expect-error: a commit without a result
wrapCommit(async (_: { action: TheirAction }) => {}, options);

export const executors: Executors = {
  agent: invokeHarnessExecutor(harness),
  node: (action: TheirAction) => commandTask("node", action.taskDef.node?.args),
};
export const dispatched: DispatchOptions = {
  ...options,
  nextActions: theirActions,
  isolate: (action: TheirAction) => action.kind === "node",
  request: (action: TheirAction) => ({ labels: { task: action.taskDef.title ?? "" } }),
};
export const driven: DriveOptions = {
  runDir: "run",
  onAction: (action: TheirAction): TheirResult => ({ status: "ok", value: action.taskDef.breakpoint?.payload }),
};
