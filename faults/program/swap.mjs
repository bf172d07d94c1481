// Swaps a folder for a link to another place and back, as fast as one process can, until it is told to stop. Which folder is told in a
// small file, so that whoever works beside it can lead it to where it works: the path of a folder, nothing at all, or "stop". The
// arguments: that file, the folder that links lead to, and a file for how often it has swapped.
import { readFileSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";

const [order, target, report] = process.argv.slice(2);
const swapsBeforeLooking = 8;
let swaps = 0;

function quietly(act) {
  try {
    act();
    return true;
  } catch {
    // The product moves and removes things, too.
    return false;
  }
}

function putBack(folder) {
  quietly(() => unlinkSync(`${folder}.link`));
  if (!quietly(() => renameSync(`${folder}.away`, folder))) {
    quietly(() => unlinkSync(folder));
    quietly(() => renameSync(`${folder}.away`, folder));
  }
}

function swap(folder) {
  quietly(() => symlinkSync(target, `${folder}.link`));
  if (!quietly(() => renameSync(folder, `${folder}.away`))) return;
  if (quietly(() => renameSync(`${folder}.link`, folder))) swaps += 1;
  quietly(() => renameSync(folder, `${folder}.link`));
  quietly(() => renameSync(`${folder}.away`, folder));
}

let folder = "";
for (;;) {
  const next = readFileSync(order, "utf8");
  if (next !== folder && folder !== "") putBack(folder);
  folder = next;
  if (folder === "stop") break;
  for (let time = 0; time < swapsBeforeLooking && folder !== ""; time++) swap(folder);
  if (folder === "") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
writeFileSync(report, String(swaps));
