// What only the user has, looked at without git: a repository may be in no state that git can read.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Problem } from "./scenario.js";
import { usersFiles, type World } from "./world.js";

export async function judgeUsersFiles({ repository }: World): Promise<Problem[]> {
  const found = Object.entries(usersFiles).map(async ([path, text]): Promise<Problem[]> => {
    const now = await readFile(join(repository, path), "utf8").catch(() => null);
    return now === text ? [] : [{ kind: "userBytesLost", what: `${path} is not as the user left it` }];
  });
  return (await Promise.all(found)).flat();
}
