/**
 * Typists at one process, simulated from measured service times: one thing is computed at a time, in
 * turn, and a newer keystroke of a typist ends or replaces the older one. A simulation is the same on
 * a busy machine; what it is fed with are CPU seconds, which are too.
 */

import { seededRandom } from "../../../pipeline/lib/base/random.ts";

/** Mean pause between keystrokes: 60 words of five letters and a space per minute. */
export const MEAN_PAUSE_MS = 200;

export interface Outcome {
  /** 95% of the answered keystrokes were answered within so many milliseconds. */
  p95_ms: number;
  /** Share of keystrokes that the next one overtook. */
  overtaken: number;
  /** Share of the time in which something was computed. */
  busy: number;
}

interface Key {
  typist: number;
  at: number;
}

/** `typists` for `seconds`; each keystroke takes one of `serviceTimes` (ms), drawn at random. */
export function simulate(
  typists: number,
  serviceTimes: readonly number[],
  seconds = 300,
  seed = 1,
): Outcome {
  const random = seededRandom(seed);
  const keys = keystrokes(typists, 1000 * seconds, random);
  const queue: Key[] = [], waits: number[] = [];
  let overtaken = 0, computed = 0, next = 0, now = 0;
  while (next < keys.length || queue.length > 0) {
    if (queue.length === 0) now = Math.max(now, keys[next].at);
    /** Queues what has come by `until`; tells when `typist` typed on. */
    const arrive = (until: number, typist?: number): number | undefined => {
      let typedOn: number | undefined;
      for (; next < keys.length && keys[next].at <= until; next++) {
        const key = keys[next];
        const older = queue.findIndex((waiting) => waiting.typist === key.typist);
        if (older >= 0) {
          queue.splice(older, 1);
          overtaken++;
        }
        queue.push(key);
        if (key.typist === typist) typedOn ??= key.at;
      }
      return typedOn;
    };
    arrive(now);
    const key = queue.shift()!;
    const service = serviceTimes[Math.floor(random() * serviceTimes.length)];
    const typedOn = arrive(now + service, key.typist);
    if (typedOn === undefined) waits.push(now + service - key.at);
    else overtaken++;
    const spent = typedOn === undefined ? service : typedOn - now;
    computed += spent;
    now += spent;
  }
  waits.sort((a, b) => a - b);
  return {
    p95_ms: waits[Math.floor(0.95 * waits.length)] ?? 0,
    overtaken: overtaken / keys.length,
    busy: computed / Math.max(now, 1),
  };
}

/** Every keystroke in the order of time: pauses are exponential. */
function keystrokes(typists: number, end: number, random: () => number): Key[] {
  const keys: Key[] = [];
  for (let typist = 0; typist < typists; typist++) {
    for (let at = 0;;) {
      at -= MEAN_PAUSE_MS * Math.log(1 - random());
      if (at >= end) break;
      keys.push({ typist, at });
    }
  }
  return keys.sort((a, b) => a.at - b.at);
}

/** What a process must keep to. */
export interface Goal {
  p95_ms: number;
  /** Largest share of keystrokes that may be overtaken. */
  overtaken: number;
}

/** The most typists for whom `goal` holds; 0 if it does not hold for one. */
export function capacity(serviceTimes: readonly number[], goal: Goal): number {
  const holds = (typists: number) => {
    const { p95_ms, overtaken } = simulate(typists, serviceTimes);
    return p95_ms <= goal.p95_ms && overtaken <= goal.overtaken;
  };
  let typists = 0;
  while (typists < 1000 && holds(typists + 1)) typists++;
  return typists;
}
