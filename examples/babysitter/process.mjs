// A process as it was before Coppice: four tasks edit the same file at once, and a fifth looks at what they have made.
const shout = {
  id: "shout",
  build: ({ word }) => ({
    kind: "shell",
    title: `shout ${word}`,
    shell: { command: `sed -i s/^${word}$/${word.toUpperCase()}/ list.txt` },
  }),
};
const look = {
  id: "look",
  build: () => ({ kind: "shell", title: "look", shell: { command: "paste -sd ' ' list.txt" } }),
};

export async function process({ words }, ctx) {
  await ctx.parallel.map(words, (word) => ctx.task(shout, { word }));
  const { stdout } = await ctx.task(look, {});
  return stdout.trim().split(/ +/);
}
