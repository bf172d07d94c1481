// The environment in which everything is measured: no configuration of whoever runs it, and for the git command what is
// fair to it: it never stops to collect garbage or to run maintenance in the middle of a measurement.

const withoutForeign = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GIT|XDG)_/.test(name)));

const person = { name: "A U Thor", email: "author@example.com" };

const settings: Record<string, string> = {
  "gc.auto": "0",
  "maintenance.auto": "false",
  "advice.detachedHead": "false",
  "merge.stat": "false",
};

/** What git's manual recommends for large repositories, and checking out in parallel. */
const tunedSettings: Record<string, string> = {
  "core.untrackedCache": "true",
  "core.preloadIndex": "true",
  "index.threads": "true",
  "checkout.workers": "0",
  "feature.manyFiles": "true",
};

export const measuredEnvironment: NodeJS.ProcessEnv = {
  ...withoutForeign(),
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_EDITOR: "true",
  GIT_AUTHOR_NAME: person.name,
  GIT_AUTHOR_EMAIL: person.email,
  GIT_COMMITTER_NAME: person.name,
  GIT_COMMITTER_EMAIL: person.email,
  LC_ALL: "C",
  TZ: "UTC",
  ...asVariables(settings),
};

export const tunedEnvironment: NodeJS.ProcessEnv = {
  ...measuredEnvironment,
  ...asVariables({ ...settings, ...tunedSettings }),
};

/** The repository's own settings: libraries read no variables. */
export const repositorySettings: Record<string, string> = { "user.name": person.name, "user.email": person.email };

function asVariables(config: Record<string, string>): NodeJS.ProcessEnv {
  const entries = Object.entries(config).flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(Object.keys(config).length), ...Object.fromEntries(entries) };
}
