/** Token and position embeddings, and the output head that shares the token embedding. */

import type { F32, Index } from "../../lib/gpt/onnx/builder.ts";
import type { Tape } from "./layer.ts";

export interface Embedding {
  out: F32;
  /** Given dout and the gradient that the shared table got as the output head. */
  backward(dout: F32, dtable: F32): void;
}

/** ids (N) → wte[id] + wpe[position], (N, C). */
export function embedding(tape: Tape, ids: Index): Embedding {
  const { g, config: { n_embd, n_positions }, batchSize } = tape;
  const cube = [batchSize, n_positions, n_embd], matrix = [batchSize * n_positions, n_embd];
  const tokens = g.reshape(g.gather(tape.parameter("wte.weight"), ids), cube);
  return {
    out: g.reshape(g.add(tokens, tape.parameter("wpe.weight")), matrix),
    backward(dout, dtable) {
      tape.gradient("wpe.weight", g.reduceSum(g.reshape(dout, cube), [0], false));
      // Not ScatterND: with reduction "add" it races on the CPU when two rows have the same index.
      const row = g.expand(g.unsqueeze(ids, [1]), g.ints(matrix));
      tape.gradient("wte.weight", g.scatterAdd(dtable, row, dout, 0));
    },
  };
}

export interface Head {
  /** Mean cross-entropy in nats, a scalar. */
  loss: F32;
  backward(): { dhidden: F32; dtable: F32 };
}

/** Hidden states (N, C) and targets (N) → the loss of softmax(hidden · wteᵀ). */
export function tiedHead(tape: Tape, hidden: F32, targets: Index): Head {
  const { g, config: { n_positions }, batchSize } = tape;
  const count = batchSize * n_positions;
  const table = tape.parameter("wte.weight");
  const logits = g.fusedMatMul(hidden, table, { transB: true });
  const probabilities = g.softmax(logits);
  const column = g.unsqueeze(targets, [1]);
  const chosen = g.log(g.max(g.gatherElements(probabilities, column), g.scalar(1e-38)));
  return {
    loss: g.reshape(g.mul(g.reduceMean(chosen, [0, 1]), g.scalar(-1)), []),
    backward() {
      // dlogits = (softmax − one-hot) / N; the division is folded into the two products.
      const dlogits = g.scatterAdd(probabilities, column, g.filled([count, 1], -1), 1);
      const alpha = 1 / count;
      return {
        dhidden: g.fusedMatMul(dlogits, table, { alpha }),
        dtable: g.transpose(
          g.fusedMatMul(g.transpose(hidden, [1, 0]), dlogits, { alpha }),
          [1, 0],
        ),
      };
    },
  };
}
