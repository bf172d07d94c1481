// Labels: what a caller wants to find again beside an effect (the run that asked for it, a ticket, an owner). They go with the effect
// into its events, its outcome and the ledger, and decide nothing: they are no part of what makes two requests the same.

import { z } from "zod";

/** Names to small texts. */
export type Labels = Readonly<Record<string, string>>;

export const noLabels: Labels = Object.freeze({});

const maxLabels = 32;
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;
/** A path of the system fits. */
const maxValueLength = 4096;

/** The shape of a request's `labels`. Not z.record, which passes over a name `__proto__`. */
export const labelsShape = z
  .custom<Labels>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "expected names with texts",
  )
  .superRefine((labels, context) => {
    const all = Object.entries(labels);
    if (all.length > maxLabels)
      context.addIssue({ code: "custom", message: `${all.length} labels, and an effect has at most ${maxLabels}` });
    for (const [name, value] of all) {
      const message = problemOf(name, value);
      if (message !== null) context.addIssue({ code: "custom", path: [name.slice(0, 64)], message });
    }
  });

function problemOf(name: string, value: unknown): string | null {
  if (!nameForm.test(name))
    return "a label's name has 1 to 63 of A-Z a-z 0-9 . _ / - and begins with a letter or a digit";
  if (typeof value !== "string") return "a label's value is a text";
  if (value.length > maxValueLength) return `a label's value has at most ${maxValueLength} characters`;
  // It is shown to people, where a control character would do something else than be shown.
  return /\p{Cc}/u.test(value) ? "a label's value has no control characters" : null;
}
