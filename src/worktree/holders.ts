// Who still holds a worktree after its task has ended. A look goes through every process of the machine and costs as much as a
// whole snapshot, so that those who ask while one is under way share the next.

import type { Git } from "../git/git.js";
import type { Holder } from "../git/native.js";
import { SharedTurn } from "../shared-turn.js";

interface Question {
  readonly path: string;
  answer: Holder | null;
}

export class HolderWatch {
  readonly #git: Git;
  readonly #looks = new SharedTurn(() => this.#look());
  #asked: Question[] = [];

  constructor(git: Git) {
    this.#git = git;
  }

  /** One of the processes that hold `path` at a moment after this call; null: nobody does. */
  async find(path: string): Promise<Holder | null> {
    const question: Question = { path, answer: null };
    this.#asked.push(question);
    await this.#looks.request();
    return question.answer;
  }

  async #look(): Promise<void> {
    const questions = this.#asked;
    this.#asked = [];
    const { holders } = await this.#git.listHolders({ paths: questions.map(({ path }) => path) });
    for (const question of questions) {
      question.answer = holders.find(({ path }) => path === question.path) ?? null;
    }
  }
}
