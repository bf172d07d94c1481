// What is used of the orchestrator's SDK (npm @a5c-ai/babysitter-sdk, an optional peer): types of our own that fit 0.0.187 and the
// sources of 6.0.0, and the lazy way to the few modules that are needed. The package's root is never loaded: it takes 400 ms.

import { createRequire } from "node:module";
import { join } from "node:path";
import { CoppiceError } from "../index.js";

export interface SchedulerHints {
  readonly pendingCount?: number;
  readonly parallelGroupId?: string;
  readonly sleepUntilEpochMs?: number;
  readonly maxConcurrency?: number;
  readonly executionStrategy?: string;
  readonly background?: boolean;
  readonly timeoutMs?: number;
  readonly preferredHarness?: string;
}

export interface TaskDefinition {
  readonly kind: string;
  readonly title?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly execution?: { readonly harness?: string; readonly model?: string };
  readonly [part: string]: unknown;
}

/** One pending effect, as an iteration gives it. */
export interface EffectAction {
  readonly effectId: string;
  readonly invocationKey: string;
  readonly kind: string;
  readonly label?: string;
  readonly labels?: string[];
  readonly taskDef: TaskDefinition;
  readonly taskId?: string;
  readonly stepId?: string;
  readonly schedulerHints?: SchedulerHints;
}

/** What `commitEffectResult` takes. It refuses an undefined `value` of status "ok": without one null is posted. */
export interface EffectResult {
  readonly status: "ok" | "error";
  readonly value?: unknown;
  readonly error?: unknown;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly metadata?: Record<string, unknown>;
}

export type IterationResult =
  | { readonly status: "waiting"; readonly nextActions: readonly EffectAction[] }
  | { readonly status: "completed"; readonly output: unknown }
  | { readonly status: "failed" | "process-error"; readonly error: unknown }
  | { readonly status: "halted"; readonly reason: string };

export interface JournalEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The functions of the SDK that are called; hand in your own to choose the copy of the SDK that is used. */
export interface Sdk {
  commitEffectResult(options: {
    runDir: string;
    effectId: string;
    invocationKey?: string;
    result: EffectResult;
  }): Promise<unknown>;
  appendEvent(options: { runDir: string; eventType: string; event: Record<string, unknown> }): Promise<unknown>;
  loadJournal(runDir: string): Promise<readonly JournalEvent[]>;
  withRunLock<T>(runDir: string, owner: string, act: () => Promise<T>): Promise<T>;
  orchestrateIteration(options: { runDir: string; now?: Date | (() => Date) }): Promise<IterationResult>;
}

const packageName = "@a5c-ai/babysitter-sdk";

/** Loads each module when one of its functions is first called. Throws ERR_SDK_MISSING. */
export function loadSdk(): Sdk {
  const load = <Module>(path: string) => requireModule(path) as Module;
  type Of<Name extends keyof Sdk> = Pick<Sdk, Name>;
  return {
    commitEffectResult: (options) =>
      load<Of<"commitEffectResult">>("runtime/commitEffectResult").commitEffectResult(options),
    orchestrateIteration: (options) =>
      load<Of<"orchestrateIteration">>("runtime/orchestrateIteration").orchestrateIteration(options),
    appendEvent: (options) => load<Of<"appendEvent">>("storage/journal").appendEvent(options),
    loadJournal: (runDir) => load<Of<"loadJournal">>("storage/journal").loadJournal(runDir),
    withRunLock: (runDir, owner, act) => load<Of<"withRunLock">>("storage/lock").withRunLock(runDir, owner, act),
  };
}

/** From where Coppice is installed, else from the program's working directory: a linked checkout has no peers beside it. */
function requireModule(path: string): unknown {
  const name = `${packageName}/dist/${path}`;
  const causes: unknown[] = [];
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      return createRequire(from)(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
      causes.push(error);
    }
  }
  throw new CoppiceError("ERR_SDK_MISSING", `${packageName} could not be loaded: npm install ${packageName}`, {
    cause: causes[0],
    details: { path: name },
  });
}

/** The same functions, with the time that they take counted. */
export function timed(sdk: Sdk): { sdk: Sdk; readonly spentMs: number } {
  let spentMs = 0;
  const time = async <T>(act: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    try {
      return await act();
    } finally {
      spentMs += performance.now() - start;
    }
  };
  return {
    sdk: {
      commitEffectResult: (options) => time(() => sdk.commitEffectResult(options)),
      orchestrateIteration: (options) => time(() => sdk.orchestrateIteration(options)),
      appendEvent: (options) => time(() => sdk.appendEvent(options)),
      loadJournal: (runDir) => time(() => sdk.loadJournal(runDir)),
      // What is done under the lock is counted by itself.
      withRunLock: (runDir, owner, act) => sdk.withRunLock(runDir, owner, act),
    },
    get spentMs() {
      return spentMs;
    },
  };
}
