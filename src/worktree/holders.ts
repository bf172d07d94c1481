// Who still holds a worktree after its task has ended, and what is mounted in it. A look goes through every process of the machine and costs as much as a
// whole snapshot, so that those who ask while one is under way share the next.

import type { Git } from "../git/git.js";
import type { Holder, Mount } from "../git/native.js";
import { SharedTurn } from "../shared-turn.js";

/** Null: nobody holds it, nothing is mounted in it. */
export interface Held {
  readonly holder: Holder | null;
  readonly mount: Mount | null;
}

interface Question {
  readonly path: string;
  answer: Held;
}

/** For people: what to do before the worktree can be reset or removed. */
export function sayMounted({ mountPath }: Mount): string {
  return `something is mounted at ${mountPath}: umount ${mountPath}`;
}

export class HolderWatch {
  readonly #git: Git;
  readonly #looks = new SharedTurn(() => this.#look());
  #asked: Question[] = [];

  constructor(git: Git) {
    this.#git = git;
  }

  /** One of the processes that hold `path` at a moment after this call, and one of the mounts beneath it then. */
  async find(path: string): Promise<Held> {
    const question: Question = { path, answer: { holder: null, mount: null } };
    this.#asked.push(question);
    await this.#looks.request();
    return question.answer;
  }

  async #look(): Promise<void> {
    const questions = this.#asked;
    this.#asked = [];
    const { holders, mounts } = await this.#git.listHolders({ paths: questions.map(({ path }) => path) });
    for (const question of questions) {
      const ofIt = ({ path }: { path: string }) => path === question.path;
      question.answer = { holder: holders.find(ofIt) ?? null, mount: mounts.find(ofIt) ?? null };
    }
  }
}
