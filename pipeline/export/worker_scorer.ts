/** The worker's file read by the worker's code, as what bits per character are measured with. */

import type { Scorer } from "../lib/gpt/onnx/scorer.ts";
import { loadForward, MAX_ROWS, type ModelShape } from "../lib/gpt/wasm/forward.ts";

/** `file`: the bytes of worker.safetensors; `kernels`: see wasm/compile.ts. */
export function workerScorer(
  kernels: WebAssembly.Module,
  file: Uint8Array,
  shape: ModelShape,
): Pick<Scorer, "score"> {
  const forward = loadForward(kernels, file, shape, 1);
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
            logProbabilities[at] = row[targets[at]] - logSumExp(row);
          }
        }
      }
      return {
        logProbabilities,
        topIds: new Int32Array(0),
        topLogProbabilities: new Float32Array(0),
      };
    },
  };
}

function logSumExp(values: Float32Array): number {
  let peak = -Infinity, sum = 0;
  for (const value of values) if (value > peak) peak = value;
  for (const value of values) sum += Math.exp(value - peak);
  return peak + Math.log(sum);
}
