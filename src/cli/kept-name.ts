// The name under which kept work is listed: <runId>/<effectId>.

import { InvalidArgumentError } from "commander";

export interface KeptName {
  runId: string;
  effectId: string;
}

export function parseKeptName(text: string): KeptName {
  const [runId, effectId, ...rest] = text.split("/");
  if (!runId || !effectId || rest.length > 0) {
    throw new InvalidArgumentError("It must be <runId>/<effectId>; `coppice list` shows them.");
  }
  return { runId, effectId };
}
