// `npm run demo [-- --repo <path>] [--json] [--keep]`: many effects over the files of a real repository, all at once.
// It works on temporary copies and never on the given repository. The last line with --json is one JSON object.
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isCoppiceError } from "coppice";
import { duration, paintFor } from "coppice/report";
import { Refusal } from "./git.mjs";
import { copyRepository, makeLargeRepository } from "./repositories.mjs";
import { playScene } from "./scene.mjs";
import { countFiles } from "./source-files.mjs";

const projectFolder = fileURLToPath(new URL("../..", import.meta.url));
/** A smaller repository shows little of what isolation costs: then a generated one follows. */
const largeEnough = 2_000;

async function main({ repo, json, keep }) {
  const stream = json ? process.stderr : process.stdout;
  const paint = paintFor(stream);
  const say = (...lines) => stream.write(`${lines.join("\n")}\n`);
  const stage = { say, paint, width: stream.columns ?? 100 };
  const folder = await mkdtemp(join(await realpath(tmpdir()), "coppice-demo-"));
  try {
    const { scenes, surprises } = await playScenes(resolve(repo), folder, stage);
    const total = sum(scenes);
    say("", ...farewell(scenes, surprises, { keep, folder, paint }));
    if (json) console.log(JSON.stringify(total));
    return surprises.length === 0 ? 0 : 1;
  } finally {
    if (!keep) await rm(folder, { recursive: true, force: true });
  }
}

async function playScenes(repo, folder, stage) {
  const scenes = [];
  const surprises = [];
  const play = async (path, title) => {
    const scene = await playScene(path, title, stage);
    if (scene === null)
      stage.say(`${title} has too few source files for the demo; the generated repository has enough.`);
    else {
      scenes.push(scene.figures);
      surprises.push(...scene.surprises);
    }
  };
  stage.say("", stage.paint("dim", `copying ${repo} …`));
  const copy = await copyRepository(repo, join(folder, basename(repo)));
  await play(copy, `A copy of ${repo}`);
  if ((await countFiles(copy)) < largeEnough) {
    stage.say("", stage.paint("dim", "writing a generated repository …"));
    await play(await makeLargeRepository(join(folder, "generated"), copy), "A generated repository");
  }
  return { scenes, surprises };
}

/** One object over all scenes. CPU time is that of this process with all its threads, tasks in threads included. */
function sum(scenes) {
  const add = (name) => scenes.reduce((total, scene) => total + scene[name], 0);
  const effects = add("effects");
  const names = ["landed", "unchanged", "conflicted", "blocked", "failed", "aborted", "kept", "wallMs"];
  return {
    effects,
    ...Object.fromEntries(names.map((name) => [name, add(name)])),
    managerCpuMsPerEffect: Math.round((add("cpuMs") / effects) * 100) / 100,
    fsck: scenes.find(({ fsck }) => fsck !== "ok")?.fsck ?? "ok",
    repositories: scenes,
  };
}

function farewell(scenes, surprises, { keep, folder, paint }) {
  const lines = scenes.map(
    ({ title, effects, wallMs, cpuMs }) =>
      `${title}: ${effects} effects in ${duration(wallMs)}, ${duration(cpuMs / effects)} of CPU each`,
  );
  if (surprises.length > 0)
    return [...lines, "", paint("red", "Not as expected:"), ...surprises.map((line) => `- ${line}`)];
  const coppice = join(projectFolder, "dist/cli/main.js");
  if (!keep)
    return [
      ...lines,
      paint("dim", "The copies are removed now; with --keep they stay, and the commands above can be typed."),
    ];
  return [...lines, "", `The copies stay in ${folder}. In one of them, try: node ${coppice} list`];
}

const { values } = parseArgs({
  options: {
    repo: { type: "string", default: projectFolder },
    json: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});
main(values).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error) => {
    const told = error instanceof Refusal || isCoppiceError(error);
    console.error(told ? `demo: ${error.message}` : error);
    process.exitCode = 2;
  },
);
