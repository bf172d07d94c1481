// Puts failpoints between the product and its addon, without a change of either: the addon is loaded first, its session is
// wrapped, and the product's own loader then finds it in Node's cache of modules. With `addon` another build of it is taken,
// one that listens to the steps within a call (native/faults).
//   arm: { call: "flush", nth: 3, when: "before" | "after" }   the process kills itself there
//   report: a file for how often each call was made
import { writeFileSync } from "node:fs";
import { createRequire, Module } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const projectFolder = fileURLToPath(new URL("../..", import.meta.url));

export function armAddon({ arm = null, report = null, addon: build = null }) {
  const path = require("node-gyp-build").path(projectFolder);
  const addon = build === null ? require(path) : loadInstead(path, build);
  const calls = new CountedCalls(arm);
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

  constructor(arm) {
    this.#arm = arm;
  }

  take(name, act) {
    const nth = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, nth);
    const when = this.#arm?.call === name && this.#arm.nth === nth ? this.#arm.when : null;
    if (when === "before") die();
    const acted = act();
    if (when !== "after") return acted;
    return acted.finally(die);
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
