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
    0.14, 0.02, 0.04, 0.02, 0.1, 0.07, 0.14, 0.41, 0.05, 0.02, 0, 0.02,
    0.02, 0.05, 0.02, 0.28, 0, 0.02, 0, 0.02, 0, 0, 0, 0.02,
  ],
  begun: [
    0.68, 0.54, 0.55, 0.29, 0.31, 0.31, 0.37, 0.32, 0.36, 0.45, 0.02, 0.66,
    0.5, 0.55, 0.37, 0.45, 0.34, 0.32, 0.56, 0.45, 0.02, 0.71, 0.58, 0.53,
    0, 0.1, 0.14, 0.03, 0.34, 0.25, 0.22, 0.23, 0.02, 0.28, 0.65, 0.61,
  ],
  runs: [
    0.13, 0.21, 0.19, 0.41, 0.31, 0.27,
    0.02, 0.02, 0.02, 0.02, 0.02, 0.02,
    0.38, 0.41, 0.35, 0.36, 0.5, 0.46,
    0.01, 0.41, 0.63, 0.54, 0.94, 0.88,
    0.22, 0.54, 0.54, 0.47, 0.58, 0.48,
    0.02, 0.04, 0.47, 0.81, 0.88, 0.89,
    0.02, 0.01, 0.49, 0.64, 0.57, 0.61,
    0.02, 0.02, 0.01, 0.57, 0.86, 0.85,
    0.02, 0.02, 0.7, 0.74, 0.73, 0.65,
    0.02, 0.02, 0.02, 0.56, 0.85, 0.94,
    0.03, 0.11, 0.11, 0.09, 0.15, 0.14,
    0.02, 0.02, 0.02, 0.02, 0.02, 0.02,
    0.33, 0.25, 0.21, 0.25, 0.47, 0.35,
    0.11, 0.01, 0.49, 0.24, 0.84, 0.86,
    0.01, 0.16, 0.33, 0.3, 0.44, 0.44,
    0.02, 0.02, 0.09, 0.7, 0.87, 0.96,
    0.02, 0.02, 0.22, 0.45, 0.5, 0.43,
    0.02, 0.02, 0.02, 0.16, 0.71, 0.86,
    0.02, 0.02, 0.45, 0.62, 0.57, 0.57,
    0.02, 0.02, 0.02, 0.02, 0.92, 0.85,
    0, 0.01, 0.03, 0, 0.02, 0.03,
    0.02, 0.02, 0.02, 0.02, 0.02, 0.02,
    0.14, 0.02, 0.02, 0.11, 0.46, 0.28,
    0.01, 0.02, 0.31, 0.43, 0.4, 0.65,
    0.01, 0.01, 0.15, 0.2, 0.2, 0.4,
    0.02, 0.02, 0.45, 0.43, 0.57, 0.87,
    0.02, 0.02, 0.02, 0.3, 0.39, 0.61,
    0.02, 0.02, 0.02, 0.03, 0.49, 0.61,
    0.02, 0.02, 0.01, 0.56, 0.67, 0.52,
    0.02, 0.02, 0.02, 0.02, 0.7, 0.8,
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
