// Colour, where the stream shows it: a terminal, unless NO_COLOR, TERM=dumb or NODE_DISABLE_COLORS says otherwise.

import type { WriteStream } from "node:tty";
import { styleText } from "node:util";
import type { OutcomeKind } from "../effect/effect.js";

export type Format = Parameters<typeof styleText>[0];
/** Text in a format, or the text alone where there is no colour. */
export type Paint = (format: Format, text: string) => string;

export const plain: Paint = (_format, text) => text;
const colored: Paint = (format, text) => styleText(format, text);

export function paintFor(stream: NodeJS.WritableStream): Paint {
  const terminal = stream as Partial<WriteStream>;
  // hasColors reads the environment as Node itself does; a pipe has no such method.
  return terminal.isTTY === true && terminal.hasColors?.() === true ? colored : plain;
}

/** Each outcome's mark and colour, in the order in which they are counted out. */
export const outcomeStyles: Readonly<Record<OutcomeKind, { mark: string; format: Format }>> = {
  landed: { mark: "✓", format: "green" },
  unchanged: { mark: "=", format: "cyan" },
  conflicted: { mark: "≠", format: "yellow" },
  blocked: { mark: "■", format: "yellow" },
  failed: { mark: "✗", format: "red" },
  aborted: { mark: "○", format: "magenta" },
};
