// What making a pool took, as a peer reports it: it is spread over all effects, whether the peer ran them or not.
import type { Measure } from "./trial.js";

export function poolFigures(making: Measure | undefined): { poolMs: number; poolCpuMs: number } {
  return { poolMs: making?.wallMs ?? 0, poolCpuMs: making?.cpuMs ?? 0 };
}
