/** Generated notes that several tests look at, with what is known about each stay. */

import { admissionsOf, type NoteRow } from "../../pipeline/synthesize/corpus.ts";
import type { Admission } from "../../pipeline/synthesize/admission.ts";
import { type Knowledge, loadKnowledge } from "../../pipeline/synthesize/knowledge.ts";

export const knowledge: Knowledge = await loadKnowledge();

export interface Sample {
  rows: NoteRow[];
  admission: Admission;
  text: string;
  /** Names of the patient's conditions at this stay; `admission.patient` grows older. */
  conditions: ReadonlySet<string>;
}

/** The stays of the first `patients` patients. */
export function sample(patients: number, seed = 1): Sample[] {
  const samples: Sample[] = [];
  let serial = 0;
  for (let index = 0; index < patients; index++) {
    for (const { admission, rows } of admissionsOf(knowledge, seed, index, serial)) {
      serial += rows.length;
      const conditions = new Set(admission.patient.conditions.map(({ name }) => name));
      samples.push({ admission, rows, text: rows[0].text, conditions });
    }
  }
  return samples;
}

/** The body of one section. */
export function section(text: string, title: string): string {
  const begin = text.indexOf(`\n \n${title}:\n`);
  if (begin < 0) return "";
  const body = text.slice(begin + title.length + 5);
  const end = body.search(/\n \n[A-Z][A-Za-z ]+:\n|\n \n$/);
  return end < 0 ? body : body.slice(0, end);
}
