/** A sparse distribution over tokens: read in full for every token that is decoded. */

export class Masses {
  readonly tokens: Uint16Array;
  readonly masses: Float32Array;
  /** Of all masses; 1, or less where something is left to what stands below. */
  readonly sum: number;
  #byToken: ReadonlyMap<number, number> | undefined;

  /** `counts` by token, each divided by `total`. */
  constructor(counts: ReadonlyMap<number, number>, total = 1) {
    this.tokens = Uint16Array.from(counts.keys());
    this.masses = Float32Array.from(counts.values(), (count) => count / total);
    this.sum = this.masses.reduce((sum, mass) => sum + mass, 0);
  }

  /** The mass of one token. */
  of(token: number): number {
    this.#byToken ??= new Map(Array.from(this.tokens, (id, at) => [id, this.masses[at]]));
    return this.#byToken.get(token) ?? 0;
  }

  /** The largest mass. */
  get peak(): number {
    return this.masses.reduce((most, mass) => Math.max(most, mass), 0);
  }
}
