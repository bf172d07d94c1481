// The process of the tests: many code tasks in one `parallel.all` or `parallel.map`, then what depends on them. `inputs` says which,
// so that one module serves every test. It knows nothing of worktrees.
import tasks from "@a5c-ai/babysitter-sdk/dist/tasks/index.js";

const { defineTask } = tasks;

const edit = defineTask("edit", ({ label, edit, onConflict }) => ({
  kind: "node",
  title: `edit ${label}`,
  node: { entry: "tools/edit.mjs", args: [JSON.stringify(edit)] },
  ...(onConflict === undefined ? {} : { metadata: { onConflict } }),
}));
const count = defineTask("count", () => ({
  kind: "shell",
  title: "count",
  shell: { command: "ls out | wc -l > count.txt" },
}));

export async function process(inputs, ctx) {
  const run = async (one) => {
    try {
      return await ctx.task(edit, one, { label: one.label });
    } catch (error) {
      // The SDK says by throwing that an effect is pending; only what has failed is caught here.
      if (inputs.strict || error.batch !== undefined || error.action !== undefined) throw error;
      return { error: error.name };
    }
  };
  const { edits } = inputs;
  const edited = inputs.map
    ? await ctx.parallel.map(edits, run)
    : await ctx.parallel.all(edits.map((one) => () => run(one)));
  const answers = [];
  if (inputs.others) {
    answers.push(await ctx.breakpoint({ question: "go on?" }));
    answers.push(await ctx.orchestratorTask({ what: "look" }));
    answers.push(await ctx.sleepUntil("2099-01-01T00:00:00Z"));
  }
  await ctx.task(count, {});
  const last = await run({ label: "last", edit: { path: "last.txt", copy: "count.txt" } });
  return { edited, answers, last };
}
