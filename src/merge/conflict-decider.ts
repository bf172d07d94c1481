// Decides the conflicts of one effect by its policy: which of them become what, whether its task is to run again, or whether the
// conflicts stay. Decides nothing about trees: the merge is done again with what was decided.

import ignore, { type Ignore } from "ignore";
import { type ConflictPolicy, type ConflictRule, type PathPolicy, rerunsOf } from "../effect/conflict-policy.js";
import type { Conflict, ConflictKind, Resolution } from "../effect/effect.js";
import type { Resolution as Choice } from "../git/native.js";
import type { Run } from "../run.js";
import { type Answer, askResolver } from "./resolver.js";

export type Decision =
  /** Merge again with these choices. */
  | { kind: "merge"; choices: readonly Choice[]; resolutions: readonly Resolution[] }
  | { kind: "rerun"; resolutions: readonly Resolution[] }
  | { kind: "keep"; resolutions: readonly Resolution[] };

export interface DecidedEffect {
  readonly effectId: string;
  readonly policy: ConflictPolicy;
  /** How often its task has run again; null: it cannot, because there is none. */
  readonly reruns: number | null;
  readonly signal: AbortSignal;
}

/** A union is made of lines: of these kinds both sides have some at one path. */
const joinable: ReadonlySet<ConflictKind> = new Set(["content", "add/add"]);

export class ConflictDecider {
  readonly #run: Run;
  readonly #effect: DecidedEffect;
  readonly #rules: readonly { readonly rule: ConflictRule; readonly matcher: Ignore }[] | null;
  /** By question: the merge may be done again, and the same question gets the same answer. */
  readonly #answers = new Map<string, Promise<Answer>>();

  constructor(run: Run, effect: DecidedEffect) {
    this.#run = run;
    this.#effect = effect;
    this.#rules = isRules(effect.policy) ? effect.policy.map(compile) : null;
  }

  /** False: conflicts just stay, and nothing need be asked. */
  get decides(): boolean {
    return this.#effect.policy !== "keep";
  }

  async decide(conflicts: readonly Conflict[]): Promise<Decision> {
    const asked = conflicts.map((conflict) => ({ conflict, policy: this.#policyFor(conflict.path) }));
    const rerun = asked.filter(({ policy }) => this.#mayRerun(policy));
    if (rerun.length > 0)
      return { kind: "rerun", resolutions: rerun.map(({ conflict }) => said(conflict, "rerun", null)) };
    const stays = asked.flatMap(({ conflict, policy }) => {
      const why = this.#whyUndecided(conflict, policy);
      return why === null ? [] : [{ conflict, policy, why }];
    });
    // Nobody is asked about an effect that stays conflicted anyway.
    if (stays.length > 0) {
      const named = stays.filter(({ policy }) => policy !== "keep");
      return {
        kind: "keep",
        resolutions: named.map(({ conflict, policy, why }) => said(conflict, nameOf(policy), why)),
      };
    }
    return this.#ask(asked);
  }

  /** Merged with the choices, these conflicts are left: what had been decided about them could not be had. */
  undone(resolutions: readonly Resolution[], left: readonly Conflict[], why?: string): Resolution[] {
    return left.flatMap(({ path, kind }) => {
      const tried = resolutions.find((resolution) => resolution.path === path && resolution.kind === kind);
      if (tried === undefined) return [];
      const reason = tried.policy === "union" ? "not text on both sides" : "decided otherwise for a path it shares";
      return [{ ...tried, gaveUp: why ?? reason }];
    });
  }

  async #ask(asked: readonly { conflict: Conflict; policy: PathPolicy }[]): Promise<Decision> {
    const answers = await Promise.all(
      asked.map(async ({ conflict, policy }) => {
        const answer: Answer =
          typeof policy === "function"
            ? await this.#answer(conflict, policy)
            : { choice: policy as "ours" | "theirs" | "union", mode: 0, content: [] };
        return { conflict, policy, answer };
      }),
    );
    const resolutions: Resolution[] = [];
    const choices: Choice[] = [];
    for (const { conflict, policy, answer } of answers) {
      const { path, kind } = conflict;
      if ("gaveUp" in answer) resolutions.push(said(conflict, nameOf(policy), answer.gaveUp));
      else {
        resolutions.push(said(conflict, nameOf(policy), null));
        choices.push({ path, kind, ...answer });
      }
    }
    if (choices.length < asked.length)
      return { kind: "keep", resolutions: resolutions.filter(({ gaveUp }) => gaveUp !== null) };
    return { kind: "merge", choices, resolutions };
  }

  #answer(conflict: Conflict, resolver: Extract<PathPolicy, (...args: never[]) => unknown>): Promise<Answer> {
    const { path, kind, base, ours, theirs } = conflict;
    const question = JSON.stringify([path, kind, base, ours, theirs]);
    const known = this.#answers.get(question);
    if (known !== undefined) return known;
    const answer = askResolver(this.#run, resolver, { ...this.#effect, conflict });
    this.#answers.set(question, answer);
    return answer;
  }

  #policyFor(path: string): PathPolicy {
    if (this.#rules === null) return this.#effect.policy as PathPolicy;
    return this.#rules.find(({ matcher }) => matcher.ignores(path))?.rule.policy ?? "keep";
  }

  #mayRerun(policy: PathPolicy): boolean {
    const { reruns } = this.#effect;
    return reruns !== null && reruns < rerunsOf(policy);
  }

  #whyUndecided({ kind }: Conflict, policy: PathPolicy): string | null {
    if (policy === "keep") return "";
    if (rerunsOf(policy) > 0) {
      const { reruns } = this.#effect;
      return reruns === null ? "there is no task that could run again" : `its task has run again ${reruns} times`;
    }
    if (kind === "case") return "names that differ in case only cannot be told apart everywhere";
    if (policy === "union" && !joinable.has(kind)) return "a union is made of two sides' lines";
    return null;
  }
}

function isRules(policy: ConflictPolicy): policy is readonly ConflictRule[] {
  return Array.isArray(policy);
}

function compile(rule: ConflictRule) {
  return { rule, matcher: ignore({ ignorecase: false }).add([...rule.paths]) };
}

function nameOf(policy: PathPolicy): Resolution["policy"] {
  if (typeof policy === "function") return "resolver";
  if (rerunsOf(policy) > 0) return "rerun";
  return policy as "ours" | "theirs" | "union";
}

function said({ path, kind }: Conflict, policy: Resolution["policy"], gaveUp: string | null): Resolution {
  return { path, kind, policy, gaveUp };
}
