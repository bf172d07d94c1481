// Every trial runs at a tiny size, in its processes, and its last line has the figures that its name promises. No time is
// looked at: what is fast is for `npm run bench` to say.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { projectFolder, requireBuilt } from "../support/built.js";
import { type Ended, runProgram } from "../support/program.js";
import { temporaryFolder } from "../support/repository.js";

const timeoutMs = 240_000;
let folder: string;
let cache: string;

beforeAll(async () => {
  await requireBuilt();
  folder = await temporaryFolder("bench");
  cache = join(folder, "cache");
}, timeoutMs);

function bench(...args: string[]): Promise<Ended> {
  const program = ["--import", "tsx", join(projectFolder, "bench/main.ts"), ...args];
  return runProgram(process.execPath, program, { cwd: projectFolder, env: { ...process.env, TMPDIR: folder } });
}

async function figures(trial: string, ...args: string[]): Promise<Record<string, unknown>> {
  const ended = await bench(trial, "--json", "--cache", cache, "--concurrency", "2", ...args);
  expect(ended.stderr).not.toMatch(/ended with|is lost/);
  expect(ended.exitCode).toBe(0);
  expect(ended.stdout.trimEnd().split("\n")).toHaveLength(1);
  return JSON.parse(ended.stdout) as Record<string, unknown>;
}

function expectNumbers(result: Record<string, unknown>, ...names: string[]): void {
  for (const name of names) expect(result[name], name).toEqual(expect.any(Number));
}

test(
  "fan-out: ours, git and tuned git do the same work, and every ratio is there",
  async () => {
    const result = await figures(
      "fan-out",
      "--files",
      "60",
      "--effects",
      "4",
      "--peers",
      "floor,ours,tuned,git,git-in-place",
    );
    expect(result).toMatchObject({ files: 60, effects: 4, concurrency: 2, ratioSimpleGit: null });
    expectNumbers(result, "coldMs", "warmMs", "cpuMsPerEffect", "floorRatio", "eventLoopP99Ms", "closeMs");
    expectNumbers(result, "ratioGitCold", "ratioGitWarm", "ratioTunedCold", "ratioTunedWarm", "ratioGitInPlaceCold");
    const peers = result.peers as { peer: string; effectsRun: number; error: string | null }[];
    expect(peers.map(({ peer }) => peer)).toEqual(["floor", "ours", "tuned", "git", "git-in-place"]);
    for (const peer of peers) expect(peer).toMatchObject({ effectsRun: 4, error: null });
    expect(result).toMatchObject({ date: expect.any(String), commit: expect.any(String), machine: expect.any(Object) });
  },
  timeoutMs,
);

test(
  "create",
  async () => {
    const result = await figures("create", "--files", "60", "--peers", "floor,ours,git,tuned");
    expectNumbers(result, "files", "ratioFloorCpu", "ratioFloorWall", "ratioGitWall", "ratioTunedWall");
    // Git's own time comes in hundredths of a second, which is more than it takes here.
    expect(result).toHaveProperty("ratioGitCpu");
  },
  timeoutMs,
);

test.each(["snapshot", "reset", "merge", "fan-in"])(
  "%s",
  async (trial) => {
    const result = await figures(trial, "--files", "60", "--effects", "3", "--peers", "ours,git");
    expectNumbers(result, "files", "ratioGit");
  },
  timeoutMs,
);

test(
  "scaling goes over several sizes",
  async () => {
    const result = await figures("scaling", "--files", "300", "--effects", "4", "--peers", "floor,ours");
    expect(result.cpuMsPerEffect).toEqual({ 200: expect.any(Number), 300: expect.any(Number) });
    expectNumbers(result, "ratioLargeToSmall");
  },
  timeoutMs,
);

test(
  "soak",
  async () => {
    const result = await figures("soak", "--files", "60", "--effects", "30");
    expectNumbers(result, "rssMbPer1000", "openFiles", "threads", "packs", "wallMsPerEffect");
  },
  timeoutMs,
);

test(
  "ledger: few entries and many",
  async () => {
    const result = await figures("ledger", "--files", "60", "--effects", "300");
    expect(result).toMatchObject({ entries: 300 });
    expectNumbers(result, "ratioFind", "ratioRecord", "firstFindMs", "findMs", "missMs", "recordMs", "rssMb");
    expectNumbers(result, "findMsOfFew", "recordMsOfFew", "fillMs");
  },
  timeoutMs,
);

test(
  "a given repository is copied, and nothing is left behind",
  async () => {
    const before = await readdir(folder);
    const result = await figures("merge", "--repo", projectFolder, "--effects", "2", "--peers", "ours,git");
    expectNumbers(result, "ratioGit");
    expect((await readdir(folder)).filter((name) => name !== "cache" && !before.includes(name))).toEqual([]);
  },
  timeoutMs,
);

test("what is typed wrongly is answered with what to type", async () => {
  for (const [args, answer] of [
    [["fan-out", "--files", "many"], /--files.*Type a whole number/],
    [["fan-out", "--effects", "0"], /--effects.*Type a whole number/],
    [["fan-out", "--peers", "ours,mercurial"], /--peers.*Type names of floor, ours, tuned/],
    [["create", "--peers", "simple-git"], /--peers.*Type names of floor, ours, tuned/],
    [["merge", "--repo", folder], /there is no git repository .*give --repo the path of one/],
    [["sprint"], /unknown command 'sprint'/],
    [[], /create.*\n.*reset/],
  ] as const) {
    const ended = await bench(...args);
    expect(ended.stderr, args.join(" ")).toMatch(answer);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    expect(ended.exitCode).toBe(2);
    expect(ended.stdout).toBe("");
  }
});
