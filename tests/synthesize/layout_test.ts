import { assert, assertEquals, assertMatch } from "@std/assert";
import { mimicSections as sections } from "../../pipeline/lib/clinical/sections.ts";
import { LINE_WIDTH, wrap } from "../../pipeline/synthesize/layout.ts";
import { Random } from "../../pipeline/synthesize/random.ts";
import { sample } from "./sample.ts";

const notes = sample(150);

Deno.test("the header has MIMIC's lines and columns, byte by byte", () => {
  for (const { text, admission } of notes) {
    const lines = text.split("\n");
    assertEquals(lines[0], " ");
    assertEquals(lines[1], "Name:  ___                     Unit No:   ___");
    assertEquals(lines[1].indexOf("Unit No:"), 31);
    assertEquals(lines[2], " ");
    assertEquals(lines[3].indexOf("Discharge Date:"), 34);
    assertEquals(lines[3], "Admission Date:  ___              Discharge Date:   ___");
    assertEquals(lines[5].indexOf("Sex:"), 32);
    assertEquals(lines[5], `Date of Birth:  ___             Sex:   ${admission.patient.sex}`);
    assertEquals(lines[7], `Service: ${admission.presentation.service}`);
    assertEquals(lines[9], "Allergies: ");
    const next = lines.indexOf(" ", 10);
    assert(next === 11 || admission.patient.allergies.length > 1);
    assertEquals(lines[next + 1], "Attending: ___.");
    assertEquals(lines[next + 2], " ");
    assertEquals(lines[next + 3], "Chief Complaint:");
  }
});

Deno.test("sections stand in order, each after a line of one space", () => {
  for (const { text, admission } of notes) {
    let at = 0;
    for (const title of sections) {
      const found = text.indexOf(`\n \n${title}:\n`, at);
      if (title === "Facility" && admission.disposition !== "Extended Care") {
        assertEquals(found, -1);
        continue;
      }
      assert(found >= at, `${title} is missing or out of order in\n${text}`);
      at = found + 1;
    }
    assert(text.endsWith("\n \nFollowup Instructions:\n___\n \n"));
  }
});

Deno.test("three sections end with an extra empty line, the others do not", () => {
  const spaced =
    /^(Discharge Condition|Major Surgical or Invasive Procedure|Discharge Medications)$/;
  for (const { text } of notes) {
    for (const [index, title] of sections.entries()) {
      const next = sections.slice(index + 1).find((name) => text.includes(`\n \n${name}:\n`));
      if (!next || !text.includes(`\n \n${title}:\n`)) continue;
      const before = text.slice(0, text.indexOf(`\n \n${next}:\n`));
      assertEquals(before.endsWith("\n"), spaced.test(title), `${title} in\n${text}`);
    }
  }
});

Deno.test("no line shows more than 64 characters, and wrapped lines end in one space", () => {
  let wrapped = 0;
  for (const { text } of notes) {
    for (const line of text.split("\n")) {
      assert(line.trimEnd().length <= LINE_WIDTH, `${line.trimEnd().length}: ${line}`);
      assert(!/\S {2,}$/.test(line), `two spaces at the end of "${line}"`);
      if (/\S $/.test(line)) wrapped++;
    }
  }
  assert(wrapped > 1000);
});

Deno.test("wrapping keeps every word and breaks only where the next would not fit", () => {
  const random = new Random(3);
  const text = "alpha beta gamma delta ".repeat(30).trim();
  const lines = wrap(text, random).split("\n");
  assertEquals(lines.join("").trim(), text);
  for (const [index, line] of lines.slice(0, -1).entries()) {
    assert(line.endsWith(" "));
    const first = lines[index + 1].split(" ")[0];
    assert(`${line}${first}`.length > LINE_WIDTH, `"${line}" had room for "${first}"`);
  }
  assert(!lines.at(-1)!.endsWith(" "));
});

Deno.test("lines with ___ break earlier, as they did before de-identification", () => {
  const text = "seen by ___ on ___ at ___ with ___ and then ".repeat(20).trim();
  const widths = wrap(text, new Random(3)).split("\n").slice(0, -1).map((line) => line.length);
  assert(Math.max(...widths) < LINE_WIDTH);
});

Deno.test("only exactly three underscores hide things, and no control characters are left", () => {
  for (const { text } of notes) {
    for (const run of text.match(/_+/g)!) assertEquals(run, "___");
    assert(!/[^\n\x20-\x7e]/.test(text), `unexpected character in\n${text}`);
    assert(
      !/[{}<>]{2}|\$[a-z]|undefined|NaN|\bnull\b/.test(text),
      `template text left in\n${text}`,
    );
  }
});

Deno.test("allergies, conditions and medication lists have their fixed forms", () => {
  for (const { text, admission } of notes) {
    const line = text.slice(text.indexOf("Allergies: \n") + 12, text.indexOf("\n \nAttending:"))
      .replaceAll(" \n", " ");
    if (admission.patient.allergies.length === 0) {
      assertEquals(line, "No Known Allergies / Adverse Drug Reactions");
    } else {
      for (const { allergy } of admission.patient.allergies) assert(line.includes(allergy.label));
    }
    if (admission.expired) continue;
    assertMatch(text, /\nMental Status: .*\nLevel of Consciousness: .*\nActivity Status: /);
    if (admission.home.length > 0) {
      assertMatch(
        text,
        /\n \nMedications on Admission:\nThe Preadmission Medication list is accurate and complete\.\n1\. .* \n/,
      );
    }
  }
});
