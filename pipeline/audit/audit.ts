/** All privacy measurements of one run, as the object that audit.json holds. */

import type { Lineage } from "../artifacts/lineage.ts";
import { AUDIT_VERSION } from "../artifacts/reports.ts";
import { Progress } from "../lib/base/cli.ts";
import { Decoder } from "../lib/gpt/decode/decoder.ts";
import { seededRandom } from "../lib/base/random.ts";
import { generateTokens } from "../lib/gpt/decode/generate.ts";
import { type Mixture, ngramAlone } from "../lib/gpt/decode/mixture.ts";
import type { NextTokenModel, Tokenizer } from "../lib/gpt/decode/types.ts";
import { codePoints, type Document } from "../lib/gpt/scoring/documents.ts";
import { type NoteScore, scoreNotes } from "../lib/gpt/scoring/language_model.ts";
import type { Checkpoint } from "../lib/gpt/model/checkpoint.ts";
import type { Scorer } from "../lib/gpt/onnx/scorer.ts";
import { measureMembership, type Note } from "./attack.ts";
import { type Canary, canaryText, exposure, findCanaries } from "./canaries.ts";
import { compareCompletions, type Completions, drawCompletions } from "./completions.ts";
import { findIdentifiers, type Identifiers } from "./identifiers.ts";
import { type LongestMatches, longestMatches } from "./longest_match.ts";
import type { Membership } from "./membership.ts";
import {
  continuationAgreement,
  ngramOf,
  placeIn,
  type Regurgitation,
  summarise,
} from "./regurgitation.ts";
import { type Outcome, verdictOf } from "./outcome.ts";
import { nextTokens, type Writer } from "./writer.ts";
import { adviceOn, type Check, checks, limits } from "./verdict.ts";

export interface AuditInput {
  run: string;
  /** SHA-256 of the checkpoint's model.safetensors. */
  checkpoint: string;
  config: Checkpoint["config"];
  /** How often it has read its training notes; null where that is not known. */
  passes: number | null;
  model: NextTokenModel;
  /** What it is served with, and the SHA-256 of the calibration.json that says so. */
  mixture?: Mixture;
  calibration: string | null;
  scorer: Scorer;
  tokenizer: Tokenizer;
  /** All training notes. */
  train: Document[];
  /** Some of them, and notes of unseen patients for comparison. */
  members: Note[];
  unseen: Note[];
  /** Training notes of patients who are neither the members' nor the unseen ones'. */
  reference: Document[];
  /** Texts to generate from nothing, and completions to draw at carets in notes. */
  texts: number;
  completions: number;
  seed: number;
}

/** Texts and what they share with training notes. */
type Written = LongestMatches & { texts: number; characters: number };

/** The fields of audit.json. Shares are fractions of 1, estimates have 95% intervals over notes. */
export interface AuditReport {
  version: typeof AUDIT_VERSION;
  lineage: Lineage;
  created: string;
  run: string;
  /** SHA-256 of the model.safetensors that was audited. */
  checkpoint: string;
  /** SHA-256 of the calibration.json with which it wrote; null without one. */
  calibration: string | null;
  /** What wrote: the GPT alone or with n-grams, whichever is served. */
  served: "gpt" | "gpt+mixture";
  notes: { train: number; members: number; unseen: number; reference: number };
  /** How often the model has read its training notes; null where that is not known. */
  passes: number | null;
  /**
   * Passages continued greedily: as served, by the table that is served alone, and, to show what
   * remembering looks like, by an n-gram of the training notes with nothing pruned from it.
   */
  regurgitation:
    & Record<"train" | "unseen" | "ngramTrain" | "ngramUnseen", Regurgitation>
    & Partial<Record<"tableTrain" | "tableUnseen", Regurgitation>>;
  /** Texts drawn from nothing, beside the training notes. */
  generated: Written;
  /** As much of unseen notes, beside the training notes. */
  excerpts: Written;
  /** Completions drawn at carets in notes, beside the training notes. */
  completions: { train: Completions; unseen: Completions };
  membership: Membership;
  /** In all generated texts and completions, and, for comparison, in the unseen notes. */
  identifiers: Record<"written" | "unseen", Identifiers>;
  /** Of the suggestions shown at generated carets, how many hold `_`; must be none. */
  suggestions: { shown: number; withRedaction: number };
  /** Codes that `deno task canaries` planted; exposure in bits, at most `greatest`. */
  canaries: (Canary & { exposure: number; greatest: number })[];
  checks: Check[];
  /** What is allowed: see verdict.ts. */
  limits: typeof limits;
  /** How much the verdict rests on; too little never passes. */
  sizes: { members: number; unseen: number; texts: number; completions: number };
  verdict: Outcome;
  /** What to do about the checks that failed. */
  advice: string[];
}

/** What is measured; where it came from is for whoever reads the files. */
export type Audit = Omit<AuditReport, "lineage">;

/** Codes never planted, against which a canary's is ranked: up to 11 bits of exposure show. */
const OTHER_CODES = 2000;

/** Runs every measurement; progress goes to stderr. */
export async function audit(input: AuditInput): Promise<Audit> {
  const { train, members, unseen, reference, seed } = input;
  const measured = {
    regurgitation: await measureRegurgitation(input),
    membership: await measureMembership({ ...input, context: input.config.n_positions }),
    ...await measureWritten(input),
    canaries: await measureCanaries(input, seededRandom(seed)),
  };
  const outcomes = checks(measured);
  const failed = outcomes.filter(({ outcome }) => outcome === "fail");
  const trainTokens = train.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return {
    version: AUDIT_VERSION,
    created: new Date().toISOString(),
    run: input.run,
    checkpoint: input.checkpoint,
    calibration: input.calibration,
    served: input.mixture === undefined ? "gpt" : "gpt+mixture",
    notes: {
      train: train.length,
      members: members.length,
      unseen: unseen.length,
      reference: reference.length,
    },
    passes: input.passes,
    ...measured,
    checks: outcomes,
    limits,
    sizes: {
      members: members.length,
      unseen: unseen.length,
      texts: measured.generated.texts,
      completions: measured.completions.train.completions +
        measured.completions.unseen.completions,
    },
    verdict: verdictOf(outcomes),
    advice: adviceOn(failed, input.passes, trainTokens),
  };
}

async function measureRegurgitation(input: AuditInput): Promise<AuditReport["regurgitation"]> {
  const { model, mixture, tokenizer, train, members, unseen } = input;
  const table = mixture?.table && {
    model: ngramAlone(mixture.table.ngram, model.contextLength) as NextTokenModel,
  };
  const rounds = table === undefined ? 2 : 3;
  const progress = new Progress("repeat", rounds * (members.length + unseen.length), "prompts");
  let before = 0;
  const repeated = async (writer: Writer, documents: readonly Document[]) => {
    const agreement = await continuationAgreement(
      writer,
      tokenizer,
      documents,
      (done) => progress.update(before + done),
    );
    before += documents.length;
    return summarise(agreement);
  };
  const ngram = { model: ngramOf(members, train, tokenizer, model.contextLength) };
  const result = {
    train: await repeated(input, members),
    unseen: await repeated(input, unseen),
    ...(table === undefined ? {} : {
      tableTrain: await repeated(table, members),
      tableUnseen: await repeated(table, unseen),
    }),
    ngramTrain: await repeated(ngram, members),
    ngramUnseen: await repeated(ngram, unseen),
  };
  progress.finish("how far the model, and an n-gram, repeat training notes");
  return result;
}

/** All that the model writes: from nothing, at carets in notes, and as suggestions. */
async function measureWritten(input: AuditInput) {
  const { texts, ...generated } = await measureGenerated(input);
  const { tokenizer, train, members, unseen, completions, seed } = input;
  const half = Math.ceil(completions / 2);
  const progress = new Progress("complete", 2 * half, "texts");
  const draw = (documents: readonly Document[], before: number) =>
    drawCompletions(input, tokenizer, documents, {
      count: half,
      seed: seed + 1_000_000,
      onDone: (done) => progress.update(before + done),
    });
  const known = await draw(members, 0), fresh = await draw(unseen, half);
  progress.finish(`${known.length + fresh.length} completions at carets in notes`);
  return {
    ...generated,
    completions: {
      train: compareCompletions(known, train),
      unseen: compareCompletions(fresh, train),
    },
    identifiers: findIdentifiers(
      { written: [...texts, ...known, ...fresh], unseen: unseen.map(({ text }) => text) },
      train.map(({ text }) => text),
    ),
  };
}

/** Texts written from nothing, and the suggestions at carets within them. */
async function measureGenerated(input: AuditInput) {
  const { model, mixture, tokenizer, train, unseen, texts: count, seed } = input;
  const progress = new Progress("write", count, "texts");
  const decoder = new Decoder(model, tokenizer, { mixture });
  const texts: string[] = [];
  let shown = 0, withRedaction = 0;
  for (let index = 0; index < count; index++) {
    const options = { temperature: 1, maxTokens: model.contextLength, seed: seed + index };
    const tokens: number[] = [], start = [tokenizer.endOfText];
    const drawn = generateTokens(nextTokens(input, []), start, tokenizer.endOfText, options);
    for await (const { token } of drawn) tokens.push(token);
    const text = tokenizer.decode(tokens);
    texts.push(text);
    const caret = Math.floor(text.length * ((index % 8 + 1) / 9));
    const found = await decoder.suggest(text.slice(0, caret), { minConfidence: 0.01, n: 3 });
    shown += found.length;
    withRedaction += found.filter((suggestion) => suggestion.text.includes("_")).length;
    progress.update(index + 1);
  }
  const notes = train.map(({ text }) => text);
  const compared = (texts: readonly string[]): Written => ({
    texts: texts.length,
    characters: texts.reduce((sum, text) => sum + codePoints(text), 0),
    ...longestMatches(texts, notes),
  });
  const [generated, excerpts] = [texts, excerptsOf(unseen, texts)].map(compared);
  progress.finish(`${count} texts compared with ${train.length} training notes`);
  return {
    texts,
    generated,
    excerpts,
    suggestions: { shown, withRedaction },
  };
}

/** Of `notes` in turn, at places spread over them: as many characters as each of `texts` has. */
const excerptsOf = (notes: readonly Document[], texts: readonly string[]): string[] =>
  notes.length === 0 ? [] : texts.map(({ length }, index) => {
    const { text } = notes[index % notes.length];
    const from = placeIn(index, Math.max(0, text.length - length));
    return text.slice(from, from + length);
  });

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
