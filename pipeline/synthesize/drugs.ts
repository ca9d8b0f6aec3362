/** Drugs as the tables give them, and how an order is written in a note. */

import type { Random } from "./random.ts";

export interface Drug {
  id: string;
  /** As an order reads, tall-man letters included. */
  name: string;
  /** The first class excludes a second drug of the same class. */
  classes: string[];
  doses: string[];
  /** What one tablet holds; the doses themselves where the table says nothing. */
  strengths: number[];
  unit: string;
  form: string;
  route: string;
  frequencies: string[];
  brand: string;
}

export interface Frequency {
  /** For the prescription line: "twice a day". */
  words: string;
  perDay: number;
}

/** One drug at one dose, at home or in hospital. */
export interface Medication {
  drug: Drug;
  dose: string;
  frequency: string;
  /** A course that ends, in days. */
  days?: number;
}

/** `id | Name | classes | doses | strengths | unit form | route | frequencies | brand`. */
export function parseDrug(cells: string[]): Drug {
  if (cells.length < 8) throw new SyntaxError(`expected at least 8 columns, found ${cells.length}`);
  const [id, name, classes, doses, strengths, unitForm, route, frequencies, brand = ""] = cells;
  const [unit, form] = unitForm.split(" ");
  if (!unit || !form) throw new SyntaxError(`expected "unit form", found "${unitForm}"`);
  const doseList = doses.split(/\s+/).filter(Boolean);
  return {
    id,
    name,
    classes: [...classes.split(/\s+/), id],
    doses: doseList,
    strengths: (strengths ? strengths.split(/\s+/) : doseList).map(Number).sort((a, b) => b - a),
    unit,
    form,
    route,
    frequencies: frequencies.split(/,\s*/),
    brand,
  };
}

/** `code | words | times a day`. */
export function parseFrequency(cells: string[]): Frequency {
  const perDay = Number(cells[2]);
  if (!(perDay > 0)) throw new SyntaxError(`expected "code | words | times a day"`);
  return { words: cells[1], perDay };
}

/** `Lisinopril 10 mg PO DAILY`. */
export function orderLine({ drug, dose, frequency }: Medication): string {
  const route = drug.form === "insulin" ? "" : `${drug.route} `;
  return `${drug.name} ${dose} ${drug.unit} ${route}${frequency}`;
}

const wholeForms: Record<string, string> = { tablet: "Tablet", capsule: "Capsule" };

/**
 * The prescription under a new drug: `RX *lisinopril 10 mg 1 tablet(s) by mouth daily Disp #*30
 * Tablet Refills:*0`; empty for what is not dispensed in countable pieces.
 */
export function prescriptionLine(
  medication: Medication,
  frequencies: Map<string, Frequency>,
  random: Random,
): string {
  const { drug, dose, frequency, days } = medication;
  const piece = wholeForms[drug.form];
  const [code, reason] = frequency.split(":PRN");
  const schedule = frequencies.get(code);
  if (!piece || !schedule) return "";
  const strength = strengthFor(drug, Number(dose));
  const count = Number(dose) / strength;
  if (!Number.isFinite(count)) return "";
  const total = Math.ceil(count * schedule.perDay * (days ?? 30));
  const supply = reason !== undefined && days === undefined ? random.pick([10, 15, 20, 30]) : total;
  const generic = drug.name.toLowerCase() + (drug.brand ? ` [${drug.brand}]` : "");
  const refills = days === undefined ? random.pick([0, 0, 0, 1, 2, 3]) : 0;
  const pieces = count === 1 || count % 1 === 0 ? String(count) : count.toFixed(1);
  const needed = reason !== undefined ? " as needed" : "";
  return `RX *${generic} ${strength} ${drug.unit} ${pieces} ${drug.form}(s) by mouth ` +
    `${schedule.words}${needed} Disp #*${supply} ${piece} Refills:*${refills}`;
}

/** The largest tablet of which `dose` is a whole number or a half. */
function strengthFor(drug: Drug, dose: number): number {
  const fits = drug.strengths.find((strength) => dose % strength === 0 && dose >= strength);
  return fits ?? drug.strengths.find((strength) => (dose * 2) % strength === 0) ?? dose;
}
