// Patients have several notes that are much alike, as in a hospital. The attack must not take a
// patient's other notes, which the reference has read, for the model's innocence.

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { measureMembership } from "../../pipeline/audit/attack.ts";
import { halvesByPatient } from "../../pipeline/audit/patients.ts";
import { seededRandom } from "../../pipeline/lib/base/random.ts";
import type { Document } from "../../pipeline/lib/gpt/scoring/documents.ts";
import { documents, scorerOf, tableOf, tokenizer } from "./characters.ts";

const NOTES = 3;

/** NOTES notes each of some patients: a few words of the note's own among those of the patient. */
function notesOf(patients: number, seed: number): Document[] {
  const random = seededRandom(seed);
  const letters = [..."abcdefghijklmnopqrst"];
  const word = () =>
    Array.from({ length: 6 }, () => letters[Math.floor(random() * letters.length)]).join("");
  return documents(
    Array.from({ length: patients }, () => {
      const own = Array.from({ length: 12 }, word);
      return Array.from({ length: NOTES }, () => `Seen on rounds. ${own.join(" ")} ${word()}.`);
    }).flat(),
  );
}

const train = notesOf(60, 1);
const patients = train.map((_, index) => `p${Math.floor(index / NOTES)}`);
const unseen = notesOf(20, 2).filter((_, index) => index % NOTES === 0);
const { attacked, reference } = halvesByPatient(train, patients);
const members = attacked.filter((_, index) => index % NOTES === 0).slice(0, unseen.length);

const attack = (minPatients: number, reference: readonly Document[]) =>
  measureMembership({
    scorer: scorerOf(tableOf(train, minPatients)),
    context: 256,
    tokenizer,
    members,
    unseen,
    reference,
  });

Deno.test("attacked and reference notes are of different patients", () => {
  const index = new Map(train.map((note, at) => [note, patients[at]]));
  const of = (notes: Document[]) => new Set(notes.map((note) => index.get(note)));
  assertEquals(of(attacked).intersection(of(reference)).size, 0);
  assertEquals([of(attacked).size, of(reference).size], [30, 30]);
  assertEquals(halvesByPatient([1, 2, 3], undefined), { attacked: [1, 3], reference: [2] });
});

Deno.test("a model that has learned the notes by heart is found out", async () => {
  const { calibrated, referenceNotes } = await attack(1, reference);
  assertGreater(calibrated!.value, 0.95);
  assertEquals(referenceNotes, reference.length);
});

Deno.test("one that knows only what all patients share is not, whatever the reference", async () => {
  const { loss, calibrated } = await attack(150, reference);
  for (const { low, high } of [loss, calibrated!]) assertEquals(low < 0.5 && high > 0.5, true);
  // What went wrong with a reference that has read other notes of the members' patients.
  const chosen = new Set(members);
  const biased = await attack(150, attacked.filter((note) => !chosen.has(note)));
  assertLess(biased.calibrated!.high, 0.2);
  assertEquals((await attack(150, [])).calibrated, null);
});
