// The form of effect IDs and run IDs, and the ref names made from them. PROTOCOLS P7 fixes the form: an ID must be a safe
// ref component and a safe file name on every filesystem.

import { createHash } from "node:crypto";
import { CoppiceError } from "../errors.js";

const form = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const deviceName = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i;

/** Whether `id` may name an effect. */
export function isEffectId(id: string): boolean {
  return form.test(id) && !id.includes("..") && !id.endsWith(".") && !/\.lock$/i.test(id) && !deviceName.test(id);
}

/** Throws ERR_EFFECT_ID unless `id` may name an effect. */
export function requireEffectId(id: unknown): asserts id is string {
  if (typeof id === "string" && isEffectId(id)) return;
  throw new CoppiceError(
    "ERR_EFFECT_ID",
    `effect ID ${JSON.stringify(id) ?? String(id)} is not valid: use 1 to 64 of A-Z a-z 0-9 . _ - beginning with a letter or digit, ` +
      "without '..', a final dot, '.lock' or a Windows device name; effectId(text) makes a valid one from any string",
  );
}

/** Throws ERR_OPTION unless `id` may name a run: the same form as an effect ID. */
export function requireRunId(id: string): void {
  if (isEffectId(id)) return;
  throw new CoppiceError(
    "ERR_OPTION",
    `runId ${JSON.stringify(id)} is not valid: it has the same form as an effect ID`,
  );
}

/** A valid effect ID for any text: the same text gives the same ID, different texts different ones. */
export function effectId(text: string): string {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const readable = text
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(-40)
    .replace(/^-+/, "");
  // The digest is always part of it: two texts that look alike once cleaned must not become one effect.
  return readable === "" ? `e-${digest}` : `${readable}-${digest}`;
}

/** Two IDs that a case-insensitive filesystem would take for one are the same effect. */
export function foldId(id: string): string {
  return id.toLowerCase();
}

export const refsPrefix = "refs/coppice/";

/** Every ref of a run. */
export function runRefs(runId: string) {
  const run = `${refsPrefix}${runId}`;
  return {
    anchorsPrefix: `${run}/anchors/`,
    anchor: (instanceId: string) => `${run}/anchors/${instanceId}`,
    /** What an instance has merged and asks about before the target moves. */
    candidatesPrefix: `${run}/candidates/`,
    candidate: (instanceId: string) => `${run}/candidates/${instanceId}`,
    ledger: `${run}/ledger`,
    tip: `${run}/tip`,
    effectsPrefix: `${run}/effects/`,
    effect: (effectId: string) => `${run}/effects/${effectId}`,
    attemptsPrefix: `${run}/attempts/`,
    /** Where earlier kept work of an effect moves when the effect runs again. */
    attempt: (effectId: string, attempt: number) => `${run}/attempts/${effectId}/${attempt}`,
  };
}
