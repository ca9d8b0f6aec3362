/**
 * The checkpoint that transformers was given to load when tests/oracle/hugging_face_folder.py made
 * its fixture. Run as a script it writes that checkpoint into the folder named by its argument.
 */

import type { GptConfig } from "../../../../pipeline/lib/gpt/config.ts";
import { type Checkpoint, writeCheckpoint } from "../../../../pipeline/lib/gpt/model/checkpoint.ts";
import { initialParameters } from "../../../../pipeline/lib/gpt/model/init.ts";
import { Random } from "../../../../pipeline/lib/base/random.ts";

const config: GptConfig = {
  vocab_size: 29,
  n_positions: 12,
  n_embd: 8,
  n_layer: 2,
  n_head: 2,
  embd_pdrop: 0,
  attn_pdrop: 0.1,
  resid_pdrop: 0,
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.02,
};

/** Large weights and no bias 0 or gain 1, so that nothing mixed up could stay unseen. */
export function oracleCheckpoint(): Checkpoint {
  const parameters = initialParameters(config, 1);
  for (const [name, values] of parameters) {
    const random = new Random(2, name);
    for (let i = 0; i < values.length; i++) values[i] += 0.3 * random.normal();
  }
  return { config, endOfText: 28, parameters };
}

if (import.meta.main) await writeCheckpoint(Deno.args[0], oracleCheckpoint());
