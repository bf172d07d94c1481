// The last lines of a terminal, redrawn in place. Each picture is one write with wrapping turned off: lines are cut to the
// width before, and where characters are wider than one column the terminal cuts the rest. Nothing flickers or scrolls.

import type { WriteStream } from "node:tty";

const up = (lines: number) => (lines === 0 ? "" : `\x1b[${lines}A`);
const eraseLine = "\x1b[2K";
const eraseBelow = "\x1b[J";
const noWrap = "\x1b[?7l";
const wrap = "\x1b[?7h";
const hideCursor = "\x1b[?25l";
const showCursor = "\x1b[?25h";
// Terminals that know it show the picture as a whole; the others ignore it.
const beginPicture = "\x1b[?2026h";
const endPicture = "\x1b[?2026l";

export class LiveArea {
  readonly #stream: WriteStream;
  #drawn = 0;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  /** How many lines a picture may have. */
  get height(): number {
    return Math.max(1, (this.#stream.rows ?? 24) - 1);
  }

  get width(): number {
    return this.#stream.columns ?? 80;
  }

  /** Replaces the picture. `above` are lines that stay, over it. */
  draw(lines: readonly string[], above: readonly string[] = []): void {
    const stay = above.map((line) => `${eraseLine}${line}\n`).join("");
    const picture = lines.map((line) => `${eraseLine}${line}\n`).join("");
    // Lines that stay may wrap, for they must be readable afterwards.
    this.#stream.write(
      `${beginPicture}${hideCursor}${up(this.#drawn)}${stay}${noWrap}${picture}${wrap}${eraseBelow}${endPicture}`,
    );
    this.#drawn = lines.length;
  }

  /** Takes the picture away and leaves the terminal as it was. */
  close(): void {
    this.#stream.write(`${up(this.#drawn)}${eraseBelow}${showCursor}`);
    this.#drawn = 0;
  }
}
