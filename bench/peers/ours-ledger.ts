// The ledger of one run: what finding and recording an outcome costs when it holds so many already. Filled as a long run does it,
// with its packs consolidated, then measured in a session of its own, as whoever opens the run again sees it.
import { OutcomeDraft } from "../../dist/effect/outcome.js";
import { openGit } from "../../dist/git/git.js";
import { Consolidation } from "../../dist/merge/consolidation.js";
import { Ledger, type LedgerEntry } from "../../dist/merge/ledger.js";
import { resolveOptions } from "../../dist/options.js";
import { openRun, type Run } from "../../dist/run.js";
import { measure } from "../measure.js";
import type { Job, Taken } from "../trial.js";

const entriesPerRecord = 500;
const finds = 1_000;
const records = 200;
/** Coprime with every number of entries that is likely, so that the finds go all over the ledger. */
const stride = 7_919;

export async function ledger({ repository, effects }: Job): Promise<Taken> {
  const filled = await measure(effects, () => withRun(repository, (run) => fill(run, effects)));
  return withRun(repository, async (run) => {
    const opened = new Ledger(run);
    const first = await measure(1, () => requireFound(opened, 0));
    const found = await measure(finds, async () => {
      for (let index = 1; index <= finds; index++) await requireFound(opened, (index * stride) % effects);
    });
    const missed = await measure(finds, async () => {
      for (let index = 0; index < finds; index++) {
        if ((await opened.find(`missing-${index}`)) !== null)
          throw new Error("an effect is found that was never recorded");
      }
    });
    const consolidation = new Consolidation(run);
    const recorded = await measure(records, async () => {
      for (let index = 0; index < records; index++) {
        await consolidation.room();
        await opened.record([entryOf(effects + index)], []);
      }
    });
    await requireFound(opened, effects + records - 1);
    const extra = {
      firstFindMs: first.wallMs,
      findMs: found.wallMs / finds,
      missMs: missed.wallMs / finds,
      recordMs: recorded.wallMs / records,
      recordCpuMs: recorded.cpuMs / records,
      rssMb: process.memoryUsage.rss() / 2 ** 20,
      fillMs: filled.wallMs / effects,
    };
    return { sample: { cold: null, warm: [recorded], extra } };
  });
}

async function fill(run: Run, entries: number): Promise<void> {
  const filling = new Ledger(run);
  const consolidation = new Consolidation(run);
  for (let from = 0; from < entries; from += entriesPerRecord) {
    const some = Array.from({ length: Math.min(entriesPerRecord, entries - from) }, (_, index) =>
      entryOf(from + index),
    );
    await consolidation.room();
    await filling.record(some, []);
  }
  await consolidation.close();
}

/** As long as that of an effect which has landed with three files. */
function entryOf(index: number): LedgerEntry {
  const oid = index.toString(16).padStart(40, "0");
  const draft = new OutcomeDraft(`effect-${index}`, "bench");
  const changes = ["src/a.ts", "src/b.ts", "src/c.ts"].map((path) => {
    return { path, oldMode: 0o100644, oldOid: oid, newMode: 0o100644, newOid: oid };
  });
  draft.baseOid = oid;
  draft.hold({ snapshotOid: oid, treeOid: oid, baseOid: oid, changes, unheld: [], taskMessages: [] }, null);
  return { digest: oid, outcome: draft.landed(oid, [], [], null) };
}

async function requireFound(opened: Ledger, index: number): Promise<void> {
  if ((await opened.find(`effect-${index}`))?.digest !== index.toString(16).padStart(40, "0"))
    throw new Error(`effect-${index} is not in the ledger as it was recorded`);
}

async function withRun<T>(repository: string, act: (run: Run) => Promise<T>): Promise<T> {
  const git = await openGit({ path: repository });
  try {
    return await act(await openRun(git, resolveOptions({ runId: "bench" }), () => {}));
  } finally {
    await git.close();
  }
}
