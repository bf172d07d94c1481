// Progress from events alone: no manager, no terminal. The stream keeps what is written to it.
import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { OutcomeKind } from "../../src/effect/effect.js";
import { EventHub } from "../../src/events.js";
import { frame } from "../../src/report/frame.js";
import { ProgressState } from "../../src/report/progress-state.js";
import { plain, showProgress } from "../../src/report.js";
import { outcomeOf } from "./outcomes.js";

class Paper extends Writable {
  written = "";
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString();
    done();
  }
}

/** A terminal as far as progress asks for one. */
class Terminal extends Paper {
  readonly isTTY = true;
  readonly columns = 60;
  readonly rows = 10;
  hasColors(): boolean {
    return false;
  }
}

const options = { start: 0, now: 0, height: 20, width: 80, total: 4, paint: plain };

function lease(effectId: string, worktree: string) {
  return { effectId, worktree, path: `/w/${worktree}`, baseOid: "b", created: true };
}

function walk(hub: EventHub, effectId: string, kind: OutcomeKind): void {
  hub.emit("effect:requested", { effectId });
  hub.emit("effect:acquired", lease(effectId, "w01"));
  hub.emit("task:started", { effectId, path: "/w/w01" });
  hub.emit("task:ended", { effectId, ok: true });
  hub.emit("effect:snapshotted", { effectId, snapshotOid: null, paths: 0 });
  hub.emit("effect:settled", { effectId, outcome: outcomeOf(kind, effectId) });
}

test("an effect is counted where it is, from its request to its outcome", () => {
  const hub = new EventHub();
  const state = new ProgressState();
  state.follow(hub);
  const where = () => [state.waiting, state.active.size, state.landing, state.settled];
  hub.emit("effect:requested", { effectId: "a" });
  expect(where()).toEqual([1, 0, 0, 0]);
  hub.emit("effect:acquired", lease("a", "w01"));
  expect(where()).toEqual([0, 1, 0, 0]);
  hub.emit("effect:snapshotted", { effectId: "a", snapshotOid: null, paths: 0 });
  expect(where()).toEqual([0, 0, 1, 0]);
  hub.emit("effect:settled", { effectId: "a", outcome: outcomeOf("landed", "a") });
  expect(where()).toEqual([0, 0, 0, 1]);
});

test("an effect that fails before it has a worktree is counted too", () => {
  const hub = new EventHub();
  const state = new ProgressState();
  state.follow(hub);
  hub.emit("effect:requested", { effectId: "a" });
  hub.emit("effect:settled", { effectId: "a", outcome: outcomeOf("failed", "a") });
  expect([state.waiting, state.settled, state.tally.failed]).toEqual([0, 1, 1]);
});

test("the picture has a bar, counts, and a line for each effect that runs", () => {
  const hub = new EventHub();
  const state = new ProgressState();
  state.follow(hub);
  walk(hub, "done", "landed");
  walk(hub, "clash", "conflicted");
  hub.emit("target:landed", { target: "main", oldOid: "0", newOid: "3f2a9c0d11aa", effectIds: ["done"] });
  hub.emit("effect:requested", { effectId: "waits" });
  hub.emit("effect:requested", { effectId: "runs" });
  hub.emit("effect:acquired", lease("runs", "w02"));
  hub.emit("task:started", { effectId: "runs", path: "/w/w02" });
  hub.emit("task:output", { effectId: "runs", stream: "stdout", text: "first\n\u001b[31msecond\u001b[39m\tword\n\n" });
  expect(frame(state, options)).toEqual([
    "⠋ ━━━━━━━━━━────────── 2/4  1 in worktrees · 1 waiting · 0 to land · <1ms",
    "  ✓ 1 landed  ≠ 1 conflicted  main is at 3f2a9c0d11",
    "  w02 runs running   <1ms  second word",
  ]);
});

test("when every effect has settled the picture says what is still going on", () => {
  const hub = new EventHub();
  const state = new ProgressState();
  state.follow(hub);
  walk(hub, "only", "landed");
  expect(frame(state, { ...options, total: 1, now: 2_000 })[0]).toMatch(
    / 1\/1 {2}putting the worktrees away · 2\.00s$/,
  );
});

test("the picture is never larger than the terminal", () => {
  const hub = new EventHub();
  const state = new ProgressState();
  state.follow(hub);
  for (let i = 0; i < 30; i++) {
    hub.emit("effect:requested", { effectId: `effect-${i}` });
    hub.emit("effect:acquired", lease(`effect-${i}`, `w${i}`));
    hub.emit("task:started", { effectId: `effect-${i}`, path: "/w" });
    hub.emit("task:progress", { effectId: `effect-${i}`, value: "x".repeat(500) });
  }
  const lines = frame(state, { ...options, height: 6, width: 40 });
  expect(lines.length).toBe(6);
  expect(lines.at(-1)).toBe("  … and 26 more");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
});

test("without a terminal each effect that settles is one plain line", () => {
  const hub = new EventHub();
  const stream = new Paper();
  const progress = showProgress(hub, { stream, total: 10 });
  walk(hub, "one", "landed");
  hub.emit("warning", { code: "X", message: "look out", effectId: null });
  walk(hub, "two", "failed");
  progress.close();
  walk(hub, "three", "landed");
  expect(stream.written.split("\n")).toEqual([
    " 1/10 ✓ landed     one  2 files, ran 1.23s",
    "! look out",
    " 2/10 ✗ failed     two  2 files, ran 1.23s",
    "",
  ]);
});

test("on a terminal a warning stays above the picture, and the picture goes in the end", () => {
  const hub = new EventHub();
  const stream = new Terminal();
  const progress = showProgress(hub, { stream, total: 1 });
  hub.emit("effect:requested", { effectId: "one" });
  hub.emit("warning", { code: "X", message: "look out", effectId: null });
  progress.say("and this");
  progress.close();
  const lines = stripVTControlCharacters(stream.written).split("\n");
  expect(lines.filter((line) => line === "! look out" || line === "and this")).toEqual(["! look out", "and this"]);
  // The cursor is shown again and lines wrap, or the terminal would stay broken.
  expect(stream.written.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stream.written.lastIndexOf("\u001b[?25l"));
  expect(stream.written.lastIndexOf("\u001b[?7h")).toBeGreaterThan(stream.written.lastIndexOf("\u001b[?7l"));
  expect(stream.written.endsWith("\u001b[1A\u001b[J\u001b[?25h")).toBe(true);
});

test("an operation that takes long is said, live and line by line", () => {
  const slow = { operation: "snapshot", path: "/w/w01", elapsedMs: 20_000 };
  for (const paper of [new Paper(), new Terminal()]) {
    const hub = new EventHub();
    const progress = showProgress(hub, { stream: paper });
    hub.emit("operation:slow", slow);
    progress.close();
    expect(stripVTControlCharacters(paper.written).replace(/\s+/g, " ")).toContain(
      "snapshot in /w/w01 has taken 20.0s",
    );
  }
});
