/** Which sections the notes have, in which order, and how long each is. */

import { headerOf } from "../lib/clinical/headers.ts";
import type { HeaderSet } from "../lib/clinical/sections.ts";
import { LogHistogram } from "./log_histogram.ts";

/** Lines `from` to `to` (exclusive) belong to section `section`; -1 is what precedes the first. */
export interface Segment {
  section: number;
  from: number;
  to: number;
}

export interface SectionPart {
  notes: number;
  notesWith: Uint32Array<ArrayBuffer>;
  /** Sum over notes of the section's place, 0 at the note's start to 1 at its end. */
  places: Float64Array<ArrayBuffer>;
  characters: Float64Array<ArrayBuffer>;
  lengths: Float64Array<ArrayBuffer>[];
  /** before[i·n + j]: notes in which section i starts before section j. */
  before: Uint32Array<ArrayBuffer>;
  subNotesWith: Uint32Array<ArrayBuffer>;
}

export interface SectionReport {
  shape: HeaderSet["shape"];
  /** Headers in at least 5% of the notes; no more than 40 of them are told apart. */
  common: number;
  /** In the order in which they usually stand. */
  sections: {
    name: string;
    notes: number;
    share: number;
    place: number;
    median_characters: number;
    p90_characters: number;
    share_of_text: number;
  }[];
  /** Of all pairs of sections in one note, the share that stands in the usual order. */
  order_agreement: number | null;
  sub_headers: { name: string; notes: number; share: number }[];
  /** Characters before the first section. */
  preamble_share_of_text: number;
}

export class SectionScan {
  readonly #index: Map<string, number>;
  readonly #subIndex: Map<string, number>;
  readonly #part: SectionPart;
  readonly #lengths: LogHistogram[];

  constructor(headers: HeaderSet) {
    const count = headers.sections.length;
    this.#index = new Map(headers.sections.map(({ key }, index) => [key, index]));
    this.#subIndex = new Map(headers.subHeaders.map(({ key }, index) => [key, index]));
    this.#lengths = headers.sections.map(() => new LogHistogram());
    this.#part = {
      notes: 0,
      notesWith: new Uint32Array(count),
      places: new Float64Array(count),
      characters: new Float64Array(count + 1),
      lengths: this.#lengths.map(({ counts }) => counts),
      before: new Uint32Array(count * count),
      subNotesWith: new Uint32Array(headers.subHeaders.length),
    };
  }

  /** Divides a note into segments and counts them. */
  add(lines: readonly string[], length: number): Segment[] {
    const part = this.#part;
    part.notes++;
    const segments = this.#segments(lines);
    const seen: number[] = [];
    let offset = 0;
    for (const { section, from, to } of segments) {
      let characters = 0;
      for (let line = from; line < to; line++) characters += lines[line].length + 1;
      if (section < 0) part.characters[part.characters.length - 1] += characters;
      else {
        part.characters[section] += characters;
        this.#lengths[section].add(characters);
        if (!seen.includes(section)) {
          part.places[section] += offset / Math.max(1, length);
          seen.push(section);
        }
      }
      offset += characters;
    }
    this.#countOrder(seen);
    return segments;
  }

  #segments(lines: readonly string[]): Segment[] {
    const segments: Segment[] = [{ section: -1, from: 0, to: lines.length }];
    const subSeen = new Set<number>();
    for (let line = 0; line < lines.length; line++) {
      const header = headerOf(lines[line]);
      if (header === undefined) continue;
      const sub = this.#subIndex.get(header.key);
      if (sub !== undefined) subSeen.add(sub);
      const section = this.#index.get(header.key);
      if (section === undefined) continue;
      segments.at(-1)!.to = line;
      segments.push({ section, from: line, to: lines.length });
    }
    for (const sub of subSeen) this.#part.subNotesWith[sub]++;
    return segments;
  }

  /** `seen` lists the sections of a note in the order of their first appearance. */
  #countOrder(seen: readonly number[]): void {
    const { notesWith, before } = this.#part;
    const count = notesWith.length;
    for (let i = 0; i < seen.length; i++) {
      notesWith[seen[i]]++;
      for (let j = i + 1; j < seen.length; j++) before[seen[i] * count + seen[j]]++;
    }
  }

  part(): SectionPart {
    return this.#part;
  }
}

/** Merges what the workers found. */
export function sectionReport(headers: HeaderSet, parts: SectionPart[]): SectionReport {
  const count = headers.sections.length;
  const add = (pick: (part: SectionPart) => ArrayLike<number>, length: number) =>
    Float64Array.from(
      { length },
      (_, index) => parts.reduce((sum, part) => sum + pick(part)[index], 0),
    );
  const notes = parts.reduce((sum, part) => sum + part.notes, 0);
  const notesWith = add((part) => part.notesWith, count);
  const places = add((part) => part.places, count);
  const characters = add((part) => part.characters, count + 1);
  const before = add((part) => part.before, count * count);
  const subNotesWith = add((part) => part.subNotesWith, headers.subHeaders.length);
  const text = characters.reduce((sum, value) => sum + value, 0);
  const sections = headers.sections.map(({ form }, index) => {
    const lengths = new LogHistogram();
    for (const part of parts) lengths.merge(part.lengths[index]);
    return {
      index,
      name: form,
      notes: notesWith[index],
      share: notesWith[index] / notes,
      place: notesWith[index] === 0 ? 1 : places[index] / notesWith[index],
      median_characters: lengths.quantile(0.5),
      p90_characters: lengths.quantile(0.9),
      share_of_text: characters[index] / text,
    };
  }).filter(({ notes }) => notes > 0);
  sortByOrder(sections, before, count);
  return {
    shape: headers.shape,
    common: headers.common,
    sections: sections.map(({ index: _, ...section }) => section),
    order_agreement: agreement(sections.map(({ index }) => index), before, count),
    sub_headers: headers.subHeaders
      .map(({ form }, index) => ({
        name: form,
        notes: subNotesWith[index],
        share: subNotesWith[index] / notes,
      }))
      .sort((a, b) => b.notes - a.notes),
    preamble_share_of_text: characters[count] / text,
  };
}

/**
 * Sorts by how many other sections each one usually precedes. (The mean place alone would be led
 * astray by a section that also stands in short notes of another kind.)
 */
function sortByOrder(
  sections: { index: number; place: number }[],
  before: Float64Array,
  count: number,
): void {
  const precedes = (first: number, second: number) =>
    before[first * count + second] > before[second * count + first];
  const wins = new Map(sections.map(({ index }) => [
    index,
    sections.filter((other) => precedes(index, other.index)).length -
    sections.filter((other) => precedes(other.index, index)).length,
  ]));
  sections.sort((a, b) => wins.get(b.index)! - wins.get(a.index)! || a.place - b.place);
}

function agreement(order: number[], before: Float64Array, count: number): number | null {
  let inOrder = 0, pairs = 0;
  order.forEach((first, place) => {
    for (const second of order.slice(place + 1)) {
      inOrder += before[first * count + second];
      pairs += before[first * count + second] + before[second * count + first];
    }
  });
  return pairs === 0 ? null : inOrder / pairs;
}
