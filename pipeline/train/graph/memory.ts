/** How much a training graph needs beside weights and optimizer, and how to keep it in bounds. */

import type { GptConfig } from "../../lib/gpt/config.ts";

/** What the activations of one run of the graph may take, in bytes. */
export const ACTIVATION_BUDGET = 2 ** 30;

/**
 * Bytes that the forward pass keeps for the backward pass, for so many sequences. Per token and
 * layer: 10 C around attention (inputs and outputs of norms, heads, residual stream), 16 C in the
 * MLP (GELU keeps four tensors of 4 C), and of the causal half of the H · T attention weights one
 * copy, two with dropout; per token three rows of the vocabulary (logits, probabilities, gradient).
 */
export function activationBytes(config: GptConfig, sequences: number): number {
  const { n_layer, n_embd, n_head, n_positions, vocab_size, attn_pdrop } = config;
  const copies = attn_pdrop > 0 ? 2 : 1;
  const layer = 26 * n_embd + copies * 0.625 * n_head * n_positions;
  return 4 * sequences * n_positions * (n_layer * layer + 3 * vocab_size);
}

/**
 * Into how many sequences at a time a micro-batch is best cut: the largest divisor of its size whose
 * activations fit `budget`, or 1. The gradient is the same, as the parts' are added up.
 */
export function sequencesPerRun(config: GptConfig, batchSize: number, budget: number): number {
  for (let parts = 1; parts <= batchSize; parts++) {
    const sequences = batchSize / parts;
    if (!Number.isInteger(sequences)) continue;
    if (activationBytes(config, sequences) <= budget) return sequences;
  }
  return 1;
}

/** Bytes of the dropout masks of one run: one per value that may be dropped. */
export function maskBytes(config: GptConfig, sequences: number): number {
  const { n_layer, n_embd, n_head, n_positions, embd_pdrop, attn_pdrop, resid_pdrop } = config;
  const ifDropped = (p: number, bytes: number) => p > 0 ? bytes : 0;
  return sequences * n_positions * (
    ifDropped(embd_pdrop, n_embd) +
    n_layer * (ifDropped(resid_pdrop, 2 * n_embd) +
        ifDropped(attn_pdrop, 0.625 * n_head * n_positions))
  );
}
