/**
 * Counts sentences by a 52-bit hash in typed arrays (open addressing): 20 bytes each, where a `Map`
 * of objects takes over a hundred. Two of four million sentences share a hash with a probability
 * of 0.2%.
 */

const START_SLOTS = 1 << 14;
const FULLEST = 0.6;

/** What a table holds, without the empty slots. */
export interface SentenceCounts {
  hashes: Float64Array<ArrayBuffer>;
  /** Notes that have the sentence. */
  notes: Uint32Array<ArrayBuffer>;
  /** Characters in all its occurrences. */
  characters: Uint32Array<ArrayBuffer>;
}

export class SentenceTable {
  size = 0;
  #hashes = new Float64Array(START_SLOTS); // 0 is an empty slot
  #notes = new Uint32Array(START_SLOTS);
  #characters = new Uint32Array(START_SLOTS);
  /** The last note counted, so that a sentence counts once for a note. */
  #lastNotes = new Uint32Array(START_SLOTS);

  /** Counts an occurrence in note `note`; notes are numbered from 1 and come one after the other. */
  add(hash: number, note: number, characters: number): void {
    const slot = this.#slotFor(hash);
    if (this.#lastNotes[slot] !== note) this.#notes[slot]++;
    this.#lastNotes[slot] = note;
    this.#characters[slot] += characters;
  }

  /** Adds every sentence of another table. */
  merge({ hashes, notes, characters }: SentenceCounts): void {
    hashes.forEach((hash, index) => {
      const slot = this.#slotFor(hash);
      this.#notes[slot] += notes[index];
      this.#characters[slot] += characters[index];
    });
  }

  /** Gives the arrays away without a copy, moved together to leave no gaps; the table is then empty. */
  take(): SentenceCounts {
    const [hashes, notes, characters] = [this.#hashes, this.#notes, this.#characters];
    let next = 0;
    for (let slot = 0; slot < hashes.length; slot++) {
      if (hashes[slot] === 0) continue;
      hashes[next] = hashes[slot];
      notes[next] = notes[slot];
      characters[next++] = characters[slot];
    }
    this.size = 0;
    this.#allocate(START_SLOTS);
    return {
      hashes: new Float64Array(hashes.buffer.transfer(next * 8)),
      notes: new Uint32Array(notes.buffer.transfer(next * 4)),
      characters: new Uint32Array(characters.buffer.transfer(next * 4)),
    };
  }

  #allocate(slots: number): void {
    this.#hashes = new Float64Array(slots);
    this.#notes = new Uint32Array(slots);
    this.#characters = new Uint32Array(slots);
    this.#lastNotes = new Uint32Array(slots);
  }

  /** Where `hash` stands; it is put in if it is new. */
  #slotFor(hash: number): number {
    let slot = this.#find(hash);
    if (this.#hashes[slot] === hash) return slot;
    if (this.size + 1 > this.#hashes.length * FULLEST) {
      this.#grow();
      slot = this.#find(hash);
    }
    this.#hashes[slot] = hash;
    this.size++;
    return slot;
  }

  #find(hash: number): number {
    const mask = this.#hashes.length - 1;
    let slot = Math.imul(hash % 2 ** 32 | 0, 0x9e3779b1) >>> 7 & mask;
    while (this.#hashes[slot] !== 0 && this.#hashes[slot] !== hash) slot = slot + 1 & mask;
    return slot;
  }

  #grow(): void {
    const [hashes, notes, characters, lastNotes] = [
      this.#hashes,
      this.#notes,
      this.#characters,
      this.#lastNotes,
    ];
    this.#allocate(hashes.length * 2);
    hashes.forEach((hash, old) => {
      if (hash === 0) return;
      const slot = this.#find(hash);
      this.#hashes[slot] = hash;
      this.#notes[slot] = notes[old];
      this.#characters[slot] = characters[old];
      this.#lastNotes[slot] = lastNotes[old];
    });
  }
}
