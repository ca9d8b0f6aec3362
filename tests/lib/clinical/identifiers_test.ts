import { assert, assertEquals } from "@std/assert";
import { identifiersIn, mask } from "../../../pipeline/lib/clinical/identifiers.ts";

const found = (text: string): Record<string, string[]> => {
  const kinds: Record<string, string[]> = {};
  for (const { kind, text: identifier } of identifiersIn(text)) {
    (kinds[kind] ??= []).push(identifier);
  }
  return kinds;
};

Deno.test("identifiers with a shape are found", () => {
  const phone = "telephone number", name = "name after a title", address = "street address";
  const cases: [text: string, found: Record<string, string[]>][] = [
    ["Call (617) 555-0123 or 617-555-0199.", { [phone]: ["(617) 555-0123", "617-555-0199"] }],
    ["at 617 555 1234 or +1 617.555.0123", { [phone]: ["617 555 1234", "+1 617.555.0123"] }],
    ["pager 12345", { [phone]: ["pager 12345"] }],
    ["Write to jane.roe@example.org", { "e-mail address": ["jane.roe@example.org"] }],
    ["See https://example.org/x and www.example.com", {
      "web address": ["https://example.org/x", "www.example.com"],
    }],
    ["SSN 123-45-6789", { "social security number": ["123-45-6789"] }],
    ["MRN: 00112233", { "record number": ["MRN: 00112233"] }],
    ["Unit No: 123456, account number 99887766", {
      "record number": ["Unit No: 123456", "account number 99887766"],
    }],
    ["Accession 1234567890", { "long number": ["1234567890"] }],
    ["on 3/14/2015, 03-14-15, 2015-03-14 and March 14, 2015", {
      date: ["3/14/2015", "03-14-15", "2015-03-14", "March 14, 2015"],
    }],
    ["on 14/3/2015 or 14-Mar-2015", { date: ["14/3/2015", "14-Mar-2015"] }],
    ["a 94-year-old, 101 y.o. man", { "age over 89": ["94-year", "101 y.o."] }],
    ["Dr. Smith and Mrs Jane Roe", { [name]: ["Dr. Smith", "Mrs Jane Roe"] }],
    ["Dr.  Quill, Dr. J. O'Brien, Dr. SMITH", {
      [name]: ["Dr.  Quill", "Dr. J. O'Brien", "Dr. SMITH"],
    }],
    ["seen by Dr.\nQuill", { [name]: ["Dr.\nQuill"] }],
    ["lives at 12 Oak Street", { [address]: ["12 Oak Street"] }],
    ["at 4 St. Mary's Road", { [address]: ["4 St. Mary's Road"] }],
  ];
  for (const [text, expected] of cases) assertEquals(found(text), expected, text);
});

Deno.test("identifiers in German, French, Spanish, Italian and Japanese notes", () => {
  const phone = "telephone number", name = "name after a title", address = "street address";
  const cases: [text: string, found: Record<string, string[]>][] = [
    ["geb. 12.03.1950, Tel. 0551/39-12345, Frau Dr. Müller", {
      [phone]: ["Tel. 0551/39-12345"],
      date: ["12.03.1950"],
      [name]: ["Frau Dr. Müller"],
    }],
    ["am 12.03. entlassen, 3. Mai 2015", { date: ["am 12.03.", "3. Mai 2015"] }],
    ["Prof. Dr. med. von Braun, Hauptstraße 12", {
      [name]: ["Prof. Dr. med. von Braun"],
      [address]: ["Hauptstraße 12"],
    }],
    ["Fallnummer: 1234567, 94-jährige Patientin", {
      "record number": ["Fallnummer: 1234567"],
      "age over 89": ["94-jährige"],
    }],
    ["M. Dupont, né le 3 mars 1950, tél. 01 23 45 67 89, 12 rue de la Paix", {
      [phone]: ["tél. 01 23 45 67 89"],
      date: ["3 mars 1950"],
      [name]: ["M. Dupont"],
      [address]: ["12 rue de la Paix"],
    }],
    ["Sra. Ibáñez, 3 de mayo de 2015, Calle Mayor 5, 92 años", {
      date: ["3 de mayo de 2015"],
      "age over 89": ["92 años"],
      [name]: ["Sra. Ibáñez"],
      [address]: ["Calle Mayor 5"],
    }],
    ["Sig.ra Rossi, Via Roma, 12", { [name]: ["Sig.ra Rossi"], [address]: ["Via Roma, 12"] }],
    ["+49 551 3912345", { [phone]: ["+49 551 3912345"] }],
    ["2015年3月14日", { date: ["2015年3月14日"] }],
  ];
  for (const [text, expected] of cases) assertEquals(found(text), expected, text);
});

Deno.test("clinical numbers and redactions are not identifiers", () => {
  const text = `BP 107/61, Hgb-11.9*, 98.1 78 18 97RA, ___ 06:20AM, Dr. ___, Mr. ___, T 38.5,
    89 year old, 1-2 tabs, 10/325 mg, 9/10 pain, 7.35/45/90, L4-5, 2-3/6 murmur, #*90 Tablet
    Refills:*0, 16 Fr. Foley, Sig. Take one tablet, WBC 12 000, pH 7.4. Stable, EF 55-60%,
    120-130-140, 5.5.5, 90/60/70, Dr.
Plan: rest, call 911, 12 Drop, Monitoring 24 h, 0.9% 1000 ml, 18.000 elmts, M. tuberculosis`;
  assertEquals(found(text), {});
});

Deno.test("masks show the shape and nothing else", () => {
  assertEquals(mask("Dr. O'Brien-Éva\n12"), "Xx. X'Xxxxx-Xxx 99");
  assertEquals(mask("頭痛 x"), "xx x");
  assertEquals(mask("a".repeat(99)).length, 40);
});

Deno.test("the time grows with the length of the text, whatever it repeats", () => {
  const units = ["a", "1", "A ", "1 ", "a.", "1-", "1.", "Dr. ", "@", "a@", "+1 ", "Tel 1", "12 A"];
  for (const unit of [...units, "0551/", "9 ", "1/", "X. ", "Frau\n", "MRN", "Via A", "www."]) {
    const text = unit.repeat(Math.floor(400_000 / unit.length));
    const start = performance.now();
    identifiersIn(text);
    const seconds = (performance.now() - start) / 1000;
    assert(seconds < 4, `${JSON.stringify(unit)} took ${seconds.toFixed(1)} s`);
  }
});
