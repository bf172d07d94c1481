/** Something that whoever typed the command can mend: told in one line, without a stack. */
export class Refusal extends Error {}
