// Ctrl-C: the first one asks the tasks to end and keeps their work, the second one ends the process at once.

const signals = ["SIGINT", "SIGTERM"] as const;

/** Calls `first` once; gives back what stops listening. */
export function onInterrupt(first: (signal: NodeJS.Signals) => void): () => void {
  let asked = false;
  const listener = (signal: NodeJS.Signals) => {
    if (!asked) {
      asked = true;
      first(signal);
      return;
    }
    stop();
    // With no listener left this ends the process without waiting; process.exit would wait for native work.
    process.kill(process.pid, signal);
  };
  const stop = () => {
    for (const signal of signals) process.off(signal, listener);
  };
  for (const signal of signals) process.on(signal, listener);
  return stop;
}
