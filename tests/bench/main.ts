/**
 * `deno task bench NAME [flags]`: runs the `task` that tests/bench/NAME/main.ts exports. Each prints
 * a table and writes the same numbers as JSON under reports/bench/ of the workspace.
 */

import { runTask } from "../../pipeline/lib/base/cli.ts";

const benches = (await Array.fromAsync(Deno.readDir(new URL(".", import.meta.url))))
  .filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
const [name, ...rest] = Deno.args;
if (!benches.includes(name)) {
  const help = name === undefined || name === "--help" || name === "-h";
  const usage = `Usage: deno task bench ${benches.join("|")} [flags]`;
  if (help) console.log(usage);
  else console.error(`error: No bench "${name}"; ${usage}`);
  Deno.exit(help ? 0 : 2);
}
const { task } = await import(`./${name}/main.ts`);
await runTask(task, rest);
