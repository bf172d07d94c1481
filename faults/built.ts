// What the build has made for the harness, beside the product.
import { accessSync } from "node:fs";
import { join } from "node:path";

const release = join(import.meta.dirname, "../build/Release");

/** The addon with the listener to failpoints. */
export const faultAddon = join(release, "coppice_faults.so");

const failingCalls = join(release, "failing_calls.so");

/** The library that lets calls fail; null: not on this system. */
export function failingCallsLibrary(): string | null {
  try {
    accessSync(failingCalls);
    return failingCalls;
  } catch {
    return null;
  }
}
