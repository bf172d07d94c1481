// Progress on standard error: one line that is written over in a terminal, one line a scenario elsewhere.
import type { WriteStream } from "node:tty";
import type { ScenarioResult } from "./tally.js";

export class Progress {
  readonly #stream: WriteStream;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  begin(name: string): (done: number, all: number, problems: number) => void {
    this.#over(`faults: ${name} ...`);
    return (done, all, problems) =>
      this.#over(`faults: ${name} ${done} of ${all}${problems > 0 ? `, ${problems} problems` : ""}`);
  }

  end({ name, cases, kills, problems, skipped, seconds }: ScenarioResult): void {
    const found = problems.length === 0 ? "nothing found" : `${problems.length} problems`;
    const told =
      skipped === null ? `${cases} cases, ${kills} kills, ${found}, ${seconds.toFixed(0)} s` : `skipped: ${skipped}`;
    this.#stream.write(`${this.#stream.isTTY ? "\r\x1b[K" : ""}faults: ${name}: ${told}\n`);
  }

  #over(text: string): void {
    if (this.#stream.isTTY) this.#stream.write(`\r\x1b[K${text}`);
  }
}
