// The end of what a command writes, in bounded memory, while all of it streams by. In bytes, so that the bound holds
// for any text; cut and handed on at whole characters.

import { StringDecoder } from "node:string_decoder";

export class OutputTail {
  readonly #limit: number;
  readonly #decoder = new StringDecoder("utf8");
  #chunks: Buffer[] = [];
  #bytes = 0;
  #dropped = false;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** The text that is complete with this chunk. */
  write(chunk: Buffer): string {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // Only now and then: to cut at every chunk would copy the whole tail for every line.
    if (this.#bytes > 2 * this.#limit + 65_536) this.#cut();
    return this.#decoder.write(chunk);
  }

  /** The text of a character that never became complete, if any. */
  end(): string {
    return this.#decoder.end();
  }

  /** At most the limit in bytes, less when that would begin within a character. */
  text(): string {
    this.#cut();
    const [tail = Buffer.alloc(0)] = this.#chunks;
    return tail.subarray(this.#dropped ? firstCharacter(tail) : 0).toString();
  }

  #cut(): void {
    const whole = Buffer.concat(this.#chunks);
    if (whole.length > this.#limit) this.#dropped = true;
    const tail = whole.subarray(Math.max(0, whole.length - this.#limit));
    // A copy, because a part keeps the whole in memory.
    this.#chunks = [Buffer.from(tail)];
    this.#bytes = tail.length;
  }
}

/** UTF-8 has at most three bytes that continue a character. */
function firstCharacter(bytes: Buffer): number {
  let index = 0;
  while (index < 3 && ((bytes[index] ?? 0) & 0b1100_0000) === 0b1000_0000) index++;
  return index;
}
