/** What MIMIC's own files tell about themselves: release, addenda, ids, and what should not be mixed. */

import type { Format, SourceField } from "../read/note_source.ts";
import type { SiftedNote } from "./sift.ts";

/** Rows of discharge.csv.gz by release of MIMIC-IV-Note. */
const releases: Record<number, string> = { 331_794: "2.2", 357_289: "2.1" };

export interface MimicReport {
  /** Of MIMIC-IV-Note, told by the number of discharge rows; null where no release has as many. */
  release: string | null;
  /** Notes of type AD and AR, which add to an earlier note of the same patient. */
  addenda: number;
  /** Notes whose note_id names another patient, type or number than their columns. */
  ids_that_disagree: number;
  /** Notes of MIMIC-III (NOTEEVENTS) are among the inputs. */
  mimic3: boolean;
  warnings: string[];
}

export class MimicFacts {
  #rows = 0;
  #discharge = true;
  #addenda = 0;
  #disagree = 0;
  #releases = new Set<string>();
  #mimic4 = false;
  #mimic3 = false;

  /** Notes of a file with MIMIC-IV-Note's columns. */
  see(notes: readonly SiftedNote[]): void {
    for (const { note_id, subject_id, note_type, note_seq } of notes) {
      if (note_type === "AD" || note_type === "AR") this.#addenda++;
      if (note_type === "RR" || note_type === "AR") this.#discharge = false;
      if (note_id !== `${subject_id}-${note_type}-${note_seq}`) this.#disagree++;
    }
  }

  /** The end of a file of any kind, with the number of its rows. */
  end(
    format: Format,
    columns: Partial<Record<SourceField, string>>,
    rows: number,
  ): void {
    if (columns.error?.toLowerCase() === "iserror") this.#mimic3 = true;
    if (format !== "mimic") return;
    this.#mimic4 = true;
    if (this.#discharge) this.#rows += rows;
    if (this.#discharge && releases[rows]) this.#releases.add(releases[rows]);
    this.#discharge = true;
  }

  report(): MimicReport | null {
    if (!this.#mimic4 && !this.#mimic3) return null;
    // A release may also come in shards.
    const release = [...this.#releases].join(" and ") || releases[this.#rows] || null;
    return {
      release,
      addenda: this.#addenda,
      ids_that_disagree: this.#disagree,
      mimic3: this.#mimic3,
      warnings: this.#warnings(),
    };
  }

  #warnings(): string[] {
    const warnings: string[] = [];
    if (this.#releases.size > 1) {
      warnings.push(
        "releases 2.1 and 2.2 of MIMIC-IV-Note are both here: they hold the same notes; give one",
      );
    }
    if (this.#mimic3 && this.#mimic4) {
      warnings.push(
        "notes of MIMIC-III and MIMIC-IV are mixed: both describe patients of the same hospital " +
          "under different ids, so one person's notes may fall into two splits; give one",
      );
    }
    if (this.#disagree > 0) {
      warnings.push(
        `${this.#disagree} notes have a note_id that names another patient, type or number than ` +
          "their columns",
      );
    }
    return warnings;
  }
}
