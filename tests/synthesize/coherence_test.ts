/** What a clinician would check first. Every assertion here has failed at least once. */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { proseName } from "../../pipeline/synthesize/medication_plan.ts";
import { admissionsOf } from "../../pipeline/synthesize/corpus.ts";
import type { Allergy, Presentation } from "../../pipeline/synthesize/knowledge.ts";
import { median } from "../helpers/quantile.ts";
import { knowledge, type Sample, sample, section } from "./sample.ts";

const stays = sample(420, 3);

const of = (...names: string[]) =>
  stays.filter(({ admission }) => names.includes(admission.presentation.name));

const first = ({ admission }: Sample, test: string) => admission.draws[0].values.get(test)!;
const last = ({ admission }: Sample, test: string) => admission.draws.at(-1)!.values.get(test)!;

Deno.test("a laboratory value has a star exactly when it is outside the range for this sex", () => {
  let checked = 0;
  for (const { text, admission } of stays) {
    const results = section(text, "Pertinent Results").replaceAll(/ \n(?=[A-Z])/g, " ");
    for (const line of results.match(/^___ \d\d:\d\d[AP]M BLOOD .*$/gm) ?? []) {
      for (const [, name, value, star] of line.matchAll(/([A-Za-z0-9-]+?)-([\d.]+)(\*?)(?= |$)/g)) {
        const test = knowledge.tests.get(name);
        assert(test, `unknown test ${name} in ${line}`);
        const [low, high] = test.reference[admission.patient.sex];
        const outside = Number(value) < low || Number(value) > high;
        assertEquals(star === "*", outside, `${name}-${value}${star} against ${low}-${high}`);
        checked++;
      }
    }
  }
  assertGreater(checked, 20_000);
});

Deno.test("values of one draw agree: anion gap, differential, haematocrit", () => {
  for (const { admission } of stays) {
    for (const { values } of admission.draws) {
      const get = (name: string) => values.get(name)!;
      const gap = get("Na") + Math.round(get("K")) - get("Cl") - get("HCO3");
      assertLess(Math.abs(gap - get("AnGap")), 0.01);
      const cells = ["Neuts", "Lymphs", "Monos", "Eos", "Baso"].reduce((sum, n) => sum + get(n), 0);
      assertLess(Math.abs(cells - 100), 0.2);
      const ratio = get("Hct") / get("Hgb");
      assert(ratio > 2.6 && ratio < 3.2, `Hct ${get("Hct")}, Hgb ${get("Hgb")}`);
      assert(get("Cl") > 78 && get("Cl") < 122, `Cl ${get("Cl")}`);
      assert(get("Lymphs") >= 0);
    }
  }
});

Deno.test("labs and vital signs fit the disease and get better", () => {
  const falls: [string, string, number][] = [
    ["pneumonia", "WBC", 11],
    ["sepsis", "Lactate", 2],
    ["pyelonephritis", "WBC", 11],
    ["dka", "Glucose", 300],
    ["pancreatitis", "Lipase", 180],
    ["heart_failure", "proBNP", 1500],
    ["c_difficile", "WBC", 12],
    ["cellulitis", "CRP", 20],
  ];
  for (const [name, test, floor] of falls) {
    const survivors = of(name).filter(({ admission }) => !admission.expired);
    assertGreater(survivors.length, 3, name);
    assertGreater(median(survivors.map((s) => first(s, test))), floor, `${name} ${test}`);
    const fell = survivors.filter((s) => last(s, test) < first(s, test)).length;
    assertGreater(fell / survivors.length, 0.9, `${name}: ${test} must fall`);
  }
  for (const stay of of("dka")) {
    assertLess(first(stay, "pH"), 7.31);
    assertLess(first(stay, "HCO3"), 19);
    assertGreater(first(stay, "AnGap"), 20);
    assertGreater(last(stay, "HCO3"), 19);
  }
  for (const stay of of("gi_bleed")) assertLess(first(stay, "Hgb"), 10.5);
  for (const stay of of("nstemi")) {
    assertGreater(Math.max(...stay.admission.draws.map((d) => d.values.get("cTropnT")!)), 0.03);
  }
  for (const stay of of("chest_pain")) assertLess(first(stay, "cTropnT"), 0.015);
});

/** Words that betray a drug the patient is allergic to, beyond the drug table's names. */
const forbidden: Record<string, RegExp> = {
  penicillin: /amoxicillin|augmentin|piperacillin|zosyn|nafcillin|ampicillin(?!-)/i,
  cephalosporin: /\bcef\w+|cephalexin|keflex/i,
  sulfonamide: /bactrim|trimethoprim(?!\/sulfa)/i,
  macrolide: /azithromycin/i,
  fluoroquinolone: /\w+floxacin|\bcipro\b|cipro\/flagyl/i,
  nitroimidazole: /metronidazole|flagyl/i,
  tetracycline: /doxycycline/i,
  morphine_like: /\bmorphine\b/i,
  codeine_like: /oxycodone|codeine/i,
  nsaid: /ibuprofen|ketorolac|naproxen/i,
  nsaid_class: /\baspirin\b|\bASA\b/i,
  statin: /\w+statin\b/i,
  ace_inhibitor: /lisinopril/i,
  glycopeptide: /(?<!oral |PO |^)vancomycin(?! oral| 125|\s*$)/i,
  contrast: /\bCTA\b|with contrast/i,
};

/** Text in which naming a drug is not giving it. */
const notGiven =
  /SENSITIV|sensitive|MIC |\bS\b|\bR\b|do not|don't|no |not |avoid|stay off|stay away|without|allerg|hold|held|stop|neg|instead|cleared|until|rather/i;

/** Stays of patients with this one allergy and this one presentation. */
function* allergicStays(allergy: Allergy, presentation: Presentation, wanted: number) {
  const only = { ...knowledge, allergies: [allergy], presentations: [presentation] };
  for (let index = 0, found = 0; found < wanted; index++) {
    const { admission, rows } = admissionsOf(only, 9, index, 0).next().value!;
    if (admission.patient.allergies.length === 0) continue;
    found++;
    yield { admission, text: rows[0].text };
  }
}

Deno.test("nobody is given what they are allergic to, whatever brings them in", () => {
  for (const allergy of knowledge.allergies) {
    const classes = allergy.classes.filter((name) => forbidden[name]);
    if (classes.length === 0) continue;
    for (const presentation of knowledge.presentations) {
      for (const { admission, text } of allergicStays(allergy, presentation, 3)) {
        for (const { drug } of [...admission.home, ...admission.started]) {
          assert(
            !drug.classes.some((name: string) => classes.includes(name)),
            `${drug.name}: ${classes}`,
          );
        }
        const given = [
          section(text, "History of Present Illness"),
          section(text, "Brief Hospital Course"),
          section(text, "Medications on Admission"),
          section(text, "Discharge Medications"),
          allergy.name === "contrast" ? section(text, "Pertinent Results") : "",
        ].join("\n").replaceAll(/ \n(?=\S)/g, " ");
        for (const sentence of given.split(/(?<=[.;:])\s+/)) {
          if (notGiven.test(sentence)) continue;
          for (const name of classes) {
            assert(
              !forbidden[name].test(sentence),
              `${presentation.name}, allergic to ${name}: "${sentence}"`,
            );
          }
        }
      }
    }
  }
});

Deno.test("discharge drugs follow from home drugs and what happened to them", () => {
  for (const { text, admission } of stays) {
    const home = section(text, "Medications on Admission");
    for (const { drug } of admission.home) assert(home.includes(drug.name), drug.name);
    if (admission.expired) continue;
    const discharge = section(text, "Discharge Medications").replaceAll(/ \n(?=\D)/g, " ");
    const listed = new Set(admission.leaving.map(({ drug }) => drug.id));
    assertEquals(listed.size, admission.leaving.length, "a drug is listed twice");
    for (const { drug, fate } of admission.home) {
      const held = discharge.includes(`HELD- ${drug.name}`);
      assertEquals(held, fate === "held", `${drug.name} is ${fate}`);
      assertEquals(listed.has(drug.id), ["continued", "paused", "changed"].includes(fate));
    }
    const numbered = discharge.match(/^\d+\. .*$/gm) ?? [];
    const held = admission.home.filter(({ fate }) => fate === "held").length;
    assertEquals(numbered.length, admission.leaving.length + held, discharge);
    const exclusive = admission.leaving.map(({ drug }) => drug.classes[0]);
    assertEquals(new Set(exclusive).size, exclusive.length, `two of one class: ${exclusive}`);
  }
});

Deno.test("anticoagulants and NSAIDs are off after a bleed", () => {
  const bleeds = of("gi_bleed", "lower_gi_bleed", "subdural");
  let anticoagulated = 0;
  for (const { admission, text } of bleeds) {
    if (admission.expired) continue;
    for (const { drug } of admission.leaving) {
      assert(!drug.classes.includes("anticoagulant"), `${drug.name} after a bleed`);
      assert(!drug.classes.includes("nsaid") || admission.presentation.name === "subdural");
    }
    for (const { drug } of admission.home.filter((m) => m.drug.classes.includes("anticoagulant"))) {
      anticoagulated++;
      assert(
        text.toLowerCase().replaceAll(/ \n/g, " ").includes(`held- ${drug.name.toLowerCase()}`),
      );
      assert(section(text, "Brief Hospital Course").toLowerCase().includes(proseName(drug)));
    }
  }
  assertGreater(anticoagulated, 3);
});

Deno.test("drugs that a condition forbids are not taken at home", () => {
  const lastStays = Map.groupBy(stays, ({ rows }) => rows[0].subject_id).values()
    .map((visits) => visits.at(-1)!.admission);
  let renal = 0;
  for (const { home, patient } of lastStays) {
    const known = patient.conditions.filter(({ name }) => patient.treated.has(name));
    for (const condition of known) {
      if (condition.name === "ckd" || condition.name === "esrd") renal++;
      for (const { value } of condition.stop) {
        assert(
          !home.some(({ drug }) => drug.classes.includes(value)),
          `${value}, ${condition.name}`,
        );
      }
    }
  }
  assertGreater(renal, 20);
});

Deno.test("paracetamol stays at or under 4 g a day", () => {
  for (const { admission } of stays) {
    let grams = 0;
    for (const { drug, dose, frequency } of admission.leaving) {
      if (drug.name !== "Acetaminophen") continue;
      grams += Number(dose) / 1000 * knowledge.frequencies.get(frequency.split(":PRN")[0])!.perDay;
    }
    assert(grams <= 4.0001, `${grams} g`);
  }
});

Deno.test("sex is kept in pronouns, anatomy and diseases", () => {
  for (const { text, admission } of stays) {
    const family = section(text, "Family History");
    const body = text.slice(text.indexOf("Chief Complaint")).replace(family, "");
    const story = section(text, "History of Present Illness") +
      section(text, "Brief Hospital Course");
    if (admission.patient.sex === "M") {
      assert(!/\b(she|her|hers)\b/i.test(story), story);
      assert(
        !/pregnan|uterus|uterine|hysterectomy|vaginal|\bLMP\b|\bgravid|Ms\. ___|cesarean|breast cancer/i
          .test(body),
        body,
      );
    } else {
      assert(!/\b(he|him|his)\b/i.test(story), story);
      assert(!/prostat|\bBPH\b|TURP|Mr\. ___/.test(body), body);
    }
  }
});

Deno.test("a patient keeps sex, allergies and family history from stay to stay", () => {
  const patients = Map.groupBy(stays, ({ rows }) => rows[0].subject_id);
  let several = 0;
  for (const visits of patients.values()) {
    if (visits.length < 2) continue;
    several++;
    const sexes = new Set(visits.map(({ text }) => /Sex: {3}([MF])/.exec(text)![1]));
    const allergies = new Set(
      visits.map(({ text }) => text.slice(text.indexOf("Allergies:"), text.indexOf("Attending:"))),
    );
    assertEquals(sexes.size, 1);
    assertEquals(allergies.size, 1, [...allergies].join("|"));
    const families = new Set(
      visits.map(({ admission }) => admission.patient.familyHistory!.join()),
    );
    assertEquals(families.size, 1);
    const once = visits.map(({ admission }) => admission.presentation)
      .filter((presentation) => presentation.once).map(({ name }) => name);
    assertEquals(new Set(once).size, once.length, "something that happens once happened twice");
  }
  assertGreater(several, 100);
});

Deno.test("nobody comes back from death, and the dead get no instructions", () => {
  let deaths = 0;
  const patients = Map.groupBy(stays, ({ rows }) => rows[0].subject_id);
  for (const visits of patients.values()) {
    for (const [index, { admission, text }] of visits.entries()) {
      if (!admission.expired) continue;
      deaths++;
      assertEquals(index, visits.length - 1);
      assertEquals(section(text, "Discharge Disposition").trim(), "Expired");
      assertEquals(section(text, "Discharge Medications").trim(), "Expired");
      assertEquals(section(text, "Discharge Instructions").trim(), "Expired");
      const course = section(text, "Brief Hospital Course").replaceAll(/ \n(?=\S)/g, " ");
      assert(/died|expired|passed away|could not be resuscitated/i.test(course), course);
      assert(!/TRANSITIONAL|discharged (home|to|on)/i.test(course), course);
    }
  }
  assertGreater(deaths, 3);
});

Deno.test("ages and services fit the presentation", () => {
  for (const { admission } of stays) {
    const { age, presentation } = admission;
    assert(
      age >= presentation.age[0] && age <= presentation.age[1] + 3,
      `${presentation.name} at ${age}`,
    );
    if (/delivery|cesarean/.test(presentation.name)) assertEquals(admission.patient.sex, "F");
  }
});
