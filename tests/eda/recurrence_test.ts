import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  mergeRecurrence,
  RecurrenceScan,
  recurrenceStride,
  sentencesOf,
  spellOut,
} from "../../pipeline/eda/recurrence.ts";
import { SentenceTable } from "../../pipeline/eda/sentence_table.ts";

const template = "The Preadmission Medication list is accurate and complete as of 5 May.";

Deno.test("sentences: wrapped lines joined, headers and short pieces left out", () => {
  const text =
    "Discharge Instructions:\nYou were admitted because you had \npneumonia and were short of breath. OK.\n \n- Please take all of your medicines as prescribed.";
  assertEquals([...sentencesOf(text)], [
    "You were admitted because you had pneumonia and were short of breath.",
    "- Please take all of your medicines as prescribed.",
  ]);
});

Deno.test("a sentence in ten notes is templated, whatever its numbers; workers' parts add up", () => {
  const scans = [new RecurrenceScan(), new RecurrenceScan()];
  let text = 0;
  for (let note = 0; note < 20; note++) {
    const own = `Sentence number ${
      "abcdefghijklmnopqrst"[note]
    } stands in this note and in no other one.`;
    const body = note < 12 ? `${template.replace("5", String(note))} ${own}` : own;
    text += body.length;
    scans[note % 2].add(body);
  }
  const recurrence = mergeRecurrence(scans.map((scan) => scan.part()));
  assertEquals(recurrence.report.notes_counted, 20);
  assertEquals(recurrence.report.templated, 1);
  assertEquals(recurrence.report.distinct, 21);
  assertAlmostEquals(recurrence.report.share_of_text_templated, 12 * template.length / text, 0.01);
  const sample = (patients: number) =>
    Array.from({ length: 12 }, (_, n) => ({ text: template, patient: `p${n % patients}` }));
  assertEquals(spellOut(recurrence, sample(5), 20), [{
    sentence: template.replace("5", "9"),
    notes: 12,
    share: 0.6,
  }]);
  assertEquals(spellOut(recurrence, sample(4), 20), [], "four patients are too few to show it");
});

Deno.test("a sentence that stands twice in one note counts once for notes", () => {
  const scan = new RecurrenceScan();
  scan.add(`${template} ${template}`);
  assertEquals(scan.part().sentences.notes, new Uint32Array([1]));
});

Deno.test("large corpora are counted in an even share of their notes", () => {
  assertEquals(recurrenceStride(3000), 1);
  assertEquals(recurrenceStride(331_794), 9);
});

Deno.test("the sentence table agrees with a Map, through growth and merging", () => {
  const table = new SentenceTable();
  const expected = new Map<number, { notes: Set<number>; characters: number }>();
  for (let n = 0; n < 50_000; n++) {
    const key = n * 7919 % 15_013;
    const hash = 1 + key * 2 ** 34 + key * 977, note = 1 + Math.floor(n / 100);
    table.add(hash, note, 50);
    const entry = expected.get(hash) ?? { notes: new Set(), characters: 0 };
    entry.notes.add(note);
    entry.characters += 50;
    expected.set(hash, entry);
  }
  const merged = new SentenceTable();
  const counts = table.take();
  assertEquals(table.size, 0);
  merged.merge(counts);
  merged.merge(counts);
  const { hashes, notes, characters } = merged.take();
  assertEquals(hashes.length, expected.size);
  hashes.forEach((hash, index) => {
    const entry = expected.get(hash)!;
    assertEquals([notes[index], characters[index]], [2 * entry.notes.size, 2 * entry.characters]);
  });
});
