// The order of the bootstrap's steps, and how its failures are told.
import { installDependencies } from "./install.mjs";
import { buildNative, buildNativeFaults, buildNativeTests } from "./native.mjs";
import { requireNode } from "./requirements.mjs";
import { installSdk } from "./sdk.mjs";
import { SetupError, say } from "./step.mjs";
import { compileTypeScript } from "./typescript.mjs";

const steps = {
  install: installDependencies,
  native: buildNative,
  nativeTests: buildNativeTests,
  nativeFaults: buildNativeFaults,
  typescript: compileTypeScript,
  sdk: installSdk,
};

/** What running needs. */
const running = ["install", "native", "typescript"];
/** What testing needs. */
export const testing = ["install", "native", "nativeTests", "nativeFaults", "typescript"];

/** Make the checkout ready: to run, or by the steps named. Quick when nothing changed. */
export async function prepare(names = running) {
  requireNode();
  const unknown = names.filter((name) => !Object.hasOwn(steps, name));
  if (unknown.length > 0) {
    throw new SetupError(`Unknown step: ${unknown.join(", ")}.`, `The steps are ${Object.keys(steps).join(", ")}.`);
  }
  for (const name of names) await steps[name]();
}

/** Run `work`; a SetupError becomes one message with its remedy, and exit code 1. */
export async function orExplain(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    if (error.detail) say(error.detail);
    say(`coppice: ${error.message}`);
    say(`coppice: remedy: ${error.remedy}`);
    process.exitCode = 1;
  }
}
