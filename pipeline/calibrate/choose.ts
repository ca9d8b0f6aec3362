/** From what each system did with validation notes to its threshold, and to the one that is served. */

import { percent } from "../lib/base/format.ts";
import type { CalibratedSystem, Calibration, ValidationBits } from "../artifacts/calibration.ts";
import { chooseThresholds, savingsCurve } from "../lib/gpt/typing/curve.ts";
import type { NoteResult } from "../lib/gpt/typing/note_worker.ts";
import { thresholds } from "../lib/gpt/typing/thresholds.ts";

/** Least share of the validation notes' bits that the n-grams must save to be worth their bytes. */
const MIN_GAIN = 0.01;

/** A system with the thresholds that its validation notes ask for. */
export function calibrated(
  system: Pick<CalibratedSystem, "name" | "kind" | "order">,
  notes: readonly Pick<NoteResult, "typings">[],
  readingCost: number,
  levels: readonly number[] = thresholds,
): CalibratedSystem {
  const curve = savingsCurve(notes, readingCost, levels);
  const chosen = chooseThresholds(curve);
  return {
    ...system,
    ...chosen,
    netSavings: curve.find(({ threshold }) => threshold === chosen.best)!.netSavings,
    curve: curve.map(({ threshold, savings, netSavings }) => ({
      threshold,
      savings: savings.value,
      netSavings: netSavings.value,
    })),
  };
}

/**
 * The GPT alone unless the n-grams are worth it: at least MIN_GAIN fewer bits per character, and no
 * less typing saved net of reading, both on validation notes.
 */
export function chooseServed(
  systems: readonly CalibratedSystem[],
  { gpt, mixture }: Pick<ValidationBits, "gpt" | "mixture">,
): Calibration["served"] {
  const alone = systems.find(({ kind }) => kind === "gpt")!;
  const mixed = systems.find(({ kind }) => kind === "gpt+mixture")!;
  const bits = `${mixture.toFixed(3)} instead of ${gpt.toFixed(3)} bits per character`;
  const net = `${percent(mixed.netSavings.value)} instead of ${
    percent(alone.netSavings.value)
  } of keystrokes saved net of reading`;
  const serve = ({ name, best }: CalibratedSystem, kind: "gpt" | "gpt+mixture", why: string) => ({
    system: name,
    kind,
    minConfidence: best,
    why: `${why} (validation notes)`,
  });
  if (!(mixture <= (1 - MIN_GAIN) * gpt)) {
    return serve(alone, "gpt", `the n-grams do not pay: ${bits}`);
  }
  if (mixed.netSavings.value < alone.netSavings.value) {
    return serve(alone, "gpt", `the n-grams save no typing: ${net}`);
  }
  return serve(mixed, "gpt+mixture", `the n-grams pay: ${bits}, ${net}`);
}
