// Output that comes as lines of JSON, as harnesses give it when they are asked to: a line that is one object is a value, all else stays
// the text it is. Nothing is waited for longer than it can still become such a line, and what is held is bounded.

import type { Json } from "../task.js";

export interface JsonLinesReader {
  /** One line, parsed: an object. */
  onValue(value: Json): void;
  /** What is no such line, in order with the values. */
  onText(text: string): void;
}

export class JsonLines {
  readonly #reader: JsonLinesReader;
  readonly #limitBytes: number;
  /** The beginning of a line that may become an object. */
  #held = "";
  /** The rest of this line is text. */
  #goesBy = false;

  /** @param limitBytes of a line as UTF-8; a longer one is text */
  constructor(limitBytes: number, reader: JsonLinesReader) {
    this.#limitBytes = limitBytes;
    this.#reader = reader;
  }

  /** @param text as it came from the decoder: of any length, also none (the bytes so far were a part of one character) */
  write(text: string): void {
    if (text === "") return;
    let plain = "";
    for (const piece of text.split(/(?<=\n)/)) {
      const ends = piece.endsWith("\n");
      if (!this.#goesBy && (this.#held !== "" || piece.startsWith("{"))) {
        this.#held += piece;
        if (!ends && this.#held.length <= this.#limitBytes) continue;
        const value = ends ? this.#objectIn(this.#held) : null;
        if (value === null) plain += this.#held;
        else {
          this.#say(plain);
          plain = "";
          this.#reader.onValue(value);
        }
        this.#held = "";
      } else plain += piece;
      this.#goesBy = !ends;
    }
    this.#say(plain);
  }

  /** The last line may have no line break. */
  end(): void {
    const line = this.#held;
    this.#held = "";
    const value = this.#objectIn(line);
    if (value === null) this.#say(line);
    else this.#reader.onValue(value);
  }

  #say(text: string): void {
    if (text !== "") this.#reader.onText(text);
  }

  #objectIn(line: string): Json | null {
    if (line === "" || Buffer.byteLength(line) > this.#limitBytes) return null;
    try {
      // It begins with a brace: what is JSON is an object.
      return JSON.parse(line) as Json;
    } catch {
      return null;
    }
  }
}
