/**
 * The JSON that each stage writes: one schema, one version, one reader and one writer for each. A
 * schema holds what other stages read; a stage may write more than that. Raise the version when a
 * field that is listed here changes its meaning, or when the stage measures something else.
 */

import { z } from "zod";
import { ArtifactError, readJson, writeJson } from "../lib/base/files.ts";
import { lineageSchema } from "./lineage.ts";

/** Of audit.json: one more whenever a check is added or measures something else. */
export const AUDIT_VERSION = 5;

/**
 * Least sizes of an audit whose pass counts, which are also the defaults of `deno task audit`: with
 * nothing found, each check's interval then ends below its limit (pipeline/audit/verdict.ts).
 */
export const AUDIT_SIZES = { notes: 150, texts: 300, completions: 3000 };

const report = <V extends number, S extends z.ZodRawShape>(version: V, shape: S) =>
  z.object({ version: z.literal(version), lineage: lineageSchema, ...shape });

const estimate = z.object({ value: z.number() });
const interval = z.object({
  value: z.number(),
  low: z.number(),
  high: z.number(),
  notes: z.number(),
});

/** What a system is: the GPT alone or with n-grams is served, the others are what it has to beat. */
export const systemKinds = ["gpt", "gpt+mixture", "table", "baseline"] as const;
export type SystemKind = (typeof systemKinds)[number];

/** What is served of a run; `calibrate` decides it. */
const served = z.object({
  /** Its name among the systems. */
  system: z.string(),
  kind: z.enum(["gpt", "gpt+mixture"]),
  /** Least confidence at which a suggestion is shown. */
  minConfidence: z.number(),
  /** Why this one: one clause. */
  why: z.string(),
});

const auditOutcome = z.enum(["pass", "fail", "cannot tell"]);

const inputs = z.array(z.object({
  name: z.string(),
  format: z.string(),
  bytes: z.number(),
  sha256: z.string().nullable(),
  kept: z.number(),
  rejected: z.number(),
}));

/** Of the public texts behind a model, by the names of their sources. */
const licences = z.record(z.string(), z.string());

/** A public text's name and licence, which go with every model that learned from it. */
const publicSource = z.object({
  name: z.string(),
  licence: z.string(),
  texts: z.number(),
  characters: z.number(),
});

/** The people whose phrases were counted. */
const counted = z.object({
  people: z.number(),
  /** Notes whose source names no patient, and how many people they were taken for. */
  unnamedNotes: z.number(),
  groups: z.number(),
  /** Why each of them counts as a patient of its own. */
  acceptedRisk: z.string().optional(),
});

export const schemas = {
  /** Beside a corpus of `deno task synthesize`: by its digest, the notes describe nobody. */
  synthetic: report(1, { notes: z.number(), seed: z.number() }),
  notes: report(2, {
    inputs,
    /** All inputs are corpora of `deno task synthesize`, by their digests. */
    synthetic: z.boolean(),
    notes: z.object({ read: z.number(), kept: z.number(), rejected: z.number() }),
    split_rule: z.string(),
    repairs: z.record(z.string(), z.object({ notes: z.number(), what: z.string() })),
    notes_with_lost_characters: z.number(),
    rejected_by_reason: z.record(z.string(), z.number()),
  }),
  public: report(1, { sources: z.array(publicSource).min(1) }),
  eda: report(2, {}),
  tokens: report(2, {
    kind: z.enum(["bpe", "char"]),
    vocabSize: z.number(),
    /** What public.bin was made from, where there is one. */
    public: z.object({ tokens: z.number(), sources: z.array(publicSource) }).optional(),
  }),
  ngram: report(2, {
    order: z.number(),
    minPatients: z.number(),
    /** Whose notes were counted; absent from tables of before. */
    counted: counted.optional(),
    tokens: z.number(),
    licences: licences.optional(),
  }),
  run: z.preprocess(
    withLineage,
    report(2, {
      name: z.string(),
      startedAt: z.string(),
      preset: z.string(),
      licences: licences.optional(),
    }),
  ),
  calibration: report(1, {
    run: z.string(),
    /** The fitted levels of the mixture: see lib/gpt/decode/mixture.ts. */
    mixture: z.object({
      /** The ngram.bin that it was fitted with, and λ by class of context; null without a table. */
      table: z.object({
        sha256: z.string(),
        bytes: z.number(),
        order: z.number(),
        minPatients: z.number(),
        weights: z.array(z.number()),
      }).nullable(),
      /** α by order of the note's own n-grams. */
      note: z.array(z.number()),
      /** λ of a patient's context (decode/context/weights.ts); absent where none was fitted. */
      context: z.object({
        words: z.array(z.number()),
        begun: z.array(z.number()),
        runs: z.array(z.number()),
        lists: z.array(z.number()),
        values: z.array(z.number()),
      }).optional(),
    }),
    /** Bits per character of the validation notes: each alone, and more and more together. */
    validation: z.object({
      notes: z.number(),
      gpt: z.number(),
      table: z.number().nullable(),
      gptAndTable: z.number().nullable(),
      gptAndNote: z.number(),
      mixture: z.number(),
      /** Of notes with a context: where it came from, and bits without it and with it. */
      context: z.object({
        origin: z.string(),
        notes: z.number(),
        without: z.number(),
        with: z.number(),
      }).optional(),
    }),
    /** How the thresholds were found. */
    typing: z.object({
      notes: z.number(),
      /** Characters typed of each note; 0 for all. */
      excerpt: z.number(),
      /** Keys that reading a new suggestion is taken to cost. */
      readingCost: z.number(),
      /** Training notes that the baselines count; 0 without baselines. */
      trainNotes: z.number(),
    }),
    systems: z.array(z.object({
      name: z.string(),
      kind: z.enum(systemKinds),
      /** Of a word n-gram: how many words it looks at. */
      order: z.number().optional(),
      /** Confidence from which it saves most net of reading, and most if reading were free. */
      best: z.number(),
      mostSavings: z.number(),
      /** Net savings of the validation notes at `best`. */
      netSavings: interval,
      curve: z.array(z.object({
        threshold: z.number(),
        savings: z.number(),
        netSavings: z.number(),
      })),
    })),
    served,
  }),
  eval: report(3, {
    /** As calibration.json says. */
    served,
    checkpoint: z.object({ sha256: z.string() }),
    models: z.array(z.object({
      name: z.string(),
      kind: z.enum(systemKinds),
      ours: z.boolean(),
      bitsPerCharacter: estimate.nullable(),
      nextWord: z.object({ top1: estimate }).nullable(),
      keystrokes: z.object({
        best: z.number(),
        curve: z.array(z.object({ threshold: z.number(), savings: estimate })),
      }).nullable(),
    })),
  }),
  audit: report(AUDIT_VERSION, {
    /** SHA-256 of the model.safetensors that was audited. */
    checkpoint: z.string(),
    /** And of the calibration.json with which it wrote, as it will be served; null without one. */
    calibration: z.string().nullable(),
    verdict: auditOutcome,
    /** How much it rests on. */
    sizes: z.object({
      members: z.number(),
      unseen: z.number(),
      texts: z.number(),
      completions: z.number(),
    }),
    checks: z.array(z.object({
      name: z.string(),
      outcome: auditOutcome,
      /** With the number of observations and 95% intervals. */
      found: z.string(),
      allowed: z.string(),
      /** Where it cannot tell: what would. */
      needed: z.string().optional(),
    })),
  }),
  export: report(2, {
    run: z.string(),
    parameters: z.number(),
    licences: licences.optional(),
    files: z.record(z.string(), z.object({ bytes: z.number(), sha256: z.string() })),
    mixture: z.unknown(),
  }),
};

export type ReportName = keyof typeof schemas;

/** What of a report other stages may rely on. */
export type Report<N extends ReportName> = z.infer<(typeof schemas)[N]>;

/** Of config.json as it was before lineages: the same digests under other names. */
function withLineage(config: unknown): unknown {
  const old = z.looseObject({
    version: z.undefined().optional(),
    startedAt: z.string(),
    tokenizerSha256: z.string(),
    data: z.record(z.enum(["train", "val"]), z.looseObject({ sha256: z.string() })),
  }).safeParse(config);
  if (!old.success) return config;
  const { startedAt, tokenizerSha256: tokenizer, data: { train, val } } = old.data;
  const from = {
    "processed/tokenizer.json": tokenizer,
    "processed/train.bin": train.sha256,
    "processed/val.bin": val.sha256,
  };
  const lineage = { created: startedAt, from, files: { "run/tokenizer.json": tokenizer } };
  return { ...old.data, version: 2, lineage };
}

/**
 * The report at `path`, checked against its schema. Throws an `ArtifactError` naming `madeBy` if it
 * is missing, damaged, or of another version.
 */
export async function readReport<N extends ReportName>(
  name: N,
  path: string,
  madeBy: string,
): Promise<Report<N>> {
  const json = await readJson<unknown>(path, madeBy);
  const parsed = schemas[name].safeParse(json);
  if (parsed.success) return parsed.data as Report<N>;
  const { path: field, message } = parsed.error.issues[0];
  throw new ArtifactError(
    `Cannot use ${path}: ${
      field[0] === "version" ? versions(name, json) : `${field.join(".") || "it"}: ${message}`
    }; run "${madeBy}" again`,
  );
}

/** Writes a report that fits its schema, last of all that its stage writes. */
export function writeReport<N extends ReportName>(
  _name: N,
  path: string,
  report: Report<N>,
): Promise<void> {
  return writeJson(path, report);
}

function versions(name: ReportName, json: unknown): string {
  const found = (json as { version?: unknown }).version;
  const expected = name === "run" ? 2 : Object.values(schemas[name].shape.version.def.values)[0];
  return found === undefined
    ? `it has no version, expected ${expected}`
    : `it is of version ${found}, expected ${expected}`;
}
