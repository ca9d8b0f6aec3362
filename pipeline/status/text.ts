/** The status of a workspace for a terminal. */

import type { Status, StatusRow } from "./status.ts";

/** One line an artifact, why it is not fresh below it, and the next command at the end. */
export function statusText({ data, artifacts, next }: Status): string {
  const width = Math.max(...artifacts.map(({ artifact }) => artifact.length));
  const lines = [`${data} (times are UTC)`];
  const causes = new Map<string, string>();
  let run: string | null = null;
  for (const row of artifacts) {
    if (row.run !== run) lines.push("", `run ${run = row.run}`);
    lines.push(rowLine(row, width));
    if (row.reason === null) continue;
    // A cause is spelled out once, where it lies.
    const cause = causes.get(row.reason);
    const why = cause === undefined ? row.reason : `as ${cause} is stale`;
    lines.push(`  ${"".padEnd(width)}  ${why}`);
    if (cause === undefined) causes.set(row.reason, row.artifact);
  }
  const or = artifacts.some(({ state }) => state !== "missing")
    ? ""
    : ' with your notes, or "deno task synthesize" for invented ones';
  return [...lines, "", `Next: ${next}${or}`].join("\n");
}

function rowLine({ artifact, state, created, from }: StatusRow, width: number): string {
  const made = created === null ? "" : created.slice(0, 19).replace("T", " ");
  const line = `  ${artifact.padEnd(width)}  ${state.padEnd(7)}  ${made.padEnd(19)}` +
    (from.length === 0 ? "" : `  from ${from.join(", ")}`);
  return line.trimEnd();
}
