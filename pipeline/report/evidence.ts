/**
 * Where the report's figures come from. Every value is read through a `Source`, which remembers
 * file, path within the JSON and value; figures.json beside the report lists them all.
 */

import { relative } from "@std/path";
import { ArtifactError, readJson } from "../lib/base/files.ts";

/** One figure of the report. */
export interface Figure {
  /** JSON file, relative to the workspace of the report. */
  file: string;
  /** Path within it, e.g. `models[0].bitsPerCharacter.value`, or how it was computed from it. */
  path: string;
  value: number | string | boolean | null;
}

/** A JSON value of unknown shape: the report's sources are versioned apart from it. */
// deno-lint-ignore no-explicit-any
export type Json = any;

export class Evidence {
  readonly figures: Figure[] = [];

  /** `root` is the workspace of the report. */
  constructor(readonly root: string) {}

  /** A JSON file that `madeBy` (a command) writes; an `ArtifactError` where it is missing. */
  async source(path: string, madeBy: string): Promise<Source> {
    const json = await readJson<Json>(path, madeBy);
    return new Source(json, relative(this.root, path), this.figures);
  }

  /** Lists a figure that was computed from a file, with words that say how. */
  note(path: string, how: string, value: number): void {
    this.figures.push({ file: relative(this.root, path), path: how, value });
  }

  /** The same as `source`, or `undefined` for what a run of the report may do without. */
  async optional(path: string): Promise<Source | undefined> {
    try {
      return await this.source(path, "");
    } catch (error) {
      if (error instanceof ArtifactError) return undefined;
      throw error;
    }
  }
}

export class Source {
  constructor(
    private readonly json: Json,
    readonly file: string,
    private readonly figures: Figure[],
  ) {}

  /** The number at `path`; a `RangeError` naming file and path where there is none. */
  number(path: string): number {
    const value = this.at(path);
    if (typeof value !== "number") throw this.unexpected("a number", path, value);
    return this.noted(path, value);
  }

  /** The text at `path`; a `RangeError` naming file and path where there is none. */
  text(path: string): string {
    const value = this.at(path);
    if (typeof value !== "string") throw this.unexpected("a text", path, value);
    return this.noted(path, value);
  }

  /** Whether there is anything at `path`. */
  has(path: string): boolean {
    const value = this.at(path);
    return value !== undefined && value !== null;
  }

  /** Keys of the object, or indices of the array, at `path`. */
  keys(path: string): string[] {
    return Object.keys(this.at(path) ?? {});
  }

  /** Index of the first element of the array at `path` whose `field` is `value`; −1 if none. */
  indexOf(path: string, field: string, value: unknown): number {
    return (this.at(path) as Json[] ?? []).findIndex((element) => element[field] === value);
  }

  /** What stands at `path`, for charts and for loops; not listed as a figure. */
  at(path: string): Json {
    const steps = path === "" ? [] : path.replace(/\[(\d+)\]/g, ".$1").split(".");
    return steps.reduce((value: Json, step) => value?.[step], this.json);
  }

  private noted<T extends Figure["value"]>(path: string, value: T): T {
    this.figures.push({ file: this.file, path, value });
    return value;
  }

  private unexpected(what: string, path: string, found: unknown): RangeError {
    return new RangeError(
      `Cannot write the report: expected ${what} at ${path} of ${this.file}, found ${
        JSON.stringify(found)
      }; run "deno task report" again with this version of the stages`,
    );
  }
}
