/**
 * Patients' contexts in the isolate's memory: one a session of a caller, for as long as it is used.
 * Nothing is written down, and a session finds only what it has sent itself.
 */

import type { ReadContext } from "./service.ts";
import type { ContextItem } from "../../pipeline/lib/gpt/decode/context/types.ts";
import { charactersOf } from "./context_request.ts";

/** A context that nobody has asked for so long is forgotten. */
const MAX_IDLE_MS = 30 * 60_000;
/** Characters of all contexts together; the least recently used goes first. */
const MAX_CHARACTERS = 1_000_000;

interface Entry {
  patient: string;
  id: string;
  context: ReadContext;
  characters: number;
  used: number;
}

export class ContextStore {
  /** By session of a caller; Map order is age. */
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * Remembers what `read` makes of a patient's texts, in place of what the session held, and returns
   * it with its id. The same texts of the same patient are not read again.
   */
  async put(
    session: string,
    patient: string,
    items: readonly ContextItem[],
    read: (items: readonly ContextItem[]) => Promise<ReadContext>,
  ): Promise<{ id: string; context: ReadContext }> {
    const id = await digestOf(patient, items);
    const known = this.get(session, patient, id);
    if (known) return { id, context: known };
    this.forget(session);
    const context = await read(items);
    this.#entries.set(session, {
      patient,
      id,
      context,
      characters: charactersOf(items),
      used: this.#now(),
    });
    this.#trim(session);
    return { id, context };
  }

  /** The context `id` of `patient`, if the session still holds it. */
  get(session: string, patient: string, id: string): ReadContext | undefined {
    this.#trim(session);
    const entry = this.#entries.get(session);
    if (entry === undefined) return;
    // Another patient's chart is open: what is known of the last one has no business here.
    if (entry.patient !== patient) {
      this.forget(session);
      return;
    }
    if (entry.id !== id) return;
    this.#entries.delete(session);
    this.#entries.set(session, { ...entry, used: this.#now() });
    return entry.context;
  }

  /** Drops what the session holds. */
  forget(session: string): void {
    this.#entries.delete(session);
  }

  /** Contexts that are held now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Drops what is idle, and the oldest while there is too much; never that of `newest`. */
  #trim(newest: string): void {
    const idle = this.#now() - MAX_IDLE_MS;
    let total = this.#entries.values().reduce((sum, { characters }) => sum + characters, 0);
    for (const [session, { characters, used }] of this.#entries) {
      if (used > idle && (total <= MAX_CHARACTERS || session === newest)) continue;
      this.#entries.delete(session);
      total -= characters;
    }
  }
}

/** SHA-256 of the patient and his texts, in hex. */
async function digestOf(patient: string, items: readonly ContextItem[]): Promise<string> {
  const fields = items.map(({ source, kind, date, text }) => [source, kind, date, text]);
  const bytes = new TextEncoder().encode(JSON.stringify([patient, fields]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
