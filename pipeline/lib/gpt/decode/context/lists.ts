/**
 * Lists of the context (medications, problems, allergies, lines with bullets or numbers): after one
 * of their items a note often goes on with the next.
 */

import type { Caret } from "./caret.ts";
import type { ContextIndex } from "./index.ts";
import { isTelling } from "./telling.ts";
import { isNumberKey, isWordKey } from "./units.ts";

/** A place where an item of a list begins, or where a value stands. */
export interface Candidate {
  /** Id of its key. */
  id: number;
  place: number;
  /** Probability that it comes next. */
  mass: number;
}

interface Entry {
  id: number;
  place: number;
  /** Which list. */
  list: number;
}

const listKinds = new Set(["problems", "medications", "allergies"]);
const LIST_HEADER = /medication|problem|allerg|diagnos|history|issues/i;
const BULLET = /^(?:[-*•]|\d+[.)])\s/;
/** How likely the next item is, the one behind it, and so on. */
const ORDER: readonly number[] = [0.6, 0.2, 0.1];
/** A list is left when none of its items was among the last keys. */
const MEMORY = 60;
const separators = new Set([",", ";", "and"]);

/** Whether an item may begin behind these keys of a line. */
const startsItem = (line: readonly string[]): boolean =>
  separators.has(line.at(-1) ?? "") || line.every((key) => !isWordKey(key));

export class Lists {
  readonly #entries: Entry[] = [];
  /** Entries by id of their head. */
  readonly #byHead = new Map<number, number[]>();
  readonly #index: ContextIndex;

  constructor(index: ContextIndex) {
    this.#index = index;
    let at = 0;
    const lists = new Map<string, number>();
    index.lines.forEach(({ text, item, header }, line) => {
      const { kind } = index.items[item];
      const from = at;
      while (at < index.length && index.line[at] === line) at++;
      if (!listKinds.has(kind) && !(BULLET.test(text) || LIST_HEADER.test(header))) return;
      const name = `${item} ${header}`;
      if (!lists.has(name)) lists.set(name, lists.size);
      let open = true;
      for (let place = from; place < at; place++) {
        const key = index.keys[index.key[place]];
        if (key === ";" || (key === "," && kind !== "medications")) open = true;
        if (!open || !isTelling(key) || isNumberKey(key)) continue;
        open = false;
        this.#add({ id: index.key[place], place, list: lists.get(name)! });
      }
    });
  }

  #add(entry: Entry): void {
    const number = this.#entries.push(entry) - 1;
    const known = this.#byHead.get(entry.id);
    if (known) known.push(number);
    else this.#byHead.set(entry.id, [number]);
  }

  /** What may come next where an item of a list begins; `mentioned`: keys of the note. */
  next(caret: Caret, mentioned: readonly string[]): Candidate[] {
    if (this.#entries.length === 0) return [];
    const { line, part, keys, inPart } = caret;
    const inWord = part.length > 0 && inPart === 1 && isWordKey(keys.at(-1) ?? "");
    // The word before the caret may be the item begun, or the "and" before it.
    if (!startsItem(line) && !(inWord && startsItem(line.slice(0, -1)))) return [];
    const said = [...mentioned.slice(-MEMORY), ...inWord ? keys.slice(0, -1) : keys];
    const last = this.#lastOf(said.slice(-MEMORY));
    if (last === undefined) return [];
    const all = new Set(mentioned);
    for (const key of said) all.add(key);
    const found: Candidate[] = [];
    const { list } = this.#entries[last];
    for (let next = last + 1; next < this.#entries.length && found.length < ORDER.length; next++) {
      const entry = this.#entries[next];
      if (entry.list !== list) break;
      if (all.has(this.#index.keys[entry.id])) continue;
      found.push({ id: entry.id, place: entry.place, mass: ORDER[found.length] });
    }
    return found;
  }

  /** The entry that was mentioned last. */
  #lastOf(keys: readonly string[]): number | undefined {
    for (let at = keys.length - 1; at >= 0; at--) {
      const id = this.#index.idOf(keys[at]);
      const found = id === undefined ? undefined : this.#byHead.get(id);
      if (found !== undefined) return found.at(-1);
    }
  }
}
