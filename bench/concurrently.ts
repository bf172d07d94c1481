// How a script shares work among workers, and how it lets only one of them merge.

/** Runs `work` on every item, at most `workers` at once; each call learns which worker it is. */
export async function concurrently<T>(
  items: readonly T[],
  workers: number,
  work: (item: T, worker: number) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const run = async (_: unknown, worker: number) => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value, worker);
  };
  await Promise.all(Array.from({ length: Math.min(workers, items.length) }, run));
}

/** One at a time, in the order in which they asked. */
export class Turn {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    return mine;
  }
}
