import { assert, assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { Random } from "../../pipeline/lib/base/random.ts";
import {
  fitScalingLaw,
  lossAt,
  type MeasuredRun,
  optimum,
  type ScalingLaw,
} from "../../pipeline/train/scaling.ts";

/** The exponents that Hoffmann et al. 2022 report, with terms of the size of small models. */
const law: ScalingLaw = { E: 1.69, A: 406.4, a: 0.34, B: 410.7, b: 0.28, residual: 0 };

function runs(noise: number): MeasuredRun[] {
  const random = new Random(1);
  return [1e6, 3e6, 1e7, 3e7].flatMap((parameters) =>
    [1e7, 1e8, 1e9].map((tokens) => ({
      parameters,
      tokens,
      loss: lossAt(law, parameters, tokens) + noise * random.normal(),
    }))
  );
}

Deno.test("the law behind exact points is found", () => {
  const fit = fitScalingLaw(runs(0));
  assertAlmostEquals(fit.a, law.a, 1e-3);
  assertAlmostEquals(fit.b, law.b, 1e-3);
  assertAlmostEquals(fit.E, law.E, 1e-2);
  assertLess(fit.residual, 1e-4);
});

Deno.test("with noise it predicts a run ten times larger to within a few hundredths", () => {
  const fit = fitScalingLaw(runs(0.005));
  assertAlmostEquals(lossAt(fit, 1e8, 3e9), lossAt(law, 1e8, 3e9), 0.1);
  assertLess(fit.residual, 0.01);
});

Deno.test("the optimum spends its budget, and no other size of the same budget is better", () => {
  const flops = 1e18;
  const best = optimum(law, flops)!;
  assertAlmostEquals(6 * best.parameters * best.tokens / flops, 1, 1e-9);
  for (const factor of [0.5, 0.9, 1.1, 2]) {
    const parameters = best.parameters * factor;
    assert(lossAt(law, parameters, flops / 6 / parameters) > best.loss);
  }
});

Deno.test("coefficients are never negative, and then there is no optimum to speak of", () => {
  // Losses that do not depend on the size at all.
  const flat = runs(0).map((run) => ({ ...run, loss: 2 + 100 / run.tokens ** 0.3 }));
  const fit = fitScalingLaw(flat);
  assert(fit.E >= 0 && fit.A >= 0 && fit.B >= 0);
  assertAlmostEquals(fit.A / 1e6 ** fit.a, 0, 1e-3);
  assertEquals(optimum({ ...fit, A: 0 }, 1e15), undefined);
});

Deno.test("too few or too similar runs are refused with the numbers", () => {
  assertThrows(() => fitScalingLaw(runs(0).slice(0, 5)), RangeError, "5 runs, at least 6");
  const oneSize = Array.from(
    { length: 6 },
    (_, i) => ({ parameters: 1e6, tokens: 1e6 * (i + 1), loss: 3 }),
  );
  assertThrows(() => fitScalingLaw(oneSize), RangeError, "1 model sizes");
});
