// The environment in which tests run git and the library: no configuration, identity, date or repository of whoever
// runs them. Set for the whole process by global-setup.ts; handed to each git that the oracle starts.

/** Unix time of the first commit of every test repository; each further commit ticks on by one minute. */
export const firstCommitTime = 1_700_000_000;

const identity = {
  GIT_AUTHOR_NAME: "A U Thor",
  GIT_AUTHOR_EMAIL: "author@example.com",
  GIT_COMMITTER_NAME: "C O Mitter",
  GIT_COMMITTER_EMAIL: "committer@example.com",
};

const isolation = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_EDITOR: "false",
  GIT_PAGER: "cat",
  LC_ALL: "C.UTF-8",
  TZ: "UTC",
};

/**
 * The process's environment without anything of git's, with the fixed values instead.
 * @param home folder that stands for the user's home; it should be empty
 * @param time author and committer date in seconds since 1970, written as UTC
 */
export function gitEnvironment(home: string, time = firstCommitTime): NodeJS.ProcessEnv {
  const foreign = (name: string) => name.startsWith("GIT_") || name.startsWith("XDG_");
  const rest = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign(name)));
  return { ...rest, ...isolation, ...identity, ...gitDates(time), HOME: home, XDG_CONFIG_HOME: `${home}/.config` };
}

/** The two variables that date a commit. */
export function gitDates(time: number): { GIT_AUTHOR_DATE: string; GIT_COMMITTER_DATE: string } {
  return { GIT_AUTHOR_DATE: `${time} +0000`, GIT_COMMITTER_DATE: `${time} +0000` };
}

/** Make `gitEnvironment(home)` the environment of this process and of all that it starts. */
export function enterGitEnvironment(home: string): void {
  const environment = gitEnvironment(home);
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
}
