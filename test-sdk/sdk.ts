// The real SDK in the test's own process, for tests that are driver themselves.
import { createRequire } from "node:module";
import type { Sdk } from "../src/babysitter.js";

/** The SDK sees vitest's mark when it is loaded, and would then `require` a process, which need not be CommonJS. */
function loadUnmarked(paths: readonly string[]): Sdk {
  const require = createRequire(import.meta.url);
  const { VITEST: mark } = process.env;
  delete process.env.VITEST;
  try {
    return Object.assign({}, ...paths.map((path) => require(`@a5c-ai/babysitter-sdk/dist/${path}`)));
  } finally {
    if (mark !== undefined) process.env.VITEST = mark;
  }
}

export const sdk = loadUnmarked([
  "runtime/commitEffectResult",
  "runtime/orchestrateIteration",
  "storage/journal",
  "storage/lock",
]);
