// When the lander rests, by a clock that the test moves.
import { expect, test } from "vitest";
import { type Clock, LandingPace } from "../../src/merge/landing-pace.js";

class HandClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass, and everything run that waited for it. */
  async pass(ms: number): Promise<void> {
    this.#now += ms;
    for (const timer of this.#timers) {
      if (timer.at > this.#now) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
    await settled();
  }

  get timers(): number {
    return this.#timers.size;
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A pace after one landing of `ms`, and what is known of the effects under way. */
async function paced(ms: number) {
  const clock = new HandClock();
  const pace = new LandingPace(clock);
  const state = { more: true, rested: false };
  await pace.time(() => clock.pass(ms));
  const rest = () => {
    state.rested = false;
    return pace.rest(() => state.more).then(() => (state.rested = true));
  };
  return { clock, pace, state, rest };
}

test("the first batch does not wait", async () => {
  await new LandingPace(new HandClock()).rest(() => true);
});

test("after a landing the lander rests four times as long", async () => {
  const { clock, state, rest } = await paced(50);
  const resting = rest();
  await clock.pass(199);
  expect(state.rested).toBe(false);
  await clock.pass(1);
  expect(state.rested).toBe(true);
  await resting;
  await rest();
});

test("the time since the landing counts as rest", async () => {
  const { clock, rest } = await paced(50);
  await clock.pass(200);
  await rest();
});

test("nothing else under way: no rest", async () => {
  const { clock, state, rest } = await paced(50);
  state.more = false;
  await rest();
  expect(clock.timers).toBe(0);
});

test("the last effect that was expected ends the rest, others do not", async () => {
  const { clock, pace, state, rest } = await paced(50);
  const resting = rest();
  pace.changed();
  await settled();
  expect(state.rested).toBe(false);
  state.more = false;
  pace.changed();
  await resting;
  expect(clock.timers).toBe(0);
});

test("a slow landing does not make the next one wait for ever", async () => {
  const { clock, state, rest } = await paced(60_000);
  const resting = rest();
  await clock.pass(2_000);
  expect(state.rested).toBe(true);
  await resting;
});

test("a landing that fails is timed as well", async () => {
  const clock = new HandClock();
  const pace = new LandingPace(clock);
  await expect(pace.time(() => clock.pass(10).then(() => Promise.reject(new Error("lost"))))).rejects.toThrow("lost");
  let rested = false;
  const resting = pace.rest(() => true).then(() => (rested = true));
  await clock.pass(39);
  expect(rested).toBe(false);
  await clock.pass(1);
  await resting;
});
