/**
 * Loads tests/fixtures/gpt2_tiny.*: what PyTorch computed for a tiny GPT-2 (see
 * tests/oracle/gpt2_fixture.py). Its own small reader, so that no code under test reads the truth.
 */

import type { GptConfig } from "../../pipeline/lib/gpt/config.ts";
import type { Batch } from "../../pipeline/train/engine.ts";
import type { Tensors } from "../../pipeline/lib/gpt/model/parameters.ts";

export interface Gpt2Fixture {
  config: GptConfig;
  optimizer: {
    beta1: number;
    beta2: number;
    adam_epsilon: number;
    weight_decay: number;
    max_grad_norm: number;
  };
  /** What made the file: `torch`, `transformers`, … */
  versions: Record<string, string>;
  /** Ten batches of (batch_size, n_positions), one per training step. The first one also gave
   * `logits`, `loss`, `gradients` and `grad_norm` at the initial parameters. */
  batches: Batch[];
  batch_size: number;
  /** Initial parameters, by the names of pipeline/lib/gpt/model/parameters.ts. */
  parameters: Tensors;
  /** (batch_size, n_positions, vocab_size) */
  logits: Float32Array;
  loss: number;
  /** Of the mean loss, before clipping. */
  gradients: Tensors;
  grad_norm: number;
  learning_rates: number[];
  /** Before each of the ten steps, float64. */
  losses: number[];
  /** Before clipping, float64. */
  grad_norms: number[];
  /** The same losses when PyTorch computes in float32 on the CPU. */
  losses_float32: number[];
  /** Parameters after the ten steps. */
  trained: Tensors;
}

const path = (name: string) => new URL(`../fixtures/${name}`, import.meta.url);

/** The same ten steps with PyTorch's Muon: see tests/oracle/muon_fixture.py. */
export interface MuonFixture
  extends Pick<Gpt2Fixture, "losses" | "grad_norms" | "versions" | "trained"> {
  momentum: number;
}

export function loadMuonFixture(): MuonFixture {
  const record = JSON.parse(Deno.readTextFileSync(path("gpt2_tiny_muon.json")));
  return { ...record, trained: tensorsOf("gpt2_tiny_muon.safetensors").group("trained") };
}

function tensorsOf(name: string) {
  const { entries, data } = parseSafetensors(Deno.readFileSync(path(name)));
  const bytesOf = (name: string) => data.slice(...entries[name].data_offsets).buffer;
  const group = (prefix: string): Tensors =>
    new Map(
      Object.keys(entries).filter((name) => name.startsWith(`${prefix}.`)).map((name) => [
        name.slice(prefix.length + 1),
        new Float32Array(bytesOf(name)),
      ]),
    );
  return { entries, bytesOf, group };
}

export function loadGpt2Fixture(): Gpt2Fixture {
  const record = JSON.parse(Deno.readTextFileSync(path("gpt2_tiny.json")));
  const { entries, bytesOf, group } = tensorsOf("gpt2_tiny.safetensors");
  return {
    ...record,
    batches: splitBatches(new Int32Array(bytesOf("batches")), entries.batches.shape),
    batch_size: entries.batches.shape[1],
    parameters: group("parameters"),
    logits: new Float32Array(bytesOf("logits")),
    gradients: group("gradients"),
    trained: group("trained"),
  };
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** A safetensors file: header length (uint64), JSON header, data. */
function parseSafetensors(file: Uint8Array<ArrayBuffer>) {
  const headerLength = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = new TextDecoder().decode(file.subarray(8, 8 + headerLength));
  const entries: Record<string, Entry> = JSON.parse(header);
  return { entries, data: file.subarray(8 + headerLength) };
}

/** (steps, batch, positions + 1) tokens → inputs and targets, shifted by one. */
function splitBatches(tokens: Int32Array, [steps, batch, length]: number[]): Batch[] {
  const window = (step: number, shift: number) => {
    const out = new Int32Array(batch * (length - 1));
    for (let row = 0; row < batch; row++) {
      const start = (step * batch + row) * length + shift;
      out.set(tokens.subarray(start, start + length - 1), row * (length - 1));
    }
    return out;
  };
  return Array.from({ length: steps }, (_, step) => ({
    inputs: window(step, 0),
    targets: window(step, 1),
  }));
}
