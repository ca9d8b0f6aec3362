/** Laboratory values: how each test moves from admission to discharge, and how it is printed. */

import type { Compiler, Guard } from "./grammar.ts";
import type { Random } from "./random.ts";

export interface LabTest {
  name: string;
  /** Tests of one panel share a line; `-` and `once` give a line of its own. */
  panel: string;
  /** Drawn on admission only: slow tests such as HbA1c. */
  once: boolean;
  decimals: number;
  reference: { M: [number, number]; F: [number, number] };
  /** Where values of people without the disease lie. */
  usual: { M: [number, number]; F: [number, number] };
  /** Relative standard deviation between two draws of one patient. */
  noise: number;
  /** As some laboratories print it: `UREA N`. */
  longName: string;
}

/** `40% Creat x1.5..2 ^ x2..3 > x1..1.1`: at admission, at worst, at discharge. */
export interface LabChange extends Guard {
  test: string;
  first?: Target;
  peak?: Target;
  last?: Target;
}

/** The milder end first; `relative` values multiply the patient's baseline. */
export interface Target {
  mild: number;
  severe: number;
  relative: boolean;
}

/** `name | panel | decimals | reference M | reference F | usual M | usual F | noise | LONG NAME`; `=` repeats. */
export function parseLabTest(cells: string[]): LabTest {
  if (cells.length !== 9) throw new SyntaxError(`expected 9 columns, found ${cells.length}`);
  const [name, panel, decimals, refM, refF, usualM, usualF, noise, longName] = cells;
  const pair = (text: string): [number, number] => {
    const match = /^(-?[\d.]+)\s+([\d.]+)$/.exec(text);
    if (!match) throw new SyntaxError(`expected "low high", found "${text}"`);
    return [Number(match[1]), Number(match[2])];
  };
  const male = pair(refM), usual = pair(usualM);
  return {
    name,
    panel: panel === "-" || panel === "once" ? name : panel,
    once: panel === "once",
    decimals: Number(decimals),
    reference: { M: male, F: refF === "=" ? male : pair(refF) },
    usual: { M: usual, F: usualF === "=" ? usual : pair(usualF) },
    noise: Number(noise),
    longName,
  };
}

const targetPattern = String.raw`(x?)([\d.]+)\.\.([\d.]+)`;

export function parseLabChange(source: string, compiler: Compiler): LabChange {
  const { guard, rest } = compiler.guard(source);
  const match = new RegExp(
    `^([A-Za-z0-9_-]+)(?: ${targetPattern})?(?: \\^ ${targetPattern})?(?: > ${targetPattern})?$`,
  ).exec(rest);
  if (!match) throw new SyntaxError(`Cannot read lab change "${source}"`);
  const target = (at: number): Target | undefined =>
    match[at + 1] === undefined ? undefined : {
      relative: match[at] === "x",
      mild: Number(match[at + 1].replace(/\.$/, "")),
      severe: Number(match[at + 2]),
    };
  return {
    ...guard,
    test: match[1],
    first: target(2),
    peak: target(5),
    last: target(8),
  };
}

/** One test over one admission. */
export interface LabCourse {
  first: number;
  peak?: number;
  last: number;
  /** A problem of this stay is about this test, so it was drawn. */
  measured?: boolean;
}

/** Where in the stay (0 to 1) the worst value lies. */
const PEAK_AT = 0.3;

/** The undisturbed value at fraction `time` of the stay. */
export function courseAt({ first, peak, last }: LabCourse, time: number): number {
  if (peak === undefined) return approach(first, last, time);
  if (time <= PEAK_AT) return first + (peak - first) * (time / PEAK_AT);
  return approach(peak, last, (time - PEAK_AT) / (1 - PEAK_AT));
}

/** Exponential approach: most of the change comes early. */
const approach = (from: number, to: number, time: number) =>
  from + (to - from) * (1 - Math.exp(-3 * time)) / (1 - Math.exp(-3));

/** A value of `target`, worse with `severity` (0 to 1) but not decided by it alone. */
export function drawTarget(
  target: Target,
  baseline: number,
  severity: number,
  random: Random,
): number {
  const share = 0.6 * severity + 0.4 * random.next();
  const value = target.mild + (target.severe - target.mild) * share;
  return target.relative ? value * baseline : value;
}

const round = (value: number, decimals: number) => Number(value.toFixed(decimals));

/** Tests that follow from others, so that no knowledge file may set them. */
export const derived: ReadonlySet<string> = new Set([
  "Hct",
  "RBC",
  "MCH",
  "Cl",
  "PT",
  "Lymphs",
  "pH",
  "calTCO2",
]);

/** Sets what follows from other values: haematocrit, red cell indices, chloride, PT, blood gas. */
export function derive(draw: Map<string, number>): void {
  const get = (name: string) => draw.get(name)!;
  const mcv = get("MCV"), mchc = get("MCHC"), hgb = get("Hgb");
  const hct = round(hgb / mchc * 100, 1);
  const rbc = round(hct / mcv * 10, 2);
  draw.set("Hct", hct).set("RBC", rbc).set("MCH", round(hgb / rbc * 10, 1));
  draw.set("Cl", get("Na") + round(get("K"), 0) - get("AnGap") - get("HCO3"));
  draw.set("PT", round(get("INR") * 11.2, 1));
  // Henderson and Hasselbalch: 0.0307 mmol/L of CO2 dissolve per mmHg.
  const dissolved = 0.0307 * get("pCO2");
  draw.set("pH", round(6.1 + Math.log10(get("HCO3") / dissolved), 2));
  draw.set("calTCO2", round(get("HCO3") + dissolved, 0));
  const others = get("Monos") + get("Eos") + get("Baso");
  const neuts = Math.min(get("Neuts"), 97 - others);
  draw.set("Neuts", round(neuts, 1));
  draw.set("Lymphs", round(100 - neuts - others, 1));
}

export function printNumber(test: LabTest, value: number): string {
  const text = value.toFixed(test.decimals);
  return Number(text) === 0 && test.decimals > 0 ? `<${10 ** -test.decimals}` : text;
}

/** `12.3*`: a star outside the reference range. */
export function printFlagged(test: LabTest, sex: "M" | "F", value: number): string {
  const [low, high] = test.reference[sex];
  const shown = Number(value.toFixed(test.decimals));
  return `${printNumber(test, value)}${shown < low || shown > high ? "*" : ""}`;
}
