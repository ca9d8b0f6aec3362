/** An exported graph as what bits per character are measured with: the very file, text by text. */

import type { GptConfig } from "../lib/gpt/config.ts";
import type { Runtime } from "../lib/gpt/onnx/runtime.ts";
import type { Scorer } from "../lib/gpt/onnx/scorer.ts";
import { logProbability } from "./kernel_scorer.ts";

/** `file`: an ONNX graph of the form of lib/gpt/onnx/decoder_graph.ts. */
export async function graphScorer(
  runtime: Runtime,
  file: Uint8Array,
  { vocab_size, n_layer, n_head, n_embd }: GptConfig,
): Promise<Pick<Scorer, "score" | "close">> {
  const session = await runtime.createSession(file);
  const { Tensor } = runtime;
  const none = () => new Tensor("float32", new Float32Array(0), [1, n_head, 0, n_embd / n_head]);
  const past = Object.fromEntries(
    Array.from({ length: n_layer }, (_, layer) =>
      ["key", "value"].map((part) => [
        `past_key_values.${layer}.${part}`,
        none(),
      ])).flat(),
  );
  return {
    // One text at a time: dynamic quantization takes its scale from all that is fed together.
    async score(inputs, targets, length) {
      const logProbabilities = new Float32Array(inputs.length);
      for (let start = 0; start < inputs.length; start += length) {
        const int64 = (value: (i: number) => number) =>
          new Tensor("int64", BigInt64Array.from({ length }, (_, i) => BigInt(value(i))), [
            1,
            length,
          ]);
        const { logits } = await session.run({
          input_ids: int64((i) => inputs[start + i]),
          attention_mask: int64(() => 1),
          position_ids: int64((i) => i),
          ...past,
        }, ["logits"]);
        const data = logits.data as Float32Array;
        for (let at = 0; at < length; at++) {
          const row = data.subarray(at * vocab_size, (at + 1) * vocab_size);
          logProbabilities[start + at] = logProbability(row, targets[start + at]);
        }
      }
      return {
        logProbabilities,
      };
    },
    close: () => session.release(),
  };
}
