import { assert, assertAlmostEquals } from "@std/assert";
import { createContext } from "../../../../pipeline/lib/gpt/decode/context/context.ts";
import {
  areContextWeights,
  mixOpinions,
} from "../../../../pipeline/lib/gpt/decode/context/weights.ts";
import { keysOfTokens } from "../../../../pipeline/lib/gpt/decode/context/units.ts";
import { Vocabulary } from "../../../../pipeline/lib/gpt/decode/vocabulary.ts";
import {
  contextEvidenceOf,
  fitContextWeights,
  withContext,
} from "../../../../pipeline/lib/gpt/scoring/context_level.ts";
import { pieceTokenizer } from "../../../helpers/tiny_language.ts";

const tokenizer = pieceTokenizer("The| patient| takes| digoxin| warfarin| daily".split("|"));
const vocabulary = new Vocabulary(tokenizer);
const uniform = 1 / tokenizer.vocabSize;

function noteWith(text: string, record: string) {
  const context = createContext(
    [{ source: "list", kind: "medications", date: "", text: record }],
    tokenizer,
    vocabulary,
  );
  const tokens = tokenizer.encode(text);
  const evidence = contextEvidenceOf(context, tokens, {
    bytesOf: vocabulary.bytes,
    endOfText: tokenizer.endOfText,
  });
  return { context, tokens, evidence, below: new Float64Array(tokens.length).fill(uniform) };
}

const bits = (probabilities: ArrayLike<number>) =>
  Array.from(probabilities).reduce((sum, p) => sum - Math.log2(p), 0);

Deno.test("the weights trust a record that notes repeat, and not one that they do not", () => {
  const text = "The patient takes digoxin daily";
  const learn = (record: string) => {
    const notes = Array.from({ length: 40 }, () => noteWith(text, record));
    const weights = fitContextWeights(notes.map((n) => n.below), notes.map((n) => n.evidence));
    assert(areContextWeights(weights));
    const [{ below, evidence }] = notes;
    return bits(below) - bits(withContext(below, evidence, weights));
  };
  const gained = learn("digoxin daily"), misled = learn("warfarin weekly");
  assert(gained > 5, `${gained} bits`);
  assert(misled > -1 && misled < gained / 2, `${misled} bits`);
});

Deno.test("what is fitted is what is decoded", () => {
  const { context, tokens, evidence, below } = noteWith(
    "The patient takes digoxin",
    "digoxin daily",
  );
  const weights = fitContextWeights([below], [evidence]);
  const fitted = withContext(below, evidence, weights);
  tokens.forEach((token, at) => {
    const before = [tokenizer.endOfText, ...tokens.slice(0, at)];
    const probabilities = new Float32Array(tokenizer.vocabSize).fill(uniform);
    const mentioned = keysOfTokens(before, vocabulary.bytes);
    mixOpinions(probabilities, context.experts.after(before, mentioned), weights);
    assertAlmostEquals(probabilities[token], fitted[at], 1e-6);
  });
});
