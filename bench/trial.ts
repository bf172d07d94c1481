// The words of the bench: what a trial asks of a peer, and what comes back. A trial is one question ("what does a
// fan-out cost"), a peer one way to answer it. Everything here is plain data, because it crosses between processes.

/** What the command line asked for, completed by the trial's defaults. */
export interface Settings {
  files: number;
  effects: number;
  concurrency: number;
  /** A repository to work on instead of a generated one; it is only read. */
  repo: string | null;
  peers: readonly PeerName[];
}

export type PeerName =
  | "floor"
  | "ours"
  | "tuned"
  | "libgit2"
  | "isomorphic-git"
  | "es-git"
  | "git"
  | "simple-git"
  | "git-in-place";

export type Operation = "create" | "reset" | "snapshot" | "merge" | "fanIn" | "fanOut" | "soak" | "ledger";

/** One measurement in one process. */
export interface Job {
  peer: PeerName;
  operation: Operation;
  /** A fresh copy of the repository, checked out, that nobody else uses. */
  repository: string;
  /** A fresh folder beside it, for whatever the peer makes. */
  folder: string;
  files: number;
  effects: number;
  concurrency: number;
  /** Times that a warm figure is taken; the median counts. */
  rounds: number;
  /** Effects of the fan-out during which the event loop is watched; 0: none. */
  watchedEffects: number;
}

/** Wall and CPU (this process with all its threads, and the children that it waited for) of a number of operations. */
export interface Measure {
  operations: number;
  wallMs: number;
  cpuMs: number;
}

export interface Sample {
  /** From nothing: null where a peer knows no difference. */
  cold: Measure | null;
  /** Every further time. */
  warm: readonly Measure[];
  /** Figures of this operation only, such as `closeMs`. */
  extra: Readonly<Record<string, number | readonly number[]>>;
}

export type Reply = { sample: Sample } | { error: string };

/** What an operation of a peer gives back: the figures, and what is left to do when every other peer has been measured. */
export interface Taken {
  sample: Sample;
  /** Removes things: after it, creating files on this disk is slow for a while. */
  finish?: () => Promise<Record<string, number>>;
}

/** One way to do it. Operations that it does not know are not there. */
export type Peer = { readonly [operation in Operation]?: (job: Job) => Promise<Taken> };
