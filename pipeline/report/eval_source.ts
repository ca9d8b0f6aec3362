/** The systems in eval.json (fields: pipeline/eval/result.ts) as the report needs them. */

import type { Source } from "./evidence.ts";
import { interval } from "./markdown.ts";

/** A system of one evaluation: where its figures stand. */
export interface Measured {
  source: Source;
  /** Path of its element of `models`. */
  at: string;
  /** Whether this project would serve it. */
  ours: boolean;
  /** Its name, with the run's in front where it is ours. */
  label: string;
  /** Whether its run is served with it: see calibration.json. */
  served: boolean;
}

/** All systems; the baselines, the same in every evaluation of a corpus, only from the first. */
export function measuredSystems(evals: readonly Source[], runs: readonly string[]): Measured[] {
  return evals.flatMap((source, i) =>
    source.keys("models").map((m) => `models[${m}]`)
      .filter((at) => i === 0 || source.at(`${at}.ours`))
      .map((at) => {
        const ours: boolean = source.at(`${at}.ours`);
        const name = source.text(`${at}.name`);
        return {
          source,
          at,
          ours,
          label: ours ? `${runs[i]}: ${name}` : name,
          served: name === source.at("served.system"),
        };
      })
  );
}

/** Path of the curve's point at the threshold `field`; undefined where nothing was typed. */
export function pointAt(
  source: Source,
  keystrokes: string,
  field: "best" | "mostSavings",
): string | undefined {
  if (!source.has(keystrokes)) return undefined;
  const threshold = source.at(`${keystrokes}.${field}`);
  const i = source.indexOf(`${keystrokes}.curve`, "threshold", threshold);
  return i < 0 ? undefined : `${keystrokes}.curve[${i}]`;
}

/** A value with its interval, or a dash. */
export function estimate(
  source: Source,
  path: string,
  format: (value: number) => string,
): string {
  if (!source.has(path)) return "–";
  const [value, low, high] = ["value", "low", "high"].map((key) => source.number(`${path}.${key}`));
  return interval({ value, low, high }, format);
}
