import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { pieceTokenizer } from "../helpers/tiny_language.ts";
import { join } from "@std/path";
import { createMixture, mix } from "../../pipeline/lib/gpt/decode/mixture.ts";
import { fitMixture } from "../../pipeline/calibrate/fit_mixture.ts";
import { fitConcentrations } from "../../pipeline/calibrate/levels/note.ts";
import {
  mixtureBits,
  noteEvidenceOf,
  tableBits,
  withNote,
} from "../../pipeline/lib/gpt/scoring/mixture_levels.ts";
import { NgramCounts } from "../../pipeline/lib/gpt/ngram/counts.ts";
import { KneserNey } from "../../pipeline/lib/gpt/ngram/kneser_ney.ts";
import { pruneToTable, writeNgramTable } from "../../pipeline/lib/gpt/ngram/table.ts";
import { inFolder } from "../helpers/in_folder.ts";

const VOCABULARY = 40;

/** Marsaglia's xorshift. */
function random(seed: number) {
  let state = seed + 1;
  return (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Every note has a phrase of its own that it says again and again, between random tokens. */
function notes(count: number, seed: number) {
  return Array.from({ length: count }, (_, index) => {
    const draw = random(seed + index);
    const phrase = Array.from({ length: 5 }, () => 10 + draw(30));
    const tokens: number[] = [];
    while (tokens.length < 160) tokens.push(1, 2, 3, ...phrase, 4 + draw(6));
    return { tokens: Uint16Array.from(tokens), text: "", characters: tokens.length };
  });
}

/** A model that knows nothing. */
const uniform = (documents: ReturnType<typeof notes>) => ({
  documents,
  scores: documents.map(({ tokens }) => ({
    logProbabilities: new Float32Array(tokens.length).fill(-Math.log(VOCABULARY)),
  })),
});

Deno.test("a note's evidence: what followed the last tokens before", () => {
  const { seen, followed } = noteEvidenceOf(Uint16Array.of(7, 8, 9, 7, 8, 9));
  assertEquals([...seen.subarray(25)], [1, 1, 0, 0, 0]); // before the last 9: 8, and 7 8
  assertEquals([...followed.subarray(25)], [1, 1, 0, 0, 0]);
  assertEquals([...seen.subarray(0, 20)], new Array(20).fill(0));
  assertEquals([...seen.subarray(20, 25)], [1, 0, 0, 0, 0]); // before the second 8: 7
});

Deno.test("α is small where notes repeat themselves and large where they do not", () => {
  const bits = (documents: ReturnType<typeof notes>, concentrations: number[]) =>
    documents.reduce((sum, { tokens }) =>
      withNote(
        new Array(tokens.length).fill(1 / VOCABULARY),
        noteEvidenceOf(tokens),
        concentrations,
      ).reduce((sum, p) => sum - Math.log2(p), sum), 0);
  const learn = (documents: ReturnType<typeof notes>) =>
    fitConcentrations(
      documents.map(({ tokens }) => new Array(tokens.length).fill(1 / VOCABULARY)),
      documents.map(({ tokens }) => noteEvidenceOf(tokens)),
    );
  const repeating = notes(12, 5);
  const learned = learn(repeating);
  assertLess(Math.min(...learned), 1);
  assertLess(bits(repeating, learned), 0.5 * bits(repeating, new Array(5).fill(1e9)));
  const draw = random(9);
  const noise = repeating.map((note) => ({ ...note, tokens: note.tokens.map(() => draw(40)) }));
  const none = learn(noise);
  assertGreater(none[0], 20 * Math.min(...learned));
  assertLess(bits(noise, none), 1.001 * bits(noise, new Array(5).fill(1e9)));
});

Deno.test(
  "what is learned on some notes holds for others, and is what the decoder computes",
  inFolder(async (folder) => {
    const counts = new NgramCounts(3);
    notes(30, 1000).forEach(({ tokens }, index) => counts.addSequence([0, ...tokens], index));
    const bytes = writeNgramTable(pruneToTable(new KneserNey(counts, VOCABULARY), 0, 5));
    const path = join(folder, "ngram.bin");
    await Deno.writeFile(path, bytes);
    const input = { endOfText: 0, tokenizer: pieceTokenizer([]), ...uniform(notes(12, 5)) };

    const { mixture: fitted, validation: v } = await fitMixture({ ...input, ngram: path });
    assertAlmostEquals(v.gpt, Math.log2(VOCABULARY), 1e-4);
    assertLess(v.gptAndTable!, v.gpt);
    assertLess(v.mixture, 0.8 * Math.min(v.gptAndTable!, v.gptAndNote));
    assertEquals([fitted.table!.order, fitted.table!.minPatients, fitted.table!.bytes], [
      3,
      5,
      bytes.length,
    ]);
    assert(fitted.table!.weights.every((weight) => weight > 0 && weight < 1));

    const { documents, scores } = uniform(notes(4, 77));
    const mixture = createMixture(fitted, bytes);
    const nats = scores.map(({ logProbabilities }) => logProbabilities);
    const found = mixtureBits(mixture, 0, documents, nats);
    const alone = tableBits(mixture.table!.ngram, 0, documents);
    const [{ tokens }] = documents;
    for (const at of [0, 1, 40, 159]) {
      const probabilities = new Float32Array(VOCABULARY).fill(1 / VOCABULARY);
      const context = [0, ...tokens.subarray(0, at)];
      mix(probabilities, mixture, tokens.subarray(0, at), context);
      assertAlmostEquals(found[0][at], -Math.log2(probabilities[tokens[at]]), 1e-3);
      const said = mixture.table!.ngram.predict(context).probabilities[tokens[at]];
      assertAlmostEquals(alone[0][at], -Math.log2(said), 1e-3);
    }

    const without = await fitMixture({ ...input, ngram: undefined });
    assertEquals(without.mixture.table, null);
    assertEquals([without.validation.table, without.validation.gptAndTable], [null, null]);
    assertEquals(without.validation.mixture, without.validation.gptAndNote);
  }),
);
