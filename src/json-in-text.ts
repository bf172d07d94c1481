// The JSON in what a coding agent has said. Asked for JSON and nothing else, it may still put a fence or a sentence around it.

import { CoppiceError } from "./errors.js";
import type { Json } from "./task.js";

/**
 * The object or array that the text is; else what the first of its fences with JSON holds; else what stands between its first "{" and its
 * last "}". Throws ERR_TASK_VALUE, with the text as `stdout` in its details.
 * @param from whose text it is, for the message
 */
export function jsonInText(text: string, from: string): Json {
  for (const candidate of candidates(text.trim())) {
    try {
      return JSON.parse(candidate) as Json;
    } catch {
      // The next one.
    }
  }
  const lastLine = text.trimEnd().split("\n").at(-1)?.slice(0, 200) ?? "";
  throw new CoppiceError("ERR_TASK_VALUE", `${from} was to answer with JSON, and its output holds none: ${lastLine}`, {
    details: { stdout: text },
  });
}

function* candidates(text: string): Generator<string> {
  if (/^[{[]/.test(text)) yield text;
  for (const [, fenced = ""] of text.matchAll(/```(?:json)?\s*([\s\S]*?)```/gi)) yield fenced;
  const [first, last] = [text.indexOf("{"), text.lastIndexOf("}")];
  if (first >= 0) yield text.slice(first, last + 1);
}
