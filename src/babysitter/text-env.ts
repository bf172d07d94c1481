// The variables that an action gives, as text. Definitions come from processes that nobody has checked, and `PORT: 3000` means the text: a
// system knows no other.

/** Numbers and booleans as text; what is null or undefined goes. Anything else stays, and is refused by its name. */
export function textVariables(given: unknown): Record<string, string> {
  const variables = Object.entries(typeof given === "object" && given !== null ? given : {});
  const texts = variables.flatMap(([name, value]: [string, unknown]) => {
    if (value === null || value === undefined) return [];
    return [[name, typeof value === "number" || typeof value === "boolean" ? String(value) : value]];
  });
  return Object.fromEntries(texts);
}
