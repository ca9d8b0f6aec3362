/** Values of the context: the dose of a drug, the result of a test, in the line that names it. */

import { isDoseUnit, isUnit } from "../../../clinical/quantities.ts";
import type { Caret } from "./caret.ts";
import type { ContextIndex } from "./index.ts";
import { isTelling } from "./telling.ts";
import type { Candidate } from "./lists.ts";
import { isNamed, namesOf } from "./synonyms.ts";
import { isNumberKey, isWordKey } from "./units.ts";

/** Units between a name and its value: "of", "was", a salt, a colon. */
const REACH = 4;
/** A value and where it stands. */
export interface Value {
  id: number;
  place: number;
  /** The unit behind it, if there is one. */
  measure: string;
}

export class Values {
  readonly #index: ContextIndex;
  readonly #known = new Map<string, readonly Value[]>();

  constructor(index: ContextIndex) {
    this.#index = index;
  }

  /** The values of the drug or test `name`, the latest last; none where it is neither. */
  of(name: string): readonly Value[] {
    let values = this.#known.get(name);
    if (values === undefined) this.#known.set(name, values = this.#find(name));
    return values;
  }

  #find(name: string): Value[] {
    if (!(isNamed(name) || isTelling(name)) || isNumberKey(name) || isUnit(name)) return [];
    const index = this.#index, found: Value[] = [];
    for (const other of namesOf(name)) {
      const id = index.idOf(other);
      if (id === undefined) continue;
      for (const place of index.placesOf(id)) {
        const at = this.#valueBehind(place);
        if (at === undefined) continue;
        const measure = index.goesOn(at) ? index.keys[index.key[at + 1]] : "";
        const isMeasure = isUnit(measure);
        const { kind } = index.items[index.itemOf(at)];
        // What was measured at another stay says nothing of this one; doses mostly go on.
        if (kind === "note" && !isDoseUnit(measure)) continue;
        // "take two" is no dose, and "visit 3" no result.
        if (!isMeasure && !isNamed(name) && kind !== "medications" && kind !== "results") continue;
        found.push({ id: index.key[at], place: at, measure: isMeasure ? measure : "" });
      }
    }
    return found.sort((a, b) => a.place - b.place);
  }

  /** The first number behind `place` within reach, in the same line and sentence. */
  #valueBehind(place: number): number | undefined {
    const index = this.#index;
    for (let at = place; at < place + REACH && index.goesOn(at); at++) {
      const key = index.keys[index.key[at + 1]];
      if (isNumberKey(key)) return at + 1;
      if (/^[.;,]/.test(key)) return;
    }
  }

  /** Values of what is named before the caret, where a number may come next. */
  next({ line, keys, part, inPart }: Caret): Candidate[] {
    const inNumber = part.length > 0 && inPart === 1 && isNumberKey(keys.at(-1) ?? "");
    const before = inNumber ? line.slice(0, -1) : line;
    for (let back = 1; back <= 3 && back <= before.length; back++) {
      const key = before[before.length - back];
      if (isNumberKey(key) || /^[.;,]/.test(key)) return [];
      if (!isWordKey(key)) continue;
      const values = this.of(key);
      if (values.length > 0) return ranked(values);
    }
    return [];
  }
}

/** Each value once; the latest is twice as likely as any other. */
function ranked(values: readonly Value[]): Candidate[] {
  const latest = new Map<number, number>();
  for (const { id, place } of values) latest.set(id, place);
  const share = 1 / (latest.size + 1), last = values.at(-1)!.id;
  return Array.from(latest, ([id, place]) => ({
    id,
    place,
    mass: id === last ? 2 * share : share,
  }));
}
