/** One part of a note against another. Every assertion here has failed at least once. */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { isPlanned, renalRisk, unsafeInPregnancy } from "./clinical_lists.ts";
import { admissionsOf } from "../../pipeline/synthesize/corpus.ts";
import type { Medication } from "../../pipeline/synthesize/drugs.ts";
import { proseName } from "../../pipeline/synthesize/medication_plan.ts";
import { knowledge, type Sample, sample, section } from "./sample.ts";

const stays = sample(600, 5);

/** The section without its line breaks. */
const running = ({ text }: Sample, title: string) =>
  section(text, title).replaceAll(/ \n(?=\S)/g, " ");

const course = (stay: Sample) => running(stay, "Brief Hospital Course");

/** Every match of the group in `pattern`, once. */
const distinct = (text: string, pattern: RegExp) =>
  new Set([...text.matchAll(pattern)].map((match) => match[1]));

Deno.test("what was held or stopped is not said to have been continued", () => {
  let checked = 0;
  for (const stay of stays) {
    const { home, leaving } = stay.admission;
    const taken = new Set(leaving.map(({ drug }) => proseName(drug)));
    for (const { drug, fate } of home) {
      const name = proseName(drug);
      if ((fate !== "held" && fate !== "stopped") || taken.has(name)) continue;
      const word = name.replaceAll(/[^a-z]/g, ".");
      const said = new RegExp(`\\b(?:continued|remained on|kept on)\\b[^.;]*\\b${word}\\b`, "i");
      const wrong = course(stay).split(/(?<=[.;])\s+|\n/).find((sentence) => said.test(sentence));
      assert(wrong === undefined, `${name} was ${fate}: "${wrong}"`);
      checked++;
    }
  }
  assertGreater(checked, 150);
});

Deno.test("nothing happens on a day after the last", () => {
  const days = /\b(?:HD ?|hospital day |POD ?|postoperative day |postpartum day |on day )(\d+)/g;
  let checked = 0;
  for (const stay of stays) {
    for (const [found, day] of course(stay).matchAll(days)) {
      assert(Number(day) <= stay.admission.days, `${found} of ${stay.admission.days}`);
      checked++;
    }
  }
  assertGreater(checked, 800);
});

Deno.test("stays of weeks are not those of births and day surgery", () => {
  let prolonged = 0;
  for (const { admission: { presentation, days } } of stays) {
    if (days > 2 * presentation.los[1] + 4) {
      assertGreater(presentation.los[1], 6, `${presentation.name}: ${days} nights`);
      prolonged++;
    }
    if (/delivery|cesarean|hysterectomy|turp/.test(presentation.name)) assertLess(days, 9);
  }
  assertGreater(prolonged, 20);
});

Deno.test("who has dementia is not oriented, clear and coherent, nor a keeper of pill boxes", () => {
  let demented = 0;
  for (const stay of stays.filter(({ conditions }) => conditions.has("dementia"))) {
    demented++;
    const seen = running(stay, "Physical Exam") + running(stay, "Discharge Condition");
    const oriented = /A(?:&|A)?Ox3|oriented x3|oriented to person, place|Clear and coherent/;
    assert(!oriented.test(seen), seen);
    assert(!/pill box|independent in all ADLs/.test(running(stay, "History of Present Illness")));
  }
  assertGreater(demented, 30);
});

Deno.test("atrial fibrillation is heard, and seen on the electrocardiogram", () => {
  let irregular = 0;
  for (const stay of stays.filter(({ conditions }) => conditions.has("afib"))) {
    irregular++;
    const exam = running(stay, "Physical Exam"), results = running(stay, "Pertinent Results");
    assert(!/\bRRR\b|\b[Rr]egular r(?:ate|hythm)|tachycardic, regular/.test(exam), exam);
    const sinus = /(?:EKG|ECG) ___: (?:Normal s|S)inus|(?:EKG|ECG) ___: NSR/.exec(results);
    assert(!sinus, `${stay.admission.presentation.name}: ${sinus}`);
  }
  assertGreater(irregular, 80);
});

Deno.test("planned operations begin with a patient who is fit for them", () => {
  let late = 0;
  for (const { admission } of stays.filter((stay) => isPlanned(stay.admission))) {
    const at = (name: string) => admission.draws.map(({ values }) => values.get(name)!);
    assertGreater(at("Na")[0], 128);
    if (!admission.complications.some(({ name }) => name === "aki")) continue;
    late++;
    const course = admission.courses.get("Creat")!;
    assertGreater(course.peak!, course.first * 1.3, "kidneys fail after the operation");
  }
  assertGreater(late, 2);
});

/** Drug classes of all on a list. */
const classes = (list: Medication[]) => list.flatMap(({ drug }) => drug.classes);

Deno.test("nothing that is taken at home harms an unborn child", () => {
  const births = knowledge.presentations.filter(({ name }) => /delivery|cesarean/.test(name));
  assertEquals(births.length, 2);
  const only = { ...knowledge, presentations: births };
  let taken = 0;
  for (let patient = 0; patient < 150; patient++) {
    const { admission } = admissionsOf(only, 9, patient, 0).next().value!;
    taken += admission.home.length;
    assertEquals(classes(admission.home).filter((name) => unsafeInPregnancy.has(name)), []);
  }
  assertGreater(taken, 100);
});

Deno.test("nobody on dialysis leaves with what failed kidneys do not clear", () => {
  let dialysis = 0;
  for (const { admission, conditions } of stays) {
    if (!conditions.has("esrd")) continue;
    dialysis++;
    assertEquals(classes(admission.leaving).filter((name) => renalRisk.has(name)), []);
  }
  assertGreater(dialysis, 5);
});

Deno.test("numbers told twice are told alike: weight, BMI, litres, lengths of courses, scores", () => {
  let pairs = 0;
  for (const stay of stays) {
    const told = course(stay);
    const letter = running(stay, "Discharge Instructions");
    const body = stay.text.replaceAll(/ \n(?=\S)/g, " ");
    for (
      const found of [
        distinct(body, /[Ww]eight (?:was )?(\d+)(?:\.\d)? kg/g),
        distinct(body, /BMI (\d+)/g),
        distinct(body, /CHADS2-VAS[Cc] (?:score )?(?:is |of )?(\d)/g),
        distinct(told + letter, /(?:removing|removal of|drained|removed) (\d+) (?:L|liters)\b/g),
        distinct(
          body,
          /(\d+) mm (?:obstructing )?(?:stone in the )?(?:left|right) (?:distal|prox)/g,
        ),
      ]
    ) {
      assert(found.size < 2, `${stay.admission.presentation.name}: ${[...found]}`);
      if (found.size === 1) pairs++;
    }
    if (stay.admission.presentation.name === "sepsis") {
      assertLess(distinct(told, /(\d+)[- ]day (?:total )?course\b(?! of cef| of nitro)/g).size, 3);
    }
  }
  assertGreater(pairs, 100);
});

Deno.test("the review of systems does not deny what the history tells", () => {
  let gains = 0;
  for (const stay of stays) {
    const history = running(stay, "History of Present Illness");
    if (!/weight gain/.test(history)) continue;
    gains++;
    assert(!/(?:Denies|No|\(-\))[^.]*weight gain/.test(history), history);
  }
  assertGreater(gains, 20);
});

Deno.test("a hip is broken in one place, and nobody has had the bypass that is coming", () => {
  let hips = 0;
  for (const stay of stays) {
    const { name } = stay.admission.presentation;
    if (name === "cabg") assert(!/CABG/.test(running(stay, "Past Medical History")));
    if (name !== "hip_fracture") continue;
    hips++;
    const broken = stay.admission.memo.get("frac")!;
    const told = running(stay, "Discharge Diagnosis") + running(stay, "Pertinent Results");
    if (!/femoral neck/.test(broken)) assert(!/femoral neck/.test(told), told);
  }
  assertGreater(hips, 5);
});

Deno.test("thrombolysis and aspirin are a day apart", () => {
  let given = 0;
  for (const stay of stays) {
    const history = running(stay, "History of Present Illness");
    if (!/IV tPA was (?:given|administered)/.test(history)) continue;
    given++;
    const emergency = history.slice(history.indexOf("IV tPA was"));
    assert(!/aspirin|clopidogrel/i.test(emergency), emergency);
  }
  assertGreater(given, 3);
});

Deno.test("insulin is in the history exactly where it is on the list", () => {
  for (const stay of stays) {
    if (!/on insulin/.test(running(stay, "Past Medical History"))) continue;
    assert(stay.admission.home.some(({ drug }) => drug.classes.includes("insulin")));
  }
});

Deno.test("a blood gas obeys Henderson and Hasselbalch", () => {
  for (const { admission } of stays) {
    for (const { values } of admission.draws) {
      const pH = 6.1 + Math.log10(values.get("HCO3")! / (0.0307 * values.get("pCO2")!));
      assertLess(Math.abs(pH - values.get("pH")!), 0.006);
    }
  }
});

Deno.test("blood is drawn in the order of the clock", () => {
  for (const { admission: { draws, days } } of stays) {
    const minutes = draws.map(({ clock }) => {
      const [, hour, minute, half] = /^(\d\d):(\d\d)([AP])M$/.exec(clock)!;
      return (Number(hour) % 12 + (half === "P" ? 12 : 0)) * 60 + Number(minute);
    });
    for (let i = 1; i < draws.length; i++) {
      const sameDay = Math.floor(draws[i].time * days) === Math.floor(draws[i - 1].time * days);
      if (sameDay && minutes[i - 1] < 23 * 60) assertGreater(minutes[i], minutes[i - 1] - 60);
    }
  }
});

Deno.test("the ear finds pneumonia on the side where the film shows it", () => {
  let sided = 0;
  for (const stay of stays.filter(({ admission }) => admission.presentation.name === "pneumonia")) {
    const lobe = stay.admission.memo.get("lobe")!;
    const arrival = running(stay, "Physical Exam").split(/discharge physical exam/i)[0];
    const heard = /(left|right) (?:lung field|mid field|base)/.exec(arrival);
    const emergency = /(left|right) sided crackles/.exec(
      running(stay, "History of Present Illness"),
    );
    for (const found of [heard, emergency]) {
      const side = found?.slice(1).find(Boolean);
      if (!side || lobe === "bibasilar") continue;
      sided++;
      assertEquals(side, /right/.test(lobe) ? "right" : "left", `${lobe}: ${found}`);
    }
  }
  assertGreater(sided, 5);
});

Deno.test("a list in a sentence does not name one thing twice", () => {
  for (const { text } of stays) {
    const begin = text.indexOf("History of Present Illness:");
    const twice = /(?<![a-z] )\b([a-z]{5,}) (?:and|or) \1\b/.exec(
      text.slice(begin).replaceAll(/ \n(?=\S)/g, " "),
    );
    assert(!twice, twice?.[0]);
  }
});
