// How long something took, in at most six characters, so that columns of it line up.

/** "<1ms", "42ms", "1.24s", "12.3s", "2m03s"; "-" for a step that did not run. */
export function duration(milliseconds: number | null): string {
  if (milliseconds === null) return "-";
  if (milliseconds < 1) return "<1ms";
  if (milliseconds < 999.5) return `${Math.round(milliseconds)}ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 9.995) return `${seconds.toFixed(2)}s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}
