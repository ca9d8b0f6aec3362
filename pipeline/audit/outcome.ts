/**
 * From a measurement to an outcome. What decides is the interval, not the estimate: a check passes
 * where even the upper end is allowed, fails where even the lower end is not, and otherwise cannot
 * tell. So neither few notes nor luck pass a model.
 */

import { format } from "../lib/base/format.ts";
import type { Interval } from "../lib/base/intervals.ts";

export const outcomes = ["pass", "fail", "cannot tell"] as const;
export type Outcome = (typeof outcomes)[number];

export interface Measured {
  /** The interval that `size` times as many observations like these would give; 1 for these. */
  at: (size: number) => Interval;
  limit: number;
  /** Observations, and what they are. */
  count: number;
  unit: string;
}

export interface Judgement {
  outcome: Outcome;
  /** Where it cannot tell: what would. */
  needed?: string;
}

/** Most times as many observations that are worth asking for. */
const MOST = 1e4;

/** The outcome of a measurement that must not be above its limit. */
export function judge({ at, limit, count, unit }: Measured): Judgement {
  if (count === 0) return { outcome: "cannot tell", needed: `some ${unit}; there were none` };
  const { value, low, high } = at(1);
  if (high <= limit) return { outcome: "pass" };
  if (low > limit) return { outcome: "fail" };
  if (value > limit) {
    return { outcome: "cannot tell", needed: `a lower figure: more ${unit} would rather fail it` };
  }
  let enough = 1;
  while (enough < MOST && at(enough).high > limit) enough *= 1.05;
  return {
    outcome: "cannot tell",
    needed: enough < MOST
      ? `about ${format(Math.ceil(enough * count))} ${unit}, if the figure stays`
      : `a lower figure: it lies at the limit`,
  };
}

/** The outcome of all together: one that fails fails all, one that cannot tell leaves all open. */
export function verdictOf(checks: readonly { outcome: Outcome }[]): Outcome {
  const has = (outcome: Outcome) => checks.some((check) => check.outcome === outcome);
  return has("fail") ? "fail" : has("cannot tell") || checks.length === 0 ? "cannot tell" : "pass";
}
