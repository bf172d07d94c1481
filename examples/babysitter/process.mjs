// A process as it was before Coppice: four tasks edit the same file at once, and a fifth looks at what they have made.
const shout = {
  id: "shout",
  build: ({ word }) => ({
    kind: "shell",
    title: `shout ${word}`,
    shell: { command: "sed", args: ["-i", `s/^${word}$/${word.toUpperCase()}/`, "list.txt"] },
  }),
};
const look = {
  id: "look",
  build: () => ({ kind: "shell", title: "look", shell: { command: "paste", args: ["-sd", " ", "list.txt"] } }),
};

export async function process({ words }, ctx) {
  await ctx.parallel.map(words, (word) => ctx.task(shout, { word }));
  const seen = await ctx.task(look, {});
  // The SDK's own runner gives what a command has printed, Coppice its exit code too.
  const text = typeof seen === "string" ? seen : seen.stdout;
  return text.trim().split(/ +/);
}
