// Asks a resolver about one conflict. Whatever it does wrong (it throws, takes too long, gives what is no answer) is a reason why
// the conflict stays, never a failure of the effect.

import { setMaxListeners } from "node:events";
import { inspect } from "node:util";
import type { ConflictQuestion, ConflictResolver, ConflictVersion } from "../effect/conflict-policy.js";
import type { Conflict, ConflictSide } from "../effect/effect.js";
import { bytesOfText, textOfBytes, utf8 } from "../git/border-text.js";
import type { Resolution as Choice } from "../git/native.js";
import type { Run } from "../run.js";

/** What the merge is to do, or why the resolver has decided nothing. */
export type Answer = Pick<Choice, "choice" | "mode" | "content"> | { readonly gaveUp: string };

/** What fits through the border in one string, with room for what escaping adds. */
const maxBytes = 16 << 20;
const maxLinkBytes = 4_095;
const modes = { file: 0o100644, executable: 0o100755, link: 0o120000, submodule: 0o160000 };

interface Asked {
  readonly effectId: string;
  readonly signal: AbortSignal;
  readonly conflict: Conflict;
}

export async function askResolver(run: Run, resolver: ConflictResolver, asked: Asked): Promise<Answer> {
  const { conflict, effectId } = asked;
  const ended = new AbortController();
  const end = (why: string) => ended.abort(new Error(why));
  const { resolverTimeoutMs } = run.options.limits;
  const timer =
    resolverTimeoutMs === 0
      ? null
      : setTimeout(
          () => end(`it took longer than limits.resolverTimeoutMs, ${resolverTimeoutMs} ms`),
          resolverTimeoutMs,
        );
  const aborted = () => end("it was aborted");
  setMaxListeners(0, asked.signal);
  asked.signal.addEventListener("abort", aborted);
  if (asked.signal.aborted) aborted();
  try {
    ended.signal.throwIfAborted();
    const [base, ours, theirs] = await Promise.all(
      [conflict.base, conflict.ours, conflict.theirs].map((side) => versionOf(run, side)),
    );
    // The limit, or the abort, may have come while the sides were read: whoever listens from now on would not hear of it.
    ended.signal.throwIfAborted();
    const question = {
      effectId,
      runId: run.id,
      conflict,
      base,
      ours,
      theirs,
      signal: ended.signal,
    } as ConflictQuestion;
    const cut = new Promise<never>((_resolve, reject) => {
      ended.signal.addEventListener("abort", () => reject(ended.signal.reason));
    });
    return answerOf(await Promise.race([resolver(question), cut]), conflict);
  } catch (error) {
    return { gaveUp: `the resolver gave no answer: ${error instanceof Error ? error.message : inspect(error)}` };
  } finally {
    if (timer !== null) clearTimeout(timer);
    asked.signal.removeEventListener("abort", aborted);
  }
}

async function versionOf(run: Run, side: ConflictSide | null): Promise<ConflictVersion | null> {
  if (side === null) return null;
  const { path, mode, oid } = side;
  if (mode === modes.submodule) return { path, mode, bytes: Buffer.alloc(0), text: null };
  const bytes = bytesOfText((await run.git.readBlob({ oid, maxBytes })).content);
  return { path, mode, bytes, text: bytes.includes(0) ? null : utf8(bytes) };
}

/** What somebody's function gives can be anything. */
function answerOf(answer: unknown, conflict: Conflict): Answer {
  if (answer === null) return { gaveUp: "the resolver gave up" };
  if (answer === "ours" || answer === "theirs" || answer === "union") return { choice: answer, mode: 0, content: [] };
  if (typeof answer === "object" && answer !== null) {
    if ("removed" in answer && answer.removed === true) return { choice: "removed", mode: 0, content: [] };
    if ("content" in answer) return contentOf(answer as { content: unknown; mode?: unknown }, conflict);
  }
  return refused(`gave ${inspect(answer, { depth: 0 }).slice(0, 80)}, which is no answer`);
}

function contentOf(answer: { content: unknown; mode?: unknown }, conflict: Conflict): Answer {
  const { content, mode = usualMode(conflict) } = answer;
  if (mode !== modes.file && mode !== modes.executable && mode !== modes.link)
    return refused(`gave the mode ${inspect(mode)}, which is no file's`);
  if (typeof content !== "string" && !(content instanceof Uint8Array))
    return refused("gave a content that is neither text nor bytes");
  if (typeof content === "string" && !isWellFormed(content)) return refused("gave a text that is not Unicode");
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  if (bytes.length > maxBytes) return refused(`gave ${bytes.length} bytes, more than ${maxBytes}`);
  if (mode === modes.link && (bytes.length === 0 || bytes.length > maxLinkBytes || bytes.includes(0)))
    return refused("gave a symbolic link whose target cannot be one");
  if (conflict.kind === "submodule") return refused("gave a content for a submodule");
  return { choice: "content", mode, content: textOfBytes(bytes).split("\0") };
}

function refused(what: string): Answer {
  return { gaveUp: `the resolver ${what}` };
}

/** As the three modes merge, when that is a file's. */
function usualMode({ base, ours, theirs }: Conflict): number {
  const mode = ours === null || (theirs !== null && ours.mode === base?.mode) ? theirs?.mode : ours.mode;
  return mode === modes.executable ? modes.executable : modes.file;
}

/** Node 20 has it, its types do not. */
function isWellFormed(text: string): boolean {
  return Buffer.from(text).toString() === text;
}
