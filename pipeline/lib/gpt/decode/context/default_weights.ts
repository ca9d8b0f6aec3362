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
    0.07, 0.42, 0.02, 0.02, 0.06, 0.13,
  ],
  begun: [
    0.54, 0.52, 0.4, 0.31, 0.38, 0.29, 0.59, 0.38, 0.6, 0.59, 0.8, 0.66,
  ],
  runs: [
    0.12, 0.16, 0.15, 0.34, 0.23, 0.16,
    0.02, 0.02, 0.02, 0.02, 0.02, 0.02,
    0.37, 0.36, 0.29, 0.36, 0.46, 0.41,
    0.01, 0.3, 0.65, 0.53, 0.88, 0.82,
    0.21, 0.4, 0.42, 0.43, 0.46, 0.54,
    0.02, 0.06, 0.76, 0.89, 0.95, 0.96,
    0.02, 0.04, 0.4, 0.59, 0.53, 0.58,
    0.02, 0.02, 0.22, 0.59, 0.96, 0.81,
    0.02, 0.53, 0.75, 0.73, 0.66, 0.62,
    0.02, 0.02, 0.02, 0.69, 0.95, 0.95,
  ],
  lists: [
    0.02, 0.02, 0.02, 0.02,
  ],
  values: [
    0.04, 0, 0.87, 0.02,
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
