import { afterEach, expect, test, vi } from "vitest";
import { pathWithTools, taskEnvironment } from "../../src/runner/task-environment.js";
import { git } from "../support/git.js";
import { temporaryFolder } from "../support/repository.js";

afterEach(() => vi.unstubAllEnvs());

test("drops every variable that git itself calls local to a repository, but the configuration", async () => {
  const names = (await git(await temporaryFolder(), ["rev-parse", "--local-env-vars"])).split("\n");
  for (const name of names) vi.stubEnv(name, "leak");
  const leaked = Object.entries(taskEnvironment()).filter(([, value]) => value === "leak");
  expect(leaked.map(([name]) => name)).toEqual(["GIT_CONFIG_PARAMETERS"]);
});

test("lets the task's own variables through, and takes away what it wants gone", () => {
  vi.stubEnv("SECRET", "1");
  const environment = taskEnvironment({ SECRET: undefined, GIT_INDEX_FILE: "own", OWN: "2" });
  expect("SECRET" in environment).toBe(false);
  expect(environment).toMatchObject({ GIT_INDEX_FILE: "own", OWN: "2" });
});

test.each([
  ["none", undefined, 0],
  ["a bogus count", "many", 0],
  ["two", "2", 2],
])("switches git's collection off behind the configuration that is there: %s", (_what, count, first) => {
  vi.stubEnv("GIT_CONFIG_COUNT", count);
  expect(taskEnvironment()).toMatchObject({
    GIT_CONFIG_COUNT: String(first + 2),
    [`GIT_CONFIG_KEY_${first}`]: "gc.auto",
    [`GIT_CONFIG_VALUE_${first}`]: "0",
    [`GIT_CONFIG_KEY_${first + 1}`]: "maintenance.auto",
    [`GIT_CONFIG_VALUE_${first + 1}`]: "false",
  });
});

test("puts the worktree's tools first, under the name that the variable has", () => {
  expect(pathWithTools({ PATH: "/bin" }, "/w")).toEqual({ PATH: "/w/node_modules/.bin:/bin" });
  expect(pathWithTools({ Path: "/bin" }, "/w")).toEqual({ Path: "/w/node_modules/.bin:/bin" });
  expect(pathWithTools({}, "/w")).toEqual({ PATH: "/w/node_modules/.bin" });
});
