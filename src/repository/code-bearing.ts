// Which configuration makes git, or a program that reads git's configuration, run something, read objects from elsewhere, or
// read further configuration. Such a change reaches beyond its worktree: the user's next `git commit` would run it.
// Kept as a list of names, not as "everything but a few": `git push -u`, `git remote add` and `git branch` write configuration all
// the time, and must stop nothing.

import type { ConfigurationEntry } from "../git/native.js";

/** Section and key in lower case, as git reports them; a subsection as it is written. */
const names: readonly RegExp[] = [
  // Programs that git starts by itself.
  /^core\.(hookspath|sshcommand|gitproxy|editor|askpass|alternaterefscommand)$/,
  /^core\.(attributesfile|worktree)$/, // names filters; makes another folder the working tree
  /^hook\..*\.command$/,
  /^(filter|lfs\.extension)\..*\.(clean|smudge|process)$/,
  /^diff\.external$/,
  /^diff\..*\.(command|textconv)$/,
  /^merge\..*\.driver$/,
  /^(mergetool|difftool|guitool|browser|man)\..*\.(cmd|path)$/,
  /^(sequence\.editor|interactive\.difffilter)$/,
  /^gpg(\..*)?\.program$/,
  /^gpg\.ssh\.defaultkeycommand$/,
  /^trailer\..*\.(command|cmd)$/,
  /^tar\..*\.command$/,
  /^credential(\..*)?\.helper$/,
  /^remote\..*\.(uploadpack|receivepack|vcs)$/,
  /^(protocol(\..*)?\.allow|uploadpack\.packobjectshook|gc\.recentobjectshook|imap\.tunnel)$/,
  /^lfs\.(customtransfer\..*\.path|standalonetransferagent)$/,
  /^sendemail\..*(smtpserver|sendmailcmd|tocmd|cccmd|headercmd)$/,
  /^sendemail\.(smtpserver|sendmailcmd|tocmd|cccmd|headercmd)$/,
  // Further configuration, with all of the above.
  /^include(if\..*)?\.path$/,
];

/** These start a program unless they only switch something on or off. */
const switches = /^(core\.fsmonitor|core\.pager|pager\..+)$/;
const boolean = /^(true|false|yes|no|on|off|\d*)$/i;

/** An alias is another command of git's, unless it is one for the shell, or brings configuration of its own (`-c`). */
const aliases = /^alias\./;
/** `!command`; anything else is a word that git knows. */
const updates = /^submodule\..*\.update$/;

export function isCodeBearing({ name, value }: ConfigurationEntry): boolean {
  if (names.some((pattern) => pattern.test(name))) return true;
  if (value === null) return false;
  if (switches.test(name)) return !boolean.test(value);
  if (aliases.test(name)) return /^\s*[!-]/.test(value);
  return updates.test(name) && value.startsWith("!");
}

/** The lines of an attributes file that name a filter, a diff or a merge program: configuration says what each of them runs. */
export function codeBearingAttributes(text: string): string[] {
  return text.split("\n").filter((line) => /\s(filter|diff|merge)=/.test(line) && !/^\s*#/.test(line));
}
