import { assert, assertEquals } from "@std/assert";
import { isDose, isQuantity } from "../../../pipeline/lib/clinical/quantities.ts";

/** The last word of the text is suggested from the mark on. */
function quantity(marked: string): boolean {
  const at = marked.indexOf("|");
  const words = marked.replace("|", "").split(/\s+/);
  const word = words.pop()!;
  const part = marked.slice(at + 1).trim();
  return isQuantity(part.split(/\s+/).at(-1)!, word, words.join(" "));
}

Deno.test("quantities: digits in the suggested part, units behind a number", () => {
  const yes = [
    "Lasix |40",
    "40 |mg",
    "(40) m|g",
    "5 |grams",
    "5 gr|ams",
    "5 |cc",
    "5 |patch",
    "5 |patches",
    "5,000 |units",
    "1-2 |tabs",
    "½ |tablet",
    "٥ |mg", // Arabic-Indic five
    "5|mg",
    "5m|g",
    "2.5 |mL/hr",
    "5 |mcg/kg/min",
    "10 |%",
    "10|%",
    "5 |µg",
    "3 |puffs.",
    "2 |tablet(s)",
    "two |tablets",
    "Two (2) |tablets",
    "one |tablet",
    "take |two",
    "2 oral |tablets",
    "500 mg |tablets",
    "20 |Tropfen",
    "10 |I.E.",
    "2 |comprimés",
    "3 |gotas",
    "1 |compressa",
    "120 |mmHg",
  ];
  for (const text of yes) assertEquals(quantity(text), true, text);
});

Deno.test("no quantities: units without a number, ages, prose", () => {
  const no = [
    "Lasix |mg",
    "a 45|-year-old",
    "for 5 |days",
    "due |due",
    "no |one",
    "the |patch",
    "a |drop",
    "5 large |lesions",
    "5 |patients",
    "L4 |disc",
  ];
  for (const text of no) assertEquals(quantity(text), false, text);
});

Deno.test("a number with its unit in one word is a dose", () => {
  for (const word of ["81mg", "25-mg", "2.5mg/kg", "5patch", "10IE"]) assert(isDose(word), word);
  for (const word of ["45-year", "L4", "81", "3cm", "mg"]) assert(!isDose(word), word);
});

Deno.test("long words cost no more than their length", () => {
  const start = performance.now();
  for (const unit of ["1", "1-", "1.m", "%", "m(s)", "½"]) {
    const word = unit.repeat(200_000);
    isQuantity("x", word, word);
    isQuantity("mg", "mg", word);
    isDose(word);
  }
  assert(performance.now() - start < 3000);
});
