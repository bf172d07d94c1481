// Checks a request before anything is done for it: a misspelled option or a wrong task is named at once.

import { z } from "zod";
import { check } from "../options.js";
import { conflictPolicy } from "./conflict-policy.js";
import type { EffectRequest } from "./effect.js";
import { requireEffectId } from "./effect-id.js";

const json = z.json().optional();
const milliseconds = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const task = z.union(
  [
    z.function(),
    z.strictObject({
      kind: z.literal("module"),
      module: z.string().startsWith("file:"),
      export: z.string().min(1),
      input: json,
      runIn: z.enum(["thread", "process"]),
    }),
    z.strictObject({
      kind: z.literal("command"),
      command: z.string().min(1),
      args: z.array(z.string()),
      env: z.record(z.string(), z.string().optional()),
      stdin: z.string().nullable(),
    }),
    z.strictObject({
      kind: z.literal("harness"),
      harness: z.string().min(1),
      prompt: z.string().min(1),
      model: z.string().min(1).nullable(),
      args: z.array(z.string()),
      env: z.record(z.string(), z.string().optional()),
      configDirectory: z.string().min(1).nullable(),
      timeoutMs: milliseconds.nullable(),
    }),
  ],
  "expected moduleTask(...), commandTask(...), harnessTask(...) or a function",
);

const request = z.strictObject({
  id: z.string(),
  task,
  message: z.string().min(1).optional(),
  timeoutMs: milliseconds.optional(),
  signal: z.instanceof(AbortSignal).optional(),
  onConflict: conflictPolicy.optional(),
});

/** Throws ERR_EFFECT_ID, or ERR_OPTION that names what is wrong. */
export function requireRequest(raw: unknown): asserts raw is EffectRequest {
  const id = (raw as { id?: unknown } | null)?.id;
  requireEffectId(id);
  check(request, raw, `effect ${id}: `);
}
