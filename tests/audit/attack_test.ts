// Patients have several notes that are much alike, as in a hospital. The attack must not take a
// patient's other notes, which the reference has read, for the model's innocence.

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { measureMembership, type Note } from "../../pipeline/audit/attack.ts";
import { halvesByPatient, spreadByPatient } from "../../pipeline/audit/patients.ts";
import { seededRandom } from "../../pipeline/lib/base/random.ts";
import { documents, scorerOf, tableOf, tokenizer } from "./characters.ts";

const NOTES = 3;

/** NOTES notes each of some patients: a few words of the note's own among those of the patient. */
function notesOf(patients: number, seed: number): Note[] {
  const random = seededRandom(seed);
  const letters = [..."abcdefghijklmnopqrst"];
  const word = () =>
    Array.from({ length: 6 }, () => letters[Math.floor(random() * letters.length)]).join("");
  return documents(
    Array.from({ length: patients }, () => {
      const own = Array.from({ length: 12 }, word);
      return Array.from({ length: NOTES }, () => `Seen on rounds. ${own.join(" ")} ${word()}.`);
    }).flat(),
  ).map((note, index) => ({ ...note, patient: `${seed} ${Math.floor(index / NOTES)}` }));
}

const train = notesOf(60, 1);
const unseen = spreadByPatient(notesOf(20, 2), 20);
const { attacked, reference } = halvesByPatient(train);
const members = spreadByPatient(attacked, unseen.length);

const attack = (minPatients: number, reference: readonly Note[]) =>
  measureMembership({
    scorer: scorerOf(tableOf(train, minPatients)),
    context: 256,
    tokenizer,
    members,
    unseen,
    reference,
  });

Deno.test("attacked and reference notes are of different patients", () => {
  const of = (notes: Note[]) => new Set(notes.map(({ patient }) => patient));
  assertEquals(of(attacked).intersection(of(reference)).size, 0);
  assertEquals([of(attacked).size, of(reference).size], [30, 30]);
  assertEquals(of(members).size, members.length, "one note of each patient before a second");
  const some = ["a", "a", "a", "b", "c"].map((patient) => ({ patient }));
  assertEquals(spreadByPatient(some, 4).map(({ patient }) => patient).join(""), "abca");
  assertEquals(spreadByPatient(some, 9).length, 5);
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
