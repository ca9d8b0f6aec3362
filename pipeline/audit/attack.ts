/** The membership attacks on a model: by its loss alone, and by its loss against a reference's. */

import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import { codePoints, type Document, spread } from "../lib/gpt/scoring/documents.ts";
import { scoreNotes } from "../lib/gpt/scoring/language_model.ts";
import { NgramCounts } from "../lib/gpt/ngram/counts.ts";
import { KneserNey } from "../lib/gpt/ngram/kneser_ney.ts";
import type { Scorer } from "../lib/gpt/onnx/scorer.ts";
import { type Attack, aucOf, type Membership } from "./membership.ts";
import type { Owned } from "./patients.ts";

/** A note and whose it is. */
export type Note = Document & Owned;

/** How much of a note the attack looks at: more tells little more, and takes longer. */
const ATTACKED_TOKENS = 1024;

/** Order of the reference model in characters, and most notes that it reads. */
const REFERENCE_ORDER = 6;
const REFERENCE_NOTES = 300;

export interface AttackInput {
  scorer: Scorer;
  context: number;
  tokenizer: Tokenizer;
  members: readonly Note[];
  unseen: readonly Note[];
  /**
   * Training notes of patients who are neither among the members' nor among the unseen ones'. A
   * reference that had read other notes of the members' patients would find the members easy too,
   * and the comparison would hide what the model remembers of them.
   */
  reference: readonly Document[];
}

/** Both attacks. */
export async function measureMembership(input: AttackInput): Promise<Membership> {
  const { scorer, context, tokenizer, members, unseen, reference } = input;
  const notes = [...members, ...unseen];
  const documents = notes.map((note) => beginning(note, tokenizer));
  const scores = await scoreNotes(scorer, context, tokenizer.endOfText, documents, "members");
  const attacks = (score: (index: number) => number): Attack[] =>
    notes.map(({ patient }, index) => ({
      score: score(index),
      member: index < members.length,
      patient,
    }));
  const perCharacter = (index: number) => scores[index].bits / documents[index].characters;
  const loss = aucOf(attacks((index) => -perCharacter(index)));
  const learned = spread(reference, REFERENCE_NOTES);
  if (learned.length === 0) return { loss, calibrated: null, referenceNotes: 0 };
  const bits = referenceBits(learned);
  return {
    loss,
    calibrated: aucOf(attacks((index) => bits(documents[index]) - perCharacter(index))),
    referenceNotes: learned.length,
  };
}

function beginning(document: Document, tokenizer: Tokenizer): Document {
  if (document.tokens.length <= ATTACKED_TOKENS) return document;
  const tokens = document.tokens.subarray(0, ATTACKED_TOKENS);
  const text = tokenizer.decode([...tokens]);
  return { tokens, text, characters: codePoints(text) };
}

/** Bits per character under a character n-gram of `notes`. */
function referenceBits(notes: readonly Document[]): (document: Document) => number {
  const symbols = ({ text }: Document) => [0, ...Array.from(text, (c) => c.codePointAt(0)! + 1)];
  const counts = new NgramCounts(REFERENCE_ORDER);
  notes.forEach((document, index) => counts.addSequence(symbols(document), index));
  const model = new KneserNey(counts, counts.orders[1].size + 1);
  return (document) =>
    model.bits(symbols(document)).reduce((a, b) => a + b, 0) / document.characters;
}
