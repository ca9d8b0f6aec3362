/**
 * `deno task bench tokenize`: our encoder and trainer beside Hugging Face's, on the same notes, in
 * turn, so that whatever else the machine does falls on both.
 *
 * Encoding is timed on one thread, from notes in memory to ids in memory; training on `--threads`,
 * from notes in memory to merges. Throughput is given per second of wall time and per second of
 * CPU time: the latter says more on a machine that is busy.
 */

import { join } from "@std/path";
import { workspace } from "../../../pipeline/artifacts.ts";
import { requireFile, writeJson } from "../../../pipeline/lib/base/files.ts";
import { bytes as formatBytes, defineTask } from "../../../pipeline/lib/base/cli.ts";
import type { NoteBatch } from "../../../pipeline/tokenize/note_batches.ts";
import { bpeTokenizerJson } from "../../../pipeline/tokenize/tokenizer_json.ts";
import { startWorkers, type WorkerPool } from "../../../pipeline/tokenize/worker_pool.ts";
import { median } from "../../helpers/quantile.ts";
import { encode, encodeInJavaScript, hashIds, learn, loadNotes, noteTexts } from "./ours.ts";
import { type Measurement, Peer, timed } from "./peer.ts";

interface Settings {
  vocabSize: number;
  threads: number;
  rounds: number;
  python: string;
}

export const task = defineTask({
  name: "bench tokenize",
  summary: "Times BPE training and encoding beside Hugging Face tokenizers on notes.parquet.",
  flags: {
    megabytes: { type: "integer", default: 100, min: 1, help: "how much of the notes to use" },
    "vocab-size": { type: "integer", default: 8192, min: 300, max: 65536, help: "BPE tokens" },
    threads: { type: "integer", default: 2, min: 1, help: "threads for training" },
    rounds: { type: "integer", default: 3, min: 1, help: "repetitions; medians are reported" },
    python: {
      type: "string",
      default: "python3",
      placeholder: "PATH",
      help: "a Python that has the package tokenizers, the peer",
    },
  },
  examples: ["deno task synthesize --notes 12000", "deno task ingest", "deno task bench tokenize"],
  async run({ megabytes, data, ...settings }) {
    const paths = workspace(data);
    await requireFile(paths.notes, "deno task ingest");
    const notes = await loadNotes(paths.notes, megabytes * 1e6);
    const pool = startWorkers(settings.threads);
    const folder = await Deno.makeTempDir({ prefix: "bench_tokenize_" });
    try {
      const report = await compare(pool, notes, settings, folder);
      console.table(report.rows);
      const out = join(paths.root, "reports", "bench", "tokenize.json");
      await writeJson(out, report);
      console.log(
        `${report.notes} notes, ${formatBytes(report.bytes)}, vocabulary ${report.vocabSize}. ` +
          `Same merges: ${report.sameMerges}, same ids: ${report.sameIds}.\nWrote ${out}`,
      );
    } finally {
      pool.terminate();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function compare(
  pool: WorkerPool,
  notes: readonly NoteBatch[],
  { vocabSize, threads, rounds, python }: Settings,
  folder: string,
) {
  const size = notes.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const vocabulary = await learn(pool, notes, vocabSize);
  const json = bpeTokenizerJson(vocabulary);
  const files = [join(folder, "notes.jsonl"), join(folder, "tokenizer.json")];
  const texts = notes.flatMap((batch) => [...noteTexts(batch)]);
  await Deno.writeTextFile(files[0], texts.map((text) => JSON.stringify(text) + "\n").join(""));
  await Deno.writeTextFile(files[1], JSON.stringify(json));

  const encoding: Pair = { ours: [], peer: [] };
  const oneThread = new Peer(python, [...files, "1"]);
  const sameIds = (await oneThread.ask("hash")).sha256 === hashIds(vocabulary, notes);
  await inTurn(rounds, encoding, oneThread, "encode", () => timed(() => encode(vocabulary, notes)));
  const training: Pair = { ours: [], peer: [] };
  const allThreads = new Peer(python, [...files, `${threads}`]);
  await inTurn(
    rounds,
    training,
    allThreads,
    "train",
    () => timed(() => learn(pool, notes, vocabSize)),
  );
  // A hundredth of the speed: a hundredth of the notes.
  const few = texts.slice(0, Math.ceil(texts.length / 100));
  const fewBytes = new TextEncoder().encode(few.join("")).length;
  const inJavaScript = await timed(() => encodeInJavaScript(json, few));

  return {
    notes: texts.length,
    bytes: size,
    vocabSize: vocabulary.tokens.length,
    sameMerges: training.peer.every(({ same_merges }) => same_merges),
    sameIds,
    versions: { ...Deno.version, tokenizers: training.peer[0].version },
    cores: navigator.hardwareConcurrency,
    rows: [
      row("encode, 1 thread", "ours", encoding.ours, size),
      row("encode, 1 thread", "tokenizers, Rust", encoding.peer, size),
      row("encode, 1 thread", "@huggingface/tokenizers", [inJavaScript], fewBytes),
      row(`train, ${threads} threads`, "ours", training.ours, size),
      row(`train, ${threads} threads`, "tokenizers, Rust", training.peer, size),
    ],
  };
}

interface Pair {
  ours: Measurement[];
  peer: Measurement[];
}

async function inTurn(
  rounds: number,
  results: Pair,
  peer: Peer,
  job: "encode" | "train",
  ours: () => Promise<Measurement>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    results.ours.push(await ours());
    results.peer.push(await peer.ask(job));
  }
  await peer.close();
}

function row(job: string, engine: string, measurements: Measurement[], size: number) {
  const megabytes = size / 1e6;
  const rate = (key: "seconds" | "cpu") =>
    Number((megabytes / median(measurements.map((measurement) => measurement[key]))).toFixed(1));
  return { job, engine, "MB/s": rate("seconds"), "MB per CPU second": rate("cpu") };
}
