/**
 * Which model size fits a compute budget, from measured runs: the parametric law of Hoffmann et al.
 * 2022 ("Training compute-optimal large language models", approach 3),
 *
 *   L(N, D) = E + A / N^a + B / D^b      N parameters, D training tokens, L validation loss
 *
 * For fixed a and b it is linear in E, A and B, so these come from least squares without negative
 * values, and only the two exponents are searched for, on a grid that closes in on the best.
 */

export interface MeasuredRun {
  parameters: number;
  tokens: number;
  loss: number;
}

export interface ScalingLaw {
  E: number;
  A: number;
  a: number;
  B: number;
  b: number;
  /** Root mean square of what the law leaves unexplained, in nats. */
  residual: number;
}

/** Five numbers are fitted: fewer runs would say nothing of how well the law holds. */
export const MIN_RUNS = 6;

/** Why `runs` do not determine a law, or `undefined` if they do. */
export function scalingObstacle(runs: readonly MeasuredRun[]): string | undefined {
  if (runs.length < MIN_RUNS) return `${runs.length} runs, at least ${MIN_RUNS} are needed`;
  const sizes = new Set(runs.map(({ parameters }) => parameters)).size;
  const budgets = new Set(runs.map(({ tokens }) => tokens)).size;
  if (sizes < 3 || budgets < 3) {
    return `${sizes} model sizes and ${budgets} token budgets, at least 3 of each are needed`;
  }
  return undefined;
}

/** The law that fits `runs` best. Throws a `RangeError` if they do not determine one. */
export function fitScalingLaw(runs: readonly MeasuredRun[]): ScalingLaw {
  const obstacle = scalingObstacle(runs);
  if (obstacle) throw new RangeError(`Cannot fit a scaling law: ${obstacle}`);
  let center = { a: 0.6, b: 0.6 }, reach = 0.58;
  let best = fitLinear(runs, center.a, center.b);
  for (let round = 0; round < 12; round++) {
    for (let i = -10; i <= 10; i++) {
      for (let j = -10; j <= 10; j++) {
        const a = center.a + i * reach / 10, b = center.b + j * reach / 10;
        if (a < 0.02 || b < 0.02) continue;
        const law = fitLinear(runs, a, b);
        if (law.residual < best.residual) best = law;
      }
    }
    center = best;
    reach /= 3;
  }
  return best;
}

/**
 * Why a law that fits its runs should not be believed beyond them, or `undefined`. Runs that are all
 * far from their end show neither the loss that remains nor what size is good for: the fit then puts
 * E at 0 or takes an exponent that no published law comes near (Hoffmann et al. 2022: 0.34 and 0.28).
 */
export function scalingDoubt({ E, a, b }: ScalingLaw): string | undefined {
  if (E === 0) return "the fit sees no loss that would remain (E = 0)";
  for (const [of, exponent] of [["parameters", a], ["tokens", b]] as const) {
    if (exponent < 0.05 || exponent > 1) return `exponent ${exponent.toFixed(2)} of the ${of}`;
  }
  return undefined;
}

/** The law at a point. */
export const lossAt = ({ E, A, a, B, b }: ScalingLaw, parameters: number, tokens: number): number =>
  E + A / parameters ** a + B / tokens ** b;

/**
 * The model that reaches the lowest loss with `flops` of training, where training takes 6 N D:
 * N = ((a A) / (b B))^(1 / (a + b)) · (flops / 6)^(b / (a + b)).
 * `undefined` where one of the two terms is 0 and there is nothing to weigh.
 */
export function optimum(
  law: ScalingLaw,
  flops: number,
): { parameters: number; tokens: number; loss: number } | undefined {
  const { A, a, B, b } = law;
  if (A === 0 || B === 0) return undefined;
  const parameters = (a * A / (b * B)) ** (1 / (a + b)) * (flops / 6) ** (b / (a + b));
  const tokens = flops / 6 / parameters;
  return { parameters, tokens, loss: lossAt(law, parameters, tokens) };
}

/** E, A, B ≥ 0 for given exponents: the best of the least-squares solutions without negatives. */
function fitLinear(runs: readonly MeasuredRun[], a: number, b: number): ScalingLaw {
  // Columns of about size 1, so that the normal equations stay well conditioned.
  const scaleN = Math.max(...runs.map(({ parameters }) => parameters ** -a));
  const scaleD = Math.max(...runs.map(({ tokens }) => tokens ** -b));
  const rows = runs.map(({ parameters, tokens }) => [
    1,
    parameters ** -a / scaleN,
    tokens ** -b / scaleD,
  ]);
  const losses = runs.map(({ loss }) => loss);
  let best: ScalingLaw | undefined;
  for (const columns of [[0, 1, 2], [1, 2], [0, 1], [0, 2], [0], [1], [2]]) {
    const solution = leastSquares(rows.map((row) => columns.map((c) => row[c])), losses);
    if (!solution || solution.some((value) => value < 0)) continue;
    const full = [0, 0, 0];
    columns.forEach((column, i) => full[column] = solution[i]);
    const law = { E: full[0], A: full[1] / scaleN, a, B: full[2] / scaleD, b, residual: 0 };
    const squares = runs.map((run) => (lossAt(law, run.parameters, run.tokens) - run.loss) ** 2);
    law.residual = Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / runs.length);
    if (!best || law.residual < best.residual) best = law;
  }
  return best!; // E alone, the mean loss, is never negative
}

/** Solves XᵀX w = Xᵀy by Gaussian elimination with pivoting; `undefined` if singular. */
function leastSquares(x: number[][], y: number[]): number[] | undefined {
  const n = x[0].length;
  const system = Array.from({ length: n }, (_, i) => [
    ...Array.from({ length: n }, (_, j) => x.reduce((sum, row) => sum + row[i] * row[j], 0)),
    x.reduce((sum, row, r) => sum + row[i] * y[r], 0),
  ]);
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i; r < n; r++) {
      if (Math.abs(system[r][i]) > Math.abs(system[pivot][i])) pivot = r;
    }
    [system[i], system[pivot]] = [system[pivot], system[i]];
    if (Math.abs(system[i][i]) < 1e-12) return undefined;
    for (let r = 0; r < n; r++) {
      if (r === i) continue;
      const factor = system[r][i] / system[i][i];
      for (let c = i; c <= n; c++) system[r][c] -= factor * system[i][c];
    }
  }
  return system.map((row, i) => row[n] / row[i]);
}
