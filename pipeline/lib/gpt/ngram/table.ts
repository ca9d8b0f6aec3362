/** From counts to the table that is deployed: pruned by patients, smoothed, sorted, written. */

import {
  LOG_STEPS,
  NGRAM_MAGIC,
  NGRAM_VERSION,
  type NgramOrder,
  type NgramTable,
} from "../decode/ngram.ts";
import type { KneserNey } from "./kneser_ney.ts";

/**
 * Keeps the n-grams that occur in the notes of at least `minPatients` different patients. Their
 * discounted probabilities stay as Kneser-Ney gave them; what the removed ones held goes to the
 * shorter contexts. `enoughCounted` is that number where a note was counted as several patients. A
 * single token reveals no phrase, so that all unigrams stay.
 */
export function pruneToTable(
  model: KneserNey,
  endOfText: number,
  minPatients: number,
  enoughCounted = minPatients,
): NgramTable {
  const { counts } = model;
  const orders: NgramOrder[] = [];
  // New index of each node of the order before, or REMOVED.
  let kept = Uint32Array.of(0);
  let parents = 1;
  for (let n = 1; n <= counts.order; n++) {
    const { parent, symbol, patients, size } = counts.orders[n];
    const stays: number[] = [];
    for (let node = 0; node < size; node++) {
      const enough = n === 1 || patients[node] >= enoughCounted;
      if (enough && kept[parent[node]] !== REMOVED && model.discounted[n][node] > 0) {
        stays.push(node);
      }
    }
    stays.sort((a, b) => kept[parent[a]] - kept[parent[b]] || symbol[a] - symbol[b]);
    if (n > 1) {
      orders[n - 2].firstChild = firstChildren(stays.map((node) => kept[parent[node]]), parents);
    }
    orders.push({
      firstChild: new Uint32Array(0),
      token: Uint16Array.from(stays, (node) => symbol[node]),
      weight: Uint16Array.from(stays, (node) => quantize(model.discounted[n][node])),
    });
    kept = new Uint32Array(size).fill(REMOVED);
    stays.forEach((node, index) => kept[node] = index);
    parents = stays.length;
  }
  return { vocabSize: model.vocabulary, endOfText, minPatients, orders };
}

const REMOVED = 0xffffffff;

/** −log₂ in steps, rounded up in weight (down in probability) so that sums stay below one. */
const quantize = (probability: number) =>
  Math.min(65535, Math.ceil(-Math.log2(probability) * LOG_STEPS));

/** For sorted parent indices: where each parent's children begin. */
function firstChildren(parentOf: readonly number[], parents: number): Uint32Array {
  const first = new Uint32Array(parents + 1);
  for (const parent of parentOf) first[parent + 1]++;
  for (let i = 0; i < parents; i++) first[i + 1] += first[i];
  return first.subarray(0, parents);
}

/** The bytes of an `ngram.bin`: see decode/ngram.ts. */
export function writeNgramTable(
  { vocabSize, endOfText, minPatients, orders }: NgramTable,
): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (array: Int32Array | Uint32Array | Uint16Array) => {
    const padded = new Uint8Array(Math.ceil(array.byteLength / 4) * 4);
    padded.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    parts.push(padded);
  };
  add(Int32Array.of(
    NGRAM_MAGIC,
    NGRAM_VERSION,
    orders.length,
    vocabSize,
    endOfText,
    minPatients,
    0,
    0,
  ));
  for (const { firstChild, token, weight } of orders) {
    add(Int32Array.of(token.length));
    add(firstChild);
    add(token);
    add(weight);
  }
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
