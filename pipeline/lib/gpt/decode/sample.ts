/** From logits to the next token: greedy, or sampled with temperature, top-k and top-p. */

export interface Sampling {
  /** 0 (the default) is greedy; below 1 sharpens, above 1 flattens. */
  temperature?: number;
  /** Keep only the k likeliest tokens; 0 or absent keeps all. */
  topK?: number;
  /** Keep the smallest set of tokens whose probabilities reach p (Holtzman et al. 2020); 1 keeps all. */
  topP?: number;
}

/** Throws a `RangeError` naming the first setting no sampling can use. */
export function checkSampling({ temperature = 0, topK = 0, topP = 1 }: Sampling): void {
  const fail = (name: string, value: number, expected: string) => {
    throw new RangeError(`Cannot sample: ${name} is ${value}, expected ${expected}`);
  };
  if (!(temperature >= 0 && temperature < Infinity)) fail("temperature", temperature, "≥ 0");
  if (!(Number.isInteger(topK) && topK >= 0)) fail("topK", topK, "an integer ≥ 0");
  if (!(topP > 0 && topP <= 1)) fail("topP", topP, "0 < topP ≤ 1");
}

/** Index of the largest value; the first of equals. */
export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** softmax(logits / temperature): (vocabSize) probabilities that sum to 1. */
export function softmax(logits: Float32Array, temperature = 1): Float32Array {
  const out = new Float32Array(logits.length);
  let max = -Infinity;
  for (const value of logits) if (value > max) max = value;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    out[i] = Math.exp((logits[i] - max) / temperature);
    sum += out[i];
  }
  for (let i = 0; i < out.length; i++) out[i] /= sum;
  return out;
}

const known = new WeakMap<Float32Array, Float32Array>();

/** softmax(logits), computed once for the same array; for reading only, neither may be written to. */
export function probabilitiesOf(logits: Float32Array): Float32Array {
  let probabilities = known.get(logits);
  if (probabilities === undefined) known.set(logits, probabilities = softmax(logits));
  return probabilities;
}

/** What `probabilitiesOf(logits)` is, where it is known: they must sum to 1. */
export function rememberProbabilities(logits: Float32Array, probabilities: Float32Array): void {
  known.set(logits, probabilities);
}

/** Indices of the `count` largest values, largest first, the first of equals first. */
export function largest(values: Float32Array, count: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (found.length === count && !(values[i] > values[found[count - 1]])) continue;
    let at = found.length;
    while (at > 0 && values[i] > values[found[at - 1]]) at--;
    found.splice(at, 0, i);
    if (found.length > count) found.pop();
  }
  return found;
}

/** The next token for `logits` (vocabSize). `random` gives numbers in [0, 1). */
export function sampleToken(
  logits: Float32Array,
  { temperature = 0, topK = 0, topP = 1 }: Sampling,
  random: () => number,
): number {
  if (temperature === 0) return argmax(logits);
  const probabilities = softmax(logits, temperature);
  if ((topK === 0 || topK >= logits.length) && topP === 1) return draw(probabilities, random());
  const order = Array.from(probabilities.keys()).sort((a, b) =>
    probabilities[b] - probabilities[a] || a - b
  );
  const kept = order.slice(0, nucleusSize(order, probabilities, topK, topP));
  const chosen = draw(Float32Array.from(kept, (token) => probabilities[token]), random());
  return kept[chosen];
}

/** How many of `order` (likeliest first) survive both limits; at least one. */
function nucleusSize(
  order: number[],
  probabilities: Float32Array,
  topK: number,
  topP: number,
): number {
  const limit = topK === 0 ? order.length : Math.min(topK, order.length);
  let sum = 0;
  for (let count = 0; count < limit; count++) {
    sum += probabilities[order[count]];
    if (sum >= topP) return count + 1;
  }
  return limit;
}

/** An index drawn in proportion to `weights`; `u` in [0, 1). */
function draw(weights: Float32Array, u: number): number {
  let total = 0;
  for (const weight of weights) total += weight;
  let left = u * total;
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i];
    if (left < 0) return i;
  }
  return argmax(weights); // rounding left a crumb: take the likeliest, never an excluded one
}
