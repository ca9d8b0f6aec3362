import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { blockRows, columns, csvRecord, planBlocks } from "../../pipeline/synthesize/corpus.ts";
import {
  combineCrc,
  deflatePiece,
  gzipHeader,
  GzipTrailer,
} from "../../pipeline/synthesize/gzip.ts";
import { writeCorpus } from "../../pipeline/synthesize/write_corpus.ts";
import { crc32 } from "node:zlib";
import { knowledge } from "./sample.ts";

async function inTemporaryFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).text();
}

/** A strict reader of quoted CSV. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [], at = 0;
  while (at < text.length) {
    let value: string;
    if (text[at] === '"') {
      value = "";
      for (;;) {
        const quote = text.indexOf('"', at + 1);
        value += text.slice(at + 1, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        value += '"';
      }
    } else {
      const end = text.slice(at).search(/[,\n]/);
      value = text.slice(at, at + end);
      at += end;
    }
    row.push(value);
    if (text[at] === "\n") rows.push(row), row = [];
    else assertEquals(text[at], ",");
    at++;
  }
  return rows;
}

Deno.test("same seed, same bytes, whatever the number of workers; other seed, other bytes", async () => {
  await inTemporaryFolder(async (folder) => {
    const write = async (name: string, seed: number, workers: number) => {
      const path = join(folder, name);
      const size = await writeCorpus(path, { notes: 600, seed, workers });
      assertEquals(size.notes, 600);
      return await Deno.readFile(path);
    };
    const one = await write("one", 4, 1), two = await write("two", 4, 3);
    assertEquals(one, two);
    assertNotEquals(await write("other", 5, 1), one);
  });
});

Deno.test("the file is MIMIC's discharge.csv.gz: columns, ids, types, times, quoted text", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "deep", "discharge.csv.gz");
    await writeCorpus(path, { notes: 700, seed: 2, workers: 2 });
    const text = await gunzip(await Deno.readFile(path));
    assert(text.startsWith(columns));
    const [header, ...rows] = parseCsv(text);
    assertEquals(
      header.join(),
      "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text",
    );
    assertEquals(rows.length, 700);
    const stays = new Map<string, string>(), lastSeq = new Map<string, number>();
    for (const [id, subject, hadm, type, seq, charttime, storetime, note] of rows) {
      assertEquals(id, `${subject}-${type}-${seq}`);
      assert(/^1\d{7}$/.test(subject) && /^2\d{7}$/.test(hadm));
      assert(type === "DS" || type === "AD");
      assert(/^2[12]\d\d-\d\d-\d\d 00:00:00$/.test(charttime), charttime);
      assert(storetime === "" || storetime > charttime);
      assert(note.startsWith(" \nName:  ___"));
      assert(Number(seq) > (lastSeq.get(subject) ?? 0), "note_seq must rise");
      lastSeq.set(subject, Number(seq));
      if (type === "DS") assert(!stays.has(hadm), `two summaries of stay ${hadm}`);
      else assertEquals(stays.get(hadm), subject, "an addendum belongs to its patient's stay");
      stays.set(hadm, subject);
    }
    const count = (test: (row: string[]) => boolean) => rows.filter(test).length;
    assert(count((row) => row[3] === "AD") > 2);
    const empty = count((row) => row[6] === "") / rows.length;
    assert(empty > 0.01 && empty < 0.06, `${empty} without storetime`);
    const perPatient = rows.length / lastSeq.size;
    assert(perPatient > 1.9 && perPatient < 2.7, `${perPatient} notes per patient`);
  });
});

Deno.test("a longer corpus begins with the shorter one", () => {
  const rows = (notes: number) =>
    [...planBlocks(3, notes)].flatMap((block) => [...blockRows(knowledge, block)]).map(csvRecord);
  const short = rows(40), long = rows(90);
  assertEquals(short.length, 40);
  assertEquals(long.slice(0, 40), short);
});

Deno.test("over many patients there are 2.27 notes each", () => {
  let patients = 0, notes = 0;
  for (const block of planBlocks(1, 100_000)) {
    notes += block.notes;
    patients = block.firstPatient;
  }
  assertEquals(notes, 100_000);
  assert(Math.abs(100_000 / patients - 2.27) < 0.06, `${100_000 / patients}`);
});

Deno.test("pieces deflated apart make one gzip member", async () => {
  const texts = ["", "a", "patient\n".repeat(5000), "…", "x".repeat(70_000)];
  const trailer = new GzipTrailer();
  const parts: Uint8Array[] = [gzipHeader];
  for (const text of texts) {
    const piece = deflatePiece(new TextEncoder().encode(text));
    trailer.add(piece);
    parts.push(piece.bytes);
  }
  parts.push(trailer.bytes());
  const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  assertEquals(await gunzip(bytes), texts.join(""));
});

Deno.test("the CRC of joined texts follows from the CRCs of the parts", () => {
  const a = new TextEncoder().encode("history of present illness"),
    b = new Uint8Array(100_003).fill(7);
  const joined = new Uint8Array([...a, ...b]);
  assertEquals(combineCrc(crc32(a), crc32(b), b.length), crc32(joined));
  assertEquals(combineCrc(0, crc32(b), b.length), crc32(b));
});

Deno.test("a run that fails leaves the previous corpus and no temporary file", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "discharge.csv.gz");
    await Deno.writeTextFile(path, "previous");
    const failed = await writeCorpus(path, {
      notes: 300,
      seed: 1,
      workers: 1,
      onProgress: () => {
        throw new Error("disk full");
      },
    }).catch((error: Error) => error.message);
    assertEquals(failed, "disk full");
    assertEquals(await Deno.readTextFile(path), "previous");
    assertEquals([...Deno.readDirSync(dirname(path))].length, 1);
  });
});
