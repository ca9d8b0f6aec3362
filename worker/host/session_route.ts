/**
 * Which process answers a request: always the same for a session, whose text it remembers. Rendezvous
 * hashing: when a process comes or goes, only its own sessions move.
 */

/** What a request's session is known by; empty where it names none. */
export function sessionOf(body: string): string {
  // The last is the field itself: within a text quotes are escaped.
  const found = body.match(/"session"\s*:\s*"((?:[^"\\]|\\.)*)"/);
  return found?.[1] ?? "";
}

/** The processes in the order in which they should answer what `key` names. */
export function rank<T extends { id: number }>(processes: readonly T[], key: string): T[] {
  const scores = new Map(processes.map((process) => [process, hash(`${process.id} ${key}`)]));
  return [...processes].sort((a, b) => scores.get(b)! - scores.get(a)!);
}

/** FNV-1a over UTF-16 units, then mixed (MurmurHash3's finalizer), so that near keys lie far apart. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  value = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  value = Math.imul(value ^ value >>> 13, 0xc2b2ae35);
  return (value ^ value >>> 16) >>> 0;
}
