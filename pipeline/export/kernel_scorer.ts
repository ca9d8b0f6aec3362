/** The int8 graph as our kernels run it in the worker, as what bits per character are measured with. */

import type { Scorer } from "../lib/gpt/onnx/scorer.ts";
import type { ModelShape } from "../lib/gpt/config.ts";
import { loadForward, MAX_ROWS } from "../lib/gpt/wasm/forward.ts";
import type { StoredWeights } from "../lib/gpt/wasm/weights.ts";

/** `kernels`: see wasm/compile.ts. */
export function kernelScorer(
  kernels: WebAssembly.Module,
  weights: StoredWeights,
  shape: ModelShape,
): Pick<Scorer, "score"> {
  const forward = loadForward(kernels, weights, shape, 1);
  return {
    // Async, as every scorer is.
    // deno-lint-ignore require-await
    async score(inputs, targets, length) {
      const logProbabilities = new Float32Array(inputs.length);
      for (let start = 0; start < inputs.length; start += length) {
        for (let past = 0; past < length; past += MAX_ROWS) {
          const from = start + past, to = start + Math.min(length, past + MAX_ROWS);
          const logits = forward.run([...inputs.subarray(from, to)], 0, past, to - from);
          for (let at = from; at < to; at++) {
            const row = logits.subarray((at - from) * shape.vocab_size).subarray(
              0,
              shape.vocab_size,
            );
            logProbabilities[at] = logProbability(row, targets[at]);
          }
        }
      }
      return {
        logProbabilities,
      };
    },
  };
}

/** ln softmax(logits)[target] */
export function logProbability(logits: Float32Array, target: number): number {
  let peak = -Infinity, sum = 0;
  for (const value of logits) if (value > peak) peak = value;
  for (const value of logits) sum += Math.exp(value - peak);
  return logits[target] - peak - Math.log(sum);
}
