// Runs a trial's jobs, each in its own process on its own copy of the repository, one after the other, and cleans up when
// all are done.
import { mkdir, mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBenchAddon } from "./addon.js";
import { EditPlan } from "./edits.js";
import { Isolated } from "./isolate.js";
import { installPeerPackages } from "./peer-packages.js";
import { peers } from "./peers.js";
import { Refusal } from "./refusal.js";
import { copyRepository, removeFolder, templateRepository } from "./repository.js";
import { Disk } from "./settle.js";
import type { Job, Operation, PeerName, Reply, Sample, Settings } from "./trial.js";

export type Answer = (Sample & { error: null }) | { error: string };

export interface Wanted {
  operation: Operation;
  effects: number;
  rounds: number;
  watchedEffects?: number;
}

const quickFinishFiles = 5_000;

export class TrialRun {
  readonly #settings: Settings;
  readonly #say: (text: string) => void;
  readonly #cache: string;
  readonly #disk: Disk;
  #folder: string | null = null;
  #waiting: { isolated: Isolated; job: Job }[] = [];
  readonly #isolated = new Set<Isolated>();
  #made = 0;
  #copies = 0;
  #ending: Promise<void> | null = null;

  constructor(settings: Settings, cache: string, say: (text: string) => void) {
    this.#settings = settings;
    this.#cache = cache;
    this.#say = say;
    this.#disk = new Disk(cache, say);
  }

  /** Of one round, so that none edits a file of another. */
  async mostEffects(files: number): Promise<number> {
    return (await EditPlan.of(await this.#template(files))).mostEffects;
  }

  /** @returns why there is no figure, or the figures */
  async take(peer: PeerName, files: number, wanted: Wanted): Promise<Answer> {
    const { label } = peers[peer];
    const missing = await this.#missing(peer, wanted.operation);
    if (missing !== null) return { error: missing };
    const job = await this.#prepare(peer, files, wanted);
    await this.#disk.settle();
    if (this.#ending !== null) throw new Error("the trial has ended");
    this.#say(`${label}: ${words[wanted.operation]}, ${wanted.effects} x over ${files} files`);
    const isolated = new Isolated();
    this.#isolated.add(isolated);
    const answer = answerOf(await isolated.take(job));
    this.#say(answer.error === null ? `${label}: done` : `${label}: ${answer.error}`);
    if (answer.error === null) this.#waiting.push({ isolated, job });
    if (removing.has(peer)) await this.#disk.removed(job.files * job.effects);
    return answer;
  }

  /** Lets the peers remove what they made; what each reports about that. */
  async finish(): Promise<Partial<Record<PeerName, Readonly<Record<string, number>>>>> {
    const reports: Partial<Record<PeerName, Readonly<Record<string, number>>>> = {};
    for (const { isolated, job } of this.#waiting.splice(0)) {
      const report = await isolated.finish();
      if (Object.keys(report).length > 0) await this.#disk.removed(job.files * Math.min(job.concurrency, job.effects));
      reports[job.peer] = { ...reports[job.peer], ...report };
    }
    return reports;
  }

  /** Ends what still runs and removes everything that was made. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    for (const isolated of this.#isolated) isolated.kill();
    if (this.#folder === null) return;
    if (this.#made > quickFinishFiles) this.#say("removing what was made");
    await removeFolder(this.#folder);
    await this.#disk.removed(this.#made);
  }

  /** What a peer needs is made when it is first asked for. */
  async #missing(peer: PeerName, operation: Operation): Promise<string | null> {
    const { installed, native } = peers[peer];
    if (installed) return installPeerPackages(this.#say);
    return native.includes(operation) ? buildBenchAddon(this.#say) : null;
  }

  async #prepare(peer: PeerName, files: number, wanted: Wanted): Promise<Job> {
    const template = await this.#template(files);
    this.#folder ??= await this.#makeFolder();
    this.#copies += 1;
    const own = await this.#disk.region(this.#folder, `${this.#copies}-${peer}`, files);
    const folder = join(own, "made");
    await mkdir(folder, { recursive: true });
    const repository = join(own, "repository");
    await copyRepository(template, repository, files).catch((error: Error) => {
      const lacking =
        this.#settings.repo === null ? `remove ${this.#cache} and start again` : "give --repo a whole one";
      throw new Refusal(`the repository cannot be copied, ${lacking}: ${error.message.split("\n")[0]}`);
    });
    this.#made += files;
    const { concurrency } = this.#settings;
    const { operation, effects, rounds, watchedEffects = 0 } = wanted;
    return { peer, operation, repository, folder, files, effects, concurrency, rounds, watchedEffects };
  }

  async #makeFolder(): Promise<string> {
    const folder = await mkdtemp(join(await realpath(tmpdir()), "coppice-bench-run-"));
    await this.#disk.spread(folder);
    return folder;
  }

  #template(files: number): Promise<string> {
    return templateRepository({ files, repo: this.#settings.repo, cache: this.#cache }, this.#say);
  }
}

/** Peers that remove whole worktrees within their measurement. */
const removing: ReadonlySet<PeerName> = new Set<PeerName>(["git", "simple-git", "git-in-place"]);

const words: Record<Operation, string> = {
  create: "making a worktree",
  reset: "resetting a worktree",
  snapshot: "a snapshot",
  merge: "a merge",
  fanIn: "fan-in",
  fanOut: "fan-out",
  soak: "soak",
  ledger: "a ledger",
};

function answerOf(reply: Reply): Answer {
  return "error" in reply ? { error: reply.error } : { ...reply.sample, error: null };
}
