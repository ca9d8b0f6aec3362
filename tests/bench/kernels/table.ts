/** Results of the bench as text: for the terminal, and in Markdown for kernels/BENCHMARKS.md. */

import type { JaxJs } from "./compare_jax_js.ts";
import type { Roof } from "./measure.ts";

export interface Row {
  preset: string;
  operation: string;
  milliseconds: number;
  /** GFLOP/s where the op computes, GB/s where it only moves memory. */
  rate: number;
  unit: "GFLOP/s" | "GB/s";
  /** Of the adapter's own roof. */
  share: number;
  /** Operations per byte. */
  intensity: number;
}

export function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ operation }) => operation.length));
  return rows.map(({ operation, milliseconds, rate, unit, share }) =>
    [
      operation.padEnd(width),
      `${milliseconds.toFixed(3).padStart(10)} ms`,
      `${rate.toFixed(1).padStart(9)} ${unit.padEnd(7)}`,
      `${(100 * share).toFixed(0).padStart(4)}% of the roof`,
    ].join("  ")
  ).join("\n");
}

export const jaxText = ({ operation, ours, theirs, version }: JaxJs): string =>
  `${operation} by jax-js ${version}: ${theirs.toFixed(1)} GFLOP/s; ` +
  `ours is ${(ours / theirs).toFixed(1)} times as fast`;

export function markdown({ title, versions, roof, rows, jax }: {
  title: string;
  versions: Record<string, string>;
  roof: Roof;
  rows: readonly Row[];
  jax?: JaxJs;
}): string {
  const giga = (value: number) => (value / 1e9).toFixed(1);
  const lines = rows.map(({ operation, milliseconds, rate, unit, share }) =>
    `| ${operation} | ${milliseconds.toFixed(3)} | ${rate.toFixed(1)} ${unit} | ${
      (100 * share).toFixed(0)
    }% |`
  );
  const made = Object.entries(versions).map(([name, value]) => `${name} ${value}`).join(", ");
  return `### ${title}

${made}; roof: ${giga(roof.flops)} GFLOP/s of multiply-adds, ${giga(roof.bytes)} GB/s of copying.

| op | ms | rate | of the roof |
| --- | ---: | ---: | ---: |
${lines.join("\n")}
${jax ? `\n${jaxText(jax)}.\n` : ""}`;
}
