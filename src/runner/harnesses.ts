// The harnesses that are known: how each is started so that it works without a person and may edit the files of its
// worktree. Nothing wider is allowed here than that; whoever wants more gives it with `args` or the option `harnesses`.
// Source: each program's own documentation of its non-interactive mode, read in November 2026. They change: an entry that no
// longer fits is corrected by the option `harnesses`, without a new version of Coppice.

import { CoppiceError } from "../errors.js";
import { defineHarness, type Harness, type HarnessDefinition, type Options } from "../options.js";

/** Prompts go through standard input where the program reads it: an argument is limited to 128 KiB, and `ps` shows it. */
export const knownHarnesses = {
  "claude-code": defineHarness({
    command: "claude",
    args: ["--print", "--permission-mode", "acceptEdits"],
    prompt: "stdin",
    modelFlag: "--model",
    configVariable: "CLAUDE_CONFIG_DIR",
    install: "npm install --global @anthropic-ai/claude-code",
  }),
  codex: defineHarness({
    command: "codex",
    args: ["exec", "--sandbox", "workspace-write", "--skip-git-repo-check"],
    prompt: "stdin",
    // "-": the prompt is read from standard input.
    promptFlag: "-",
    // It keeps to the directory that its process was started in, whatever the shell has said since.
    workspaceFlag: "-C",
    modelFlag: "--model",
    configVariable: "CODEX_HOME",
    install: "npm install --global @openai/codex",
  }),
  "gemini-cli": defineHarness({
    command: "gemini",
    // A folder that is not trusted turns every other approval mode off, and a fresh worktree never is.
    args: ["--approval-mode", "auto_edit", "--skip-trust"],
    prompt: "stdin",
    modelFlag: "--model",
    configVariable: "GEMINI_CLI_HOME",
    install: "npm install --global @google/gemini-cli",
  }),
  cursor: defineHarness({
    command: "cursor-agent",
    args: ["--print", "--force", "--trust"],
    prompt: "argument",
    promptFlag: "--",
    workspaceFlag: "--workspace",
    modelFlag: "--model",
    configVariable: "CURSOR_CONFIG_DIR",
    install: "see https://cursor.com/docs/cli",
  }),
  opencode: defineHarness({
    command: "opencode",
    args: ["run"],
    prompt: "stdin",
    modelFlag: "--model",
    configVariable: "OPENCODE_CONFIG_DIR",
    install: "npm install --global opencode-ai",
  }),
  pi: defineHarness({
    command: "pi",
    args: ["--print", "--no-session"],
    prompt: "stdin",
    modelFlag: "--model",
    configVariable: "PI_CODING_AGENT_DIR",
    install: "npm install --global @earendil-works/pi-coding-agent",
  }),
  "github-copilot": defineHarness({
    command: "copilot",
    args: ["--allow-all-tools", "--no-ask-user"],
    prompt: "argument",
    promptFlag: "--prompt",
    modelFlag: "--model",
    configVariable: "COPILOT_HOME",
    install: "npm install --global @github/copilot",
  }),
} as const satisfies Record<string, Harness>;

/** The harness of that name: the table's, with what the option `harnesses` says on top. Throws ERR_HARNESS_MISSING. */
export function harnessNamed(name: string, own: Options["harnesses"]): Harness {
  const known: HarnessDefinition | undefined = Object.hasOwn(knownHarnesses, name)
    ? knownHarnesses[name as keyof typeof knownHarnesses]
    : undefined;
  const { command = known?.command, ...changes } = Object.hasOwn(own, name) ? (own[name] ?? {}) : {};
  if (command !== undefined) return defineHarness({ ...known, ...changes, command });
  const names = [...new Set([...Object.keys(knownHarnesses), ...Object.keys(own)])].join(", ");
  throw new CoppiceError(
    "ERR_HARNESS_MISSING",
    `there is no harness ${JSON.stringify(name)} with a command: the option "harnesses" defines one; known are ${names}`,
  );
}
