import { assert, assertEquals, assertGreaterOrEqual, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { loadKnowledge } from "../../pipeline/synthesize/knowledge.ts";
import { KnowledgeError } from "../../pipeline/synthesize/source.ts";
import { knowledge } from "./sample.ts";

const folder = join(import.meta.dirname!, "../../pipeline/synthesize/knowledge");

/** The error of loading a copy of the knowledge in which one file is changed. */
async function errorAfter(file: string, change: (text: string) => string): Promise<Error> {
  const copy = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(copy, "presentations"));
    for (const part of ["", "presentations"]) {
      for (const { name, isFile } of Deno.readDirSync(join(folder, part))) {
        if (isFile) await Deno.copyFile(join(folder, part, name), join(copy, part, name));
      }
    }
    const path = join(copy, file);
    const before = await Deno.readTextFile(path);
    const after = change(before);
    assert(after !== before, `the change of ${file} changes nothing`);
    await Deno.writeTextFile(path, after);
    return await assertRejects(() => loadKnowledge(copy), KnowledgeError);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

Deno.test("there are a few dozen presentations on nine services", () => {
  assertGreaterOrEqual(knowledge.presentations.length, 36);
  const services = new Set(knowledge.presentations.map(({ service }) => service));
  assertEquals([...services].sort(), [
    "CARDIOTHORACIC",
    "MEDICINE",
    "NEUROLOGY",
    "NEUROSURGERY",
    "OBSTETRICS/GYNECOLOGY",
    "ORTHOPAEDICS",
    "PSYCHIATRY",
    "SURGERY",
    "UROLOGY",
  ]);
});

Deno.test("every adult of either sex can come back, whatever they already had", () => {
  for (const sex of ["M", "F"] as const) {
    for (let age = 19; age <= 96; age++) {
      const fits = knowledge.presentations.filter((p) =>
        (p.sex ?? sex) === sex && age >= p.age[0] && age <= p.age[1] + 3 && !p.once &&
        p.requires.length === 0 && p.excludes.length === 0
      );
      assertGreaterOrEqual(fits.length, 1, `${sex} ${age}: ${fits.map((p) => p.name)}`);
    }
  }
});

Deno.test("every drug of the table is taken or prescribed by somebody", () => {
  const owners = [...knowledge.presentations, ...knowledge.conditions.values()];
  const ordered = new Set(
    owners.flatMap(({ home, start }) => [...home, ...start])
      .flatMap(({ choices }) => choices.flat().map(({ drug }) => drug)),
  );
  assertEquals([...knowledge.drugs.keys()].filter((id) => !ordered.has(id)), []);
});

Deno.test("reference ranges and usual values of laboratory tests make sense", () => {
  for (const test of knowledge.tests.values()) {
    for (const sex of ["M", "F"] as const) {
      const [low, high] = test.reference[sex], [from, to] = test.usual[sex];
      assert(low <= high && from <= to, test.name);
      assert(to >= low && from <= high, `${test.name}: usual ${from}-${to} outside ${low}-${high}`);
    }
  }
});

Deno.test("unknown names are refused with the place where they stand", async () => {
  const append = (line: string) => (text: string) => `${text}\n== made_up\n${line}\n`;
  const pneumonia = "presentations/pneumonia.txt";
  const cases: [string, (text: string) => string, string][] = [
    [pneumonia, append("<nowhere>"), "no rule <nowhere>"],
    [pneumonia, append("$nobody"), "no variable $nobody"],
    [pneumonia, append("{@Unobtanium}"), "no lab test {@Unobtanium}"],
    [pneumonia, append("{=snakeoil}"), "no drug class {=snakeoil}"],
    [pneumonia, append("{?has.dropsy: x}"), 'nothing is called "dropsy"'],
    [pneumonia, append("{?feels.blue: x}"), 'no condition "?feels.blue"'],
    [pneumonia, (text) => text.replace("start: ", "start: laudanum | "), 'no drug "laudanum"'],
    [pneumonia, (text) => text.replace("lab: WBC", "lab: Humors"), 'no test "Humors"'],
    [pneumonia, (text) => text.replace("lab: WBC", "lab: Hct"), "Hct follows from other tests"],
    [pneumonia, (text) => text.replace(/^age: .*$/m, "age: old"), "must be a range"],
    [
      pneumonia,
      (text) => text.replace("== complaint", "== grievance"),
      '"== complaint" is missing',
    ],
    ["drugs.txt", (text) => text.replace("lisinopril | Lisi", "losartan | Lisi"), "twice"],
    ["labs.txt", (text) => text.replace("4.0 10.0", "four"), "labs.txt:"],
  ];
  for (const [file, change, expected] of cases) {
    const error = await errorAfter(file, change);
    assert(error.message.includes(expected), `expected "${expected}", found "${error.message}"`);
  }
});
