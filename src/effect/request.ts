// Checks a request before anything is done for it: a misspelled option or a wrong task is named at once.

import { z } from "zod";
import { check } from "../options.js";
import { conflictPolicy } from "./conflict-policy.js";
import type { EffectRequest } from "./effect.js";
import { requireEffectId } from "./effect-id.js";
import { labelsShape } from "./labels.js";
import { taskShape } from "./task-shape.js";

const milliseconds = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1);

const request = z.strictObject({
  id: z.string(),
  task: taskShape,
  message: z.string().min(1).optional(),
  timeoutMs: milliseconds.optional(),
  signal: z.instanceof(AbortSignal).optional(),
  onConflict: conflictPolicy.optional(),
  labels: labelsShape.optional(),
});

/** Throws ERR_EFFECT_ID, or ERR_OPTION that names what is wrong. */
export function requireRequest(raw: unknown): asserts raw is EffectRequest {
  const id = (raw as { id?: unknown } | null)?.id;
  requireEffectId(id);
  check(request, raw, `effect ${id}: `);
}
