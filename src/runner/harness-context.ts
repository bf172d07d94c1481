// What an invocation of a harness must not inherit. A harness often starts Coppice: what its own session has put into the
// environment would make the inner one believe that it is that session, or refuse to start.

/** Beginnings of names that these programs use for themselves. */
const ofSessions = [
  "AGENT_SESSION",
  "BABYSITTER_",
  "CLAUDECODE",
  "CLAUDE_",
  "CODEX_",
  "COPILOT_",
  "CURSOR_",
  "GEMINI_CLI",
  "OPENCODE",
  "PI_CODING_AGENT",
  "PI_SESSION",
];

/** Of those, what the user sets: who they are, where their configuration lies, which provider serves them. */
const ofTheUser = [
  /_(API_KEY|ACCESS_TOKEN|AUTH_TOKEN|OAUTH_TOKEN|GITHUB_TOKEN|HOME|CONFIG_DIR|CONFIG|MODEL)$/,
  /^CLAUDE_CODE_(USE|SKIP)_/,
  /^PI_CODING_AGENT_DIR$/,
];

/** The names of session variables in an environment. */
export function sessionVariables(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(environment).filter((name) => {
    const upper = name.toUpperCase();
    return ofSessions.some((start) => upper.startsWith(start)) && !ofTheUser.some((pattern) => pattern.test(upper));
  });
}
