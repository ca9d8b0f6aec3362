/** One of the bench's products by jax-js, timed in a process of its own (jax_js.ts). */

import type { Row } from "./table.ts";

export interface JaxJs {
  operation: string;
  /** GFLOP/s */
  ours: number;
  theirs: number;
  version: string;
}

/** Throws an `Error` where npm cannot be reached or jax-js finds no adapter. */
export async function compareJaxJs({ operation, rate }: Row, repeats: number): Promise<JaxJs> {
  const [m, n, k] = /(\d+)×(\d+)×(\d+)$/.exec(operation)!.slice(1).map(Number);
  const script = new URL("./jax_js.ts", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--no-check", script, ...[m, n, k, repeats].map(String)],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  if (!success) {
    const reason = text.decode(stderr).trim().split("\n").find((line) => /error/i.test(line));
    throw new Error(`Cannot time jax-js: ${reason}; leave --jax-js out`);
  }
  const { seconds, version } = JSON.parse(text.decode(stdout).trim().split("\n").at(-1)!);
  return { operation, ours: rate, theirs: 2 * m * n * k / seconds / 1e9, version };
}
