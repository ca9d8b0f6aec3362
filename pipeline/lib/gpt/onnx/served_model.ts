/**
 * A GPT-2 with a key-value cache as an ONNX file, behind ONNX Runtime, as decoding needs it: our own
 * export, and those of Hugging Face optimum and transformers.js. Takes the runtime as an argument:
 * onnxruntime-web in the worker, native in tests. Keys and values are the graph's own outputs; those
 * of a bounded number of texts are kept (decode/slot_model.ts).
 *
 * | input                          | fed with                                                   |
 * |--------------------------------|------------------------------------------------------------|
 * | input_ids                      | int64 (1, new)                                             |
 * | attention_mask                 | int64 (1, past + new), ones                                |
 * | position_ids                   | int64 (1, new)                                             |
 * | past_key_values.N.key, .value  | float32 (1, heads, past, n_embd / heads)                   |
 * | use_cache_branch               | bool (1): whether past > 0, in optimum's merged graphs     |
 * | num_logits_to_keep             | int64 (): 1                                                |
 *
 * `input_ids` and the past must be among a graph's inputs, the others may.
 */

import type * as Ort from "onnxruntime-web";
import type { ModelShape } from "../config.ts";
import { slotModel, type SlotState } from "../decode/slot_model.ts";
import type { NextTokenModel } from "../decode/types.ts";

/** What every build of ONNX Runtime has. */
export type OrtRuntime = Pick<typeof Ort, "InferenceSession" | "Tensor">;

export interface ServedModelOptions {
  /** Most bytes for keys and values; at least two texts are kept whatever it says. */
  cacheBytes?: number;
  session?: Ort.InferenceSession.SessionOptions;
}

/** Most tokens of one run: a longer one lets ONNX Runtime's memory grow, which never shrinks. */
const MAX_TOKENS = 64;

type Tensors = Record<string, Ort.Tensor>;

/** Keys and values of one text, by the input they are fed to: (1, heads, length, width) each. */
interface Slot {
  length: number;
  past: Tensors;
}

/** Loads `file`; throws a `TypeError` that names what a graph lacks or asks for beyond the above. */
export async function loadServedModel(
  ort: OrtRuntime,
  file: Uint8Array,
  shape: Omit<ModelShape, "layer_norm_epsilon">,
  { cacheBytes = 0, session: options }: ServedModelOptions = {},
): Promise<NextTokenModel<SlotState> & { release(): Promise<void> }> {
  const { n_embd, n_head, n_layer, n_positions, vocab_size } = shape;
  const session = await ort.InferenceSession.create(file, {
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    ...options,
  });
  const inputs = new Set(session.inputNames);
  requireKnown(session, n_layer);
  const width = n_embd / n_head;
  const slotBytes = 4 * 2 * n_layer * n_embd * n_positions;
  const slots: Slot[] = Array.from(
    { length: Math.max(2, Math.floor(cacheBytes / slotBytes)) },
    () => ({ length: 0, past: {} }),
  );
  const pastNames = pastInputs(n_layer);
  const fetches = ["logits", ...pastNames.map(presentOf)];

  const int64 = (values: BigInt64Array<ArrayBuffer>) =>
    new ort.Tensor("int64", values, [1, values.length]);
  const optional: Record<string, (past: number, count: number) => Ort.Tensor> = {
    attention_mask: (past, count) => int64(new BigInt64Array(past + count).fill(1n)),
    position_ids: (past, count) =>
      int64(BigInt64Array.from({ length: count }, (_, i) => BigInt(past + i))),
    use_cache_branch: (past) => new ort.Tensor("bool", Uint8Array.of(past > 0 ? 1 : 0), [1]),
    num_logits_to_keep: () => new ort.Tensor("int64", BigInt64Array.of(1n), []),
  };

  /** The first `length` tokens of a slot. */
  const start = ({ length, past }: Slot, wanted: number): Tensors => {
    if (length === wanted && wanted > 0) return past;
    return Object.fromEntries(pastNames.map((name) => {
      const data = wanted === 0
        ? new Float32Array(0)
        : firstRows(past[name].data as Float32Array, n_head, length, wanted, width);
      return [name, new ort.Tensor("float32", data, [1, n_head, wanted, width])];
    }));
  };

  async function run(tokens: readonly number[], slot: number, past: number, rows: number) {
    const feeds = start(slots[slot], past);
    const all: Tensors = { ...feeds, input_ids: int64(BigInt64Array.from(tokens, BigInt)) };
    for (const [name, make] of Object.entries(optional)) {
      if (inputs.has(name)) all[name] = make(past, tokens.length);
    }
    const results = await session.run(all, fetches);
    slots[slot] = {
      length: past + tokens.length,
      past: Object.fromEntries(pastNames.map((name) => [name, results[presentOf(name)]])),
    };
    const logits = results.logits.data as Float32Array;
    return logits.slice(logits.length - rows * vocab_size);
  }

  const model = slotModel({
    vocabSize: vocab_size,
    contextLength: n_positions,
    slots: slots.length,
    maxTokens: MAX_TOKENS,
    run,
    copySlot(from, to, length) {
      slots[to] = { length, past: start(slots[from], length) };
    },
  });
  return { ...model, release: () => session.release() };
}

const pastInputs = (layers: number) =>
  Array.from({ length: layers }, (_, layer) => [
    `past_key_values.${layer}.key`,
    `past_key_values.${layer}.value`,
  ]).flat();

const presentOf = (past: string) => past.replace("past_key_values", "present");

/** (heads, length, width) cut to (heads, wanted, width). */
function firstRows(
  data: Float32Array,
  heads: number,
  length: number,
  wanted: number,
  width: number,
): Float32Array<ArrayBuffer> {
  const cut = new Float32Array(heads * wanted * width);
  for (let head = 0; head < heads; head++) {
    const from = head * length * width;
    cut.set(data.subarray(from, from + wanted * width), head * wanted * width);
  }
  return cut;
}

function requireKnown({ inputNames, outputNames }: Ort.InferenceSession, layers: number): void {
  const wrong = (why: string) =>
    new TypeError(
      `Cannot serve this ONNX file: ${why}; export a GPT-2 with "deno task export", or with ` +
        `optimum's task text-generation-with-past`,
    );
  const past = pastInputs(layers);
  const missing = ["input_ids", ...past].find((name) => !inputNames.includes(name)) ??
    ["logits", ...past.map(presentOf)].find((name) => !outputNames.includes(name));
  if (missing) throw wrong(`its graph has no ${missing}`);
  const known = ["input_ids", "attention_mask", "position_ids", ...past]
    .concat("use_cache_branch", "num_logits_to_keep");
  const foreign = inputNames.find((name) => !known.includes(name));
  if (foreign !== undefined) throw wrong(`its graph asks for ${foreign}`);
}
