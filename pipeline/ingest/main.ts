/** `deno task ingest`: notes in any common format → notes.parquet, rejects.jsonl, ingest.json. */

import { workspace } from "../artifacts.ts";
import {
  defineTask,
  format,
  Interrupted,
  nextCommand,
  Progress,
  runTask,
  UsageError,
} from "../lib/base/cli.ts";
import { ingest } from "./ingest.ts";
import { type ContextKind, contextKinds } from "../lib/gpt/decode/context/types.ts";
import { addPublicSource, publicPaths, publicSource, publicSummary } from "./public_texts.ts";
import { type Format, formats } from "./read/note_source.ts";
import { summary } from "./report.ts";

const task = defineTask({
  name: "ingest",
  summary:
    "Reads notes in any common format, cleans them, splits them by patient and writes interim/notes.parquet.",
  positional: "INPUT...",
  flags: {
    format: {
      type: "string",
      default: "auto",
      choices: ["auto", ...formats],
      placeholder: "NAME",
      help: "what the inputs are",
    },
    text: { type: "string", placeholder: "COL", help: "column that holds the text" },
    id: { type: "string", placeholder: "COL", help: "column that holds the note's id" },
    patient: { type: "string", placeholder: "COL", help: "column that holds the patient's id" },
    context: {
      type: "string",
      placeholder: "COL",
      help: "column that holds what was known of the patient when the note was written",
    },
    "context-kind": {
      type: "string",
      default: "conversation",
      choices: contextKinds,
      placeholder: "KIND",
      help: "what --context holds",
    },
    line: {
      type: "string",
      placeholder: "COL",
      help: "column that numbers the rows of one note, which are joined",
    },
    encoding: {
      type: "string",
      placeholder: "NAME",
      help: "what the inputs are in, such as shift_jis; without it UTF-8, UTF-16 or windows-1252",
    },
    clean: {
      type: "string",
      default: "standard",
      choices: ["standard", "original"],
      placeholder: "NAME",
      help: "standard repairs damage only; original leaves lower-case letters, digits and spaces",
    },
    "near-duplicates": {
      type: "number",
      default: 0.9,
      min: 0,
      max: 1,
      help: "drop a note at least this similar to an earlier one; 0 keeps them all",
    },
    "across-patients": {
      type: "boolean",
      help: "drop duplicates of other patients' notes as well",
    },
    preliminary: {
      type: "boolean",
      help: "keep documents that FHIR calls preliminary",
    },
    "accept-truncated": {
      type: "boolean",
      help: "of a gzip file that is cut off or damaged, keep what comes before, and say so",
    },
    "max-download-gb": {
      type: "number",
      default: 20,
      min: 0,
      help: "largest file to fetch from an https:// address",
    },
    public: {
      type: "boolean",
      help: "the inputs are public texts, of no patient, to learn from before the notes",
    },
    licence: {
      type: "string",
      placeholder: "NAME",
      help: 'with --public: of these texts, as in "CC BY 4.0"; it goes with every model',
    },
    name: { type: "string", placeholder: "NAME", help: "with --public: what the source is called" },
    "min-chars": { type: "integer", default: 16, min: 1, help: "drop shorter notes" },
    "max-chars": { type: "integer", default: 1_000_000, min: 1, help: "drop longer notes" },
  },
  examples: [
    "deno task ingest discharge.csv.gz radiology.csv.gz",
    "deno task ingest reports.csv --text body --id report_id --patient mrn",
    "deno task ingest export/ --format text",
    "deno task ingest visits.jsonl --context dialogue",
    'deno task ingest --public medquad.jsonl.gz --licence "CC BY 4.0"',
    "zcat notes.csv.gz | deno task ingest -",
  ],
  async run(flags, inputs) {
    if (inputs.length === 0) {
      throw new UsageError('No input given; see "deno task ingest --help"');
    }
    const paths = workspace(flags.data);
    const source = publicSource(flags, inputs);
    const controller = new AbortController();
    const interrupt = () => controller.abort(new Interrupted("Interrupted"));
    Deno.addSignalListener("SIGINT", interrupt);
    let progress: Progress | undefined;
    const report = await ingest(
      {
        inputs,
        ...(source ? { public: true } : {}),
        format: flags.format as Format | "auto",
        columns: {
          text: flags.text,
          id: flags.id,
          patient: flags.patient,
          line: flags.line,
          context: flags.context,
        },
        contextKind: flags.contextKind as ContextKind,
        encoding: requireEncoding(flags.encoding),
        preliminary: flags.preliminary,
        acrossPatients: flags.acrossPatients,
        clean: flags.clean as "standard" | "original",
        acceptTruncated: flags.acceptTruncated,
        maxDownloadBytes: flags.maxDownloadGb * 1e9,
        nearDuplicates: flags.nearDuplicates,
        minChars: flags.minChars,
        maxChars: flags.maxChars,
      },
      source ? publicPaths(paths, source.name) : paths,
      (done, total, kept) => {
        progress ??= new Progress("ingest", total > 0 ? toMegabytes(total) : undefined, "MB");
        progress.update(toMegabytes(done), `${format(kept)} notes`);
      },
      controller.signal,
    );
    progress?.finish(`${format(report.notes.kept)} notes`);
    Deno.removeSignalListener("SIGINT", interrupt);
    if (source) {
      await addPublicSource(paths, source, report);
      return console.log(publicSummary(paths, source, report));
    }
    console.log(summary(report));
    console.log(
      `\nWrote ${paths.notes} and ${paths.ingestReport}\nNext: ${
        nextCommand("eda", { data: flags.data })
      }`,
    );
  },
});

function requireEncoding(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  try {
    return new TextDecoder(name).encoding;
  } catch {
    throw new UsageError(
      `--encoding ${name} is not known; expected a name of the Encoding Standard, such as ` +
        "windows-1250, iso-8859-2, shift_jis, gb18030, utf-16le",
    );
  }
}

const toMegabytes = (bytes: number) => Math.round(bytes / 1e6);

if (import.meta.main) await runTask(task);
