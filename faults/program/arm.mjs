// Puts failpoints between the product and its addon, without a change of either: the addon is loaded first, its session is
// wrapped, and the product's own loader then finds it in Node's cache of modules. With `addon` another build of it is taken,
// one that listens to the steps within a call (native/faults).
//   arm: { call: "flush", nth: 3, when: "before" | "after" | "during" }   the process kills itself there
//   act: what happens there instead; "during": the call has begun, and native threads are at work
//   report: a file for how often each call was made
import { writeFileSync } from "node:fs";
import { createRequire, Module } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const projectFolder = fileURLToPath(new URL("../..", import.meta.url));

export function armAddon({ arm = null, report = null, addon: build = null, act = die }) {
  const path = require("node-gyp-build").path(projectFolder);
  const addon = build === null ? require(path) : loadInstead(path, build);
  const calls = new CountedCalls(arm, act);
  const { openSession } = addon;
  const openWatched = async (call, request) => {
    const open = () => openSession.call(addon, call, request);
    return watched(await calls.take("openSession", open), calls);
  };
  Object.defineProperty(addon, "openSession", { value: openWatched });
  return { report: () => report !== null && writeFileSync(report, JSON.stringify(Object.fromEntries(calls.counts))) };
}

function loadInstead(path, build) {
  const module = new Module(path);
  process.dlopen(module, build);
  module.loaded = true;
  require.cache[path] = module;
  return module.exports;
}

class CountedCalls {
  counts = new Map();
  #arm;
  #act;

  constructor(arm, act) {
    this.#arm = arm;
    this.#act = act;
  }

  take(name, call) {
    const nth = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, nth);
    const when = this.#arm?.call === name && this.#arm.nth === nth ? this.#arm.when : null;
    if (when === "before") this.#act();
    const called = call();
    if (when === "during") this.#act();
    return when === "after" ? called.finally(this.#act) : called;
  }
}

function watched(session, calls) {
  return new Proxy(session, {
    get(target, name) {
      const member = target[name];
      if (typeof member !== "function") return member;
      if (name === "cancel") return member.bind(target);
      return (...args) => calls.take(name, () => member.apply(target, args));
    },
  });
}

/** No handler, no exit code, no `finally`: as when the machine's memory runs out. */
function die() {
  process.kill(process.pid, "SIGKILL");
}
