// What the definition of an agent or a skill says: which harness, which model, what it is told, and whether it is to answer with JSON.

import { lacks } from "./code-tasks.js";
import type { EffectAction } from "./sdk.js";

/** The harness for agents and skills that name none. */
const usualHarness = "claude-code";

interface AgentPart {
  readonly name?: unknown;
  readonly prompt?: unknown;
  readonly context?: unknown;
  readonly model?: unknown;
  readonly outputSchema?: unknown;
}

const partOf = ({ kind, taskDef }: EffectAction): AgentPart => (taskDef[kind] ?? {}) as AgentPart;

/** @param own what the caller has for those that name none */
export function harnessOf({ taskDef, schedulerHints }: EffectAction, own: string | undefined): string {
  const { execution, metadata } = taskDef;
  return firstText(execution?.harness, metadata?.harness, schedulerHints?.preferredHarness, own) ?? usualHarness;
}

export function modelOf(action: EffectAction, own: string | undefined): string | undefined {
  return firstText(action.taskDef.execution?.model, partOf(action).model, own);
}

/** Whether it is to answer with JSON: the process reads fields of the value. */
export function wantsJson(action: EffectAction): boolean {
  const { outputSchema } = partOf(action);
  return typeof outputSchema === "object" && outputSchema !== null;
}

/** What it is told; what is not plain text is given as JSON under its name. Throws ERR_ACTION when there is nothing to tell. */
export function promptOf(action: EffectAction): string {
  const prompt = plainPrompt(action) ?? partsOfPrompt(action);
  if (!wantsJson(action)) return prompt;
  const { outputSchema } = partOf(action);
  const schema = JSON.stringify(outputSchema, null, 2);
  return `${prompt}\n\nDo the work first. Then answer with JSON only, without a fence and without a word around it, that fits this JSON schema:\n${schema}`;
}

/** A text, or lines of text. */
function plainPrompt(action: EffectAction): string | null {
  const prompt = partOf(action).prompt ?? action.taskDef.prompt;
  const lines: unknown[] = Array.isArray(prompt) ? prompt : [prompt];
  const text = lines.filter((line) => typeof line === "string").join("\n");
  return text.trim() === "" ? null : text;
}

function partsOfPrompt(action: EffectAction): string {
  const { taskDef, kind } = action;
  const own = partOf(action);
  const prompt = own.prompt ?? taskDef.prompt;
  const parts = {
    ...(kind === "skill" && own.name !== undefined ? { skill: own.name } : {}),
    title: taskDef.title,
    description: taskDef.description,
    ...(typeof prompt === "object" && !Array.isArray(prompt) ? prompt : {}),
    ...(own.context === undefined ? {} : { context: own.context }),
  };
  const lines = Object.entries(parts)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value, null, 2)}`);
  if (lines.length === 0) throw lacks(action, `${kind}.prompt`);
  return lines.join("\n\n");
}

function firstText(...found: unknown[]): string | undefined {
  return found.find((text): text is string => typeof text === "string" && text !== "");
}
