import { assert, assertEquals } from "@std/assert";
import { capitalsHeaderIn, headerOf, sectionsOf } from "../../../pipeline/lib/clinical/headers.ts";

const keyOf = (line: string) => headerOf(line)?.key;

Deno.test("headers: alone, in capitals, in front of their text; prose is none", () => {
  const cases: [line: string, key: string | undefined][] = [
    ["History of Present Illness:", "HISTORY OF PRESENT ILLNESS"],
    ["HPI: ", "HPI"],
    ["**Transitional Issues**:", "TRANSITIONAL ISSUES"],
    ["**Transitional Issues:**", "TRANSITIONAL ISSUES"],
    ["== PLAN ==", "PLAN"],
    ["ADMISSION LABS", "ADMISSION LABS"],
    ["PLAN: Return in two weeks.", "PLAN"],
    ["Service: MEDICINE", "SERVICE"],
    ["#CHF:", "CHF"],
    ["# ACUTE KIDNEY INJURY: resolved", "ACUTE KIDNEY INJURY"],
    ["2. Past Medical History:", "PAST MEDICAL HISTORY"],
    ["Past Medical History", "PAST MEDICAL HISTORY"],
    ["hpi:", "HPI"],
    ["assessment/plan: well", "ASSESSMENT/PLAN"],
    ["the patient said: go", undefined],
    ["The patient was seen in clinic and was told the following things today: rest", undefined],
    ["Stable.", undefined],
    ["plan", undefined],
    ["- Please call: ___", undefined],
    ["___ 06:20AM BLOOD WBC-5.1", undefined],
    ["https://example.org/a", undefined],
    ["Seen at 12:30", undefined],
    ["Dr. Miller: called", undefined],
    [":", undefined],
    ["", undefined],
  ];
  for (const [line, key] of cases) assertEquals(keyOf(line), key, line);
});

Deno.test("headers in other languages and scripts", () => {
  const cases: [line: string, key: string | undefined][] = [
    ["Antécédents:", "ANTÉCÉDENTS"],
    ["Antécédents : HTA, diabète", "ANTÉCÉDENTS"],
    ["Motif d’hospitalisation\u00a0:", "MOTIF D’HOSPITALISATION"],
    ["Körperliche Untersuchung:", "KÖRPERLICHE UNTERSUCHUNG"],
    ["Körperlicher Untersuchungsbefund:", "KÖRPERLICHER UNTERSUCHUNGSBEFUND"],
    ["Überweisung:", "ÜBERWEISUNG"],
    ["Körperl. Untersuchung: unauffällig", undefined],
    ["Körperl. Untersuchung:", "KÖRPERL. UNTERSUCHUNG"],
    ["Évolution:", "ÉVOLUTION"],
    ["ÉVOLUTION", "ÉVOLUTION"],
    ["Diagnóstico: neumonía", "DIAGNÓSTICO"],
    ["EXPLORACIÓN FÍSICA: normal", "EXPLORACIÓN FÍSICA"],
    ["Evolución clínica", undefined],
    ["antecedentes personales:", "ANTECEDENTES PERSONALES"],
    ["Анамнез:", "АНАМНЕЗ"],
    ["ДИАГНОЗ: пневмония", "ДИАГНОЗ"],
    ["Ιστορικό:", "ΙΣΤΟΡΙΚΌ"],
    ["主訴：", "主訴"],
    ["主訴：頭痛", "主訴"],
    ["【現病歴】", "現病歴"],
    ["A\u0301rea:", "A\u0301REA"],
    ["à noter: repos", undefined],
  ];
  for (const [line, key] of cases) assertEquals(keyOf(line), key, line);
});

Deno.test("a header ends behind its colon and decoration", () => {
  const after = (line: string) => line.slice(headerOf(line)!.end);
  assertEquals(after("PLAN: rest"), " rest");
  assertEquals(after("**Plan:** rest"), " rest");
  assertEquals(after("Physical Exam:  "), "");
  assertEquals(after("ADMISSION LABS"), "");
});

Deno.test("a header in capitals is found inside a line, with all its words", () => {
  const found = (text: string) => {
    const header = capitalsHeaderIn(text);
    return header && text.slice(header.start, header.end);
  };
  assertEquals(found("fever. PLAN: rest"), "PLAN:");
  assertEquals(found("fever. HOSPITAL COURSE: rest"), "HOSPITAL COURSE:");
  assertEquals(found("à 12:30. ÉVOLUTION: bon"), "ÉVOLUTION:");
  assertEquals(found("Na: 138, K: 4"), undefined);
  assertEquals(found("preCAPS: no"), undefined);
});

Deno.test("sections begin at their headers", () => {
  const note = "Name ___\nChief Complaint:\nPain\nPLAN: rest. Note: fine\nAntécédents:\nHTA";
  assertEquals(sectionsOf(note), [
    { name: "", start: 0 },
    { name: "CHIEF COMPLAINT", start: 9 },
    { name: "PLAN", start: 31 },
    { name: "ANTÉCÉDENTS", start: 54 },
  ]);
  assertEquals(sectionsOf(note, (key) => key === "PLAN").length, 2);
  assertEquals(sectionsOf("PLAN: rest"), [{ name: "PLAN", start: 0 }]);
  assertEquals(sectionsOf(""), [{ name: "", start: 0 }]);
});

Deno.test("the time grows with the length of the text, whatever it repeats", () => {
  for (const unit of ["A", "A ", "A:", "A-", " ", "*", "_:", "A B:", "1.", "【", "İ", "A\n"]) {
    const text = unit.repeat(Math.floor(400_000 / unit.length));
    const start = performance.now();
    headerOf(text);
    capitalsHeaderIn(text.slice(0, 20_000));
    sectionsOf(text);
    const seconds = (performance.now() - start) / 1000;
    assert(seconds < 2, `${JSON.stringify(unit)} took ${seconds.toFixed(1)} s`);
  }
});
