/**
 * λ where no validation notes with a context have been fitted: docs/experiments/2026-12-01-grounded.md
 * says on which notes they were. Kinds without an entry speak as `conversation` does.
 */

import { type Expert, experts } from "./experts.ts";
import { type ContextKind, contextKinds } from "./types.ts";
import type { ContextWeights } from "./weights.ts";

type Table = Readonly<Record<Expert, readonly number[]>>;

// deno-fmt-ignore
const conversation: Table = {
  words: [
    0.05, 0.32, 0, 0.02, 0.06, 0.06,
  ],
  begun: [
    0.54, 0.52, 0.4, 0.29, 0.39, 0.29, 0.56, 0.37, 0.48, 0.57, 0.81, 0.61,
  ],
  runs: [
    0.1, 0.14, 0.13, 0.33, 0.22, 0.15,
    0.02, 0.02, 0.02, 0.02, 0.02, 0.02,
    0.34, 0.31, 0.26, 0.35, 0.45, 0.4,
    0.04, 0.31, 0.68, 0.58, 0.86, 0.86,
    0.15, 0.4, 0.41, 0.4, 0.45, 0.52,
    0.02, 0.06, 0.76, 0.89, 0.95, 0.96,
    0.02, 0.05, 0.42, 0.59, 0.53, 0.56,
    0.02, 0.02, 0.13, 0.6, 0.96, 0.82,
    0.02, 0.53, 0.75, 0.72, 0.65, 0.62,
    0.02, 0.02, 0.02, 0.58, 0.93, 0.95,
  ],
  lists: [
    0.02, 0.02, 0.02, 0.02,
  ],
  values: [
    0.03, 0, 0.88, 0.02,
  ],
};

const fitted: Partial<Record<ContextKind, Table>> = { conversation };

/** λ by expert, kind and class. */
export const defaultContextWeights: ContextWeights = Object.fromEntries(
  experts.map((expert) => [
    expert,
    contextKinds.flatMap((kind) => (fitted[kind] ?? conversation)[expert]),
  ]),
) as unknown as ContextWeights;
