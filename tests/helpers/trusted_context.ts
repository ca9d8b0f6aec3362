// Weights under which every expert of a context is believed, so that tests need no fitted ones.

import { experts } from "../../pipeline/lib/gpt/decode/context/experts.ts";
import {
  type ContextWeights,
  weightCountOf,
} from "../../pipeline/lib/gpt/decode/context/weights.ts";

export const trustedWeights = Object.fromEntries(
  experts.map((expert) => [expert, new Array<number>(weightCountOf(expert)).fill(0.8)]),
) as unknown as ContextWeights;
