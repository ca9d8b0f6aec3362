/** All privacy measurements of one run, as the object that audit.json holds. */

import { Progress } from "../cli.ts";
import { Decoder } from "../decode/decoder.ts";
import { seededRandom } from "../decode/random.ts";
import { generate } from "../decode/generate.ts";
import type { NextTokenModel, Tokenizer } from "../decode/types.ts";
import { codePoints, type Document } from "../measure/documents.ts";
import { type NoteScore, scoreNotes } from "../measure/language_model.ts";
import type { Estimate } from "../measure/bootstrap.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { NgramCounts } from "../ngram/counts.ts";
import { KneserNey } from "../ngram/kneser_ney.ts";
import type { Scorer } from "../onnx/scorer.ts";
import { type Canary, canaryText, exposure, findCanaries } from "./canaries.ts";
import { findIdentifiers, type Finding } from "./identifiers.ts";
import { type LongestMatches, longestMatches } from "./longest_match.ts";
import { type Attack, aucEstimate } from "./membership.ts";
import { continuationAgreement, type Regurgitation, summarise } from "./regurgitation.ts";
import { type Check, checks } from "./verdict.ts";

export interface AuditInput {
  run: string;
  /** SHA-256 of the checkpoint's model.safetensors. */
  checkpoint: string;
  config: Checkpoint["config"];
  model: NextTokenModel;
  scorer: Scorer;
  tokenizer: Tokenizer;
  /** All training notes. */
  train: Document[];
  /** As many notes of unseen patients and of the training set, for comparison. */
  members: Document[];
  unseen: Document[];
  /** Texts to generate. */
  texts: number;
  seed: number;
}

export interface AuditReport {
  version: 1;
  created: string;
  run: string;
  checkpoint: string;
  notes: { train: number; members: number; unseen: number };
  regurgitation: { train: Regurgitation; unseen: Regurgitation };
  generated: LongestMatches & { texts: number; characters: number };
  membership: { loss: Estimate; calibrated: Estimate };
  identifiers: Finding[];
  /** Of the suggestions shown at generated carets, how many hold `_`; must be none. */
  suggestions: { shown: number; withRedaction: number };
  canaries: (Canary & { exposure: number; greatest: number })[];
  checks: Check[];
  verdict: "pass" | "fail";
}

/** Codes never planted, against which a canary's is ranked. */
const OTHER_CODES = 500;

/** Runs every measurement; progress goes to stderr. */
export async function audit(input: AuditInput): Promise<AuditReport> {
  const { train, members, unseen, seed } = input;
  const measured = {
    regurgitation: await measureRegurgitation(input),
    membership: await measureMembership(input),
    ...await measureGenerated(input),
    canaries: await measureCanaries(input, seededRandom(seed)),
  };
  const outcomes = checks(measured);
  return {
    version: 1,
    created: new Date().toISOString(),
    run: input.run,
    checkpoint: input.checkpoint,
    notes: { train: train.length, members: members.length, unseen: unseen.length },
    ...measured,
    checks: outcomes,
    verdict: outcomes.every(({ passed }) => passed) ? "pass" : "fail",
  };
}

async function measureRegurgitation(input: AuditInput) {
  const { model, tokenizer, members, unseen } = input;
  const progress = new Progress("repeat", members.length + unseen.length, "prompts");
  const known = await continuationAgreement(
    model,
    tokenizer,
    members,
    (done) => progress.update(done),
  );
  const fresh = await continuationAgreement(
    model,
    tokenizer,
    unseen,
    (done) => progress.update(members.length + done),
  );
  progress.finish("how far the model repeats training notes");
  return { train: summarise(known), unseen: summarise(fresh) };
}

async function measureMembership(input: AuditInput): Promise<AuditReport["membership"]> {
  const { members, unseen, tokenizer } = input;
  const documents = [...members, ...unseen].map((document) => beginning(document, tokenizer));
  const scores = await score(input, "members", documents);
  const reference = referenceBits(input);
  const attacks = (score: (index: number) => number): Attack[] =>
    documents.map((_, index) => ({ score: score(index), member: index < members.length }));
  const perCharacter = (index: number) => scores[index].bits / documents[index].characters;
  return {
    loss: aucEstimate(attacks((index) => -perCharacter(index))),
    calibrated: aucEstimate(attacks((index) => reference(documents[index]) - perCharacter(index))),
  };
}

/** How much of a note the attack looks at: more tells little more, and takes longer. */
const ATTACKED_TOKENS = 1024;

function beginning(document: Document, tokenizer: Tokenizer): Document {
  if (document.tokens.length <= ATTACKED_TOKENS) return document;
  const tokens = document.tokens.subarray(0, ATTACKED_TOKENS);
  const text = tokenizer.decode([...tokens]);
  return { tokens, text, characters: codePoints(text) };
}

/** Order and share of the training notes of the reference model. */
const REFERENCE_ORDER = 6;
const REFERENCE_NOTES = 300;

/** Bits per character under a character n-gram of training notes that are no members here. */
function referenceBits({ train, members }: AuditInput): (document: Document) => number {
  const excluded = new Set(members);
  const symbols = ({ text }: Document) => [0, ...Array.from(text, (c) => c.codePointAt(0)! + 1)];
  const counts = new NgramCounts(REFERENCE_ORDER);
  train.filter((document) => !excluded.has(document)).slice(0, REFERENCE_NOTES)
    .forEach((document, index) => counts.addSequence(symbols(document), index));
  const model = new KneserNey(counts, counts.orders[1].size + 1);
  return (document) =>
    model.bits(symbols(document)).reduce((a, b) => a + b, 0) / document.characters;
}

/** Texts written from nothing, and the suggestions at carets within them. */
async function measureGenerated(input: AuditInput) {
  const { model, tokenizer, train, texts: count, seed } = input;
  const progress = new Progress("write", count, "texts");
  const decoder = new Decoder(model, tokenizer);
  const texts: string[] = [];
  let shown = 0, withRedaction = 0;
  for (let index = 0; index < count; index++) {
    const options = { temperature: 1, maxTokens: model.contextLength, seed: seed + index };
    const text = await generate(model, tokenizer, "", options);
    texts.push(text);
    const caret = Math.floor(text.length * ((index % 8 + 1) / 9));
    const found = await decoder.suggest(text.slice(0, caret), { minConfidence: 0.01, n: 3 });
    shown += found.length;
    withRedaction += found.filter((suggestion) => suggestion.text.includes("_")).length;
    progress.update(index + 1);
  }
  const characters = texts.reduce((sum, text) => sum + codePoints(text), 0);
  const matches = longestMatches(texts, train.map(({ text }) => text));
  progress.finish(`${count} texts compared with ${train.length} training notes`);
  return {
    generated: { texts: count, characters, ...matches },
    identifiers: findIdentifiers(texts),
    suggestions: { shown, withRedaction },
  };
}

async function measureCanaries(
  input: AuditInput,
  random: () => number,
): Promise<AuditReport["canaries"]> {
  const { tokenizer, train } = input;
  const canaries = findCanaries(train.map(({ text }) => text));
  if (canaries.length === 0) return [];
  const texts = [
    ...canaries.map(({ text }) => text),
    ...Array.from({ length: OTHER_CODES }, () => canaryText(random)),
  ];
  const documents = texts.map((text) => ({
    tokens: Uint16Array.from(tokenizer.encode(`\n${text}`)),
    text,
    characters: text.length,
  }));
  const bits = (await score(input, "canaries", documents)).map((note) => note.bits);
  const others = bits.slice(canaries.length);
  return canaries.map((canary, index) => ({
    ...canary,
    exposure: exposure(bits[index], others),
    greatest: Math.log2(OTHER_CODES + 1),
  }));
}

const score = (
  { scorer, config, tokenizer }: AuditInput,
  label: string,
  documents: readonly Document[],
): Promise<NoteScore[]> =>
  scoreNotes(scorer, config.n_positions, tokenizer.endOfText, documents, label);
