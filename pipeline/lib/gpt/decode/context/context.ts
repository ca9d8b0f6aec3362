/** A patient's context, ready to be decoded with. */

import type { Tokenizer } from "../types.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { ContextExperts } from "./experts.ts";
import { ContextIndex } from "./index.ts";
import { Lists } from "./lists.ts";
import type { ContextItem } from "./types.ts";
import { Values } from "./values.ts";

/** The index of a patient's texts, and what can be asked of it. */
export interface PatientContext {
  index: ContextIndex;
  experts: ContextExperts;
  lists: Lists;
  values: Values;
}

/** Reads `items`; the texts of later dates count as later, those without a date as of now. */
export function createContext(
  items: readonly ContextItem[],
  tokenizer: Tokenizer,
  vocabulary: Vocabulary,
): PatientContext {
  const inOrder = items.toSorted((a, b) => (a.date || "9999").localeCompare(b.date || "9999"));
  const index = new ContextIndex(inOrder, tokenizer, vocabulary);
  const lists = new Lists(index), values = new Values(index);
  return { index, lists, values, experts: new ContextExperts(index, vocabulary, lists, values) };
}
