/** What a person sees of a run: a table with a row per validation above a live progress line. */

import type { GptConfig, TrainConfig } from "../lib/gpt/config.ts";
import { bytes, format, Progress } from "../lib/base/cli.ts";
import { percent } from "../lib/base/format.ts";
import type { TrainingState } from "../lib/gpt/model/checkpoint.ts";
import type { Engine, StepMetrics } from "./engine.ts";
import type { ValidationEntry } from "./log.ts";
import type { StepRate } from "./job.ts";

const columns = ["step", "train", "val", "bits/char", "lr", "|grad|", "tokens/s", "MFU"] as const;
const widths = [7, 8, 8, 9, 8, 8, 9, 4];
const row = (cells: string[]) => cells.map((cell, i) => cell.padStart(widths[i])).join("  ");

export class Terminal {
  readonly #progress: Progress;
  readonly #flopsPerToken: number;
  #latest: StepMetrics | undefined;
  #rate: StepRate | undefined;
  #headed = false;

  /** `label`: of the live line. */
  constructor(model: GptConfig, train: TrainConfig, parameters: number, label = "train") {
    this.#progress = new Progress(label, train.steps, "steps");
    this.#flopsPerToken = flopsPerToken(model, parameters);
  }

  /** The live line. */
  progress({ step, smoothedLoss }: TrainingState, latest: StepMetrics, rate: StepRate): void {
    this.#latest = latest;
    this.#rate = rate;
    const gigaflops = rate.tokensPerSecond * this.#flopsPerToken / 1e9;
    this.#progress.update(
      step,
      `loss ${latest.loss.toFixed(3)} (${smoothedLoss!.toFixed(3)})  ` +
        `${format(rate.tokensPerSecond)} tokens/s  ${format(gigaflops)} GFLOP/s` +
        (rate.mfu === undefined ? "" : `, MFU ${percent(rate.mfu, 0)}`),
    );
  }

  /** A row that stays. */
  validated({ step, smoothedLoss }: TrainingState, { loss, bitsPerCharacter }: ValidationEntry) {
    if (!this.#headed) this.#progress.print(row([...columns]));
    this.#headed = true;
    this.#progress.print(row([
      format(step),
      smoothedLoss?.toFixed(4) ?? "",
      loss.toFixed(4),
      bitsPerCharacter.toFixed(3),
      this.#rate?.learningRate.toExponential(1) ?? "",
      this.#latest?.gradNorm.toFixed(2) ?? "",
      this.#rate ? format(this.#rate.tokensPerSecond) : "",
      this.#rate?.mfu === undefined ? "" : percent(this.#rate.mfu, 0),
    ]));
  }

  message(text: string): void {
    this.#progress.print(text);
  }

  finish(summary: string): void {
    this.#progress.finish(summary);
  }
}

/** `12 MB: parameters 4 MB, …`, largest first. */
export function memoryLine({ memory }: Engine): string {
  const parts = Object.entries(memory).sort(([, a], [, b]) => b - a);
  const total = parts.reduce((sum, [, size]) => sum + size, 0);
  return `${bytes(total)} planned: ${parts.map(([name, n]) => `${name} ${bytes(n)}`).join(", ")}`;
}

/**
 * Floating-point operations of training per token: 6 per matrix weight (forward 2, backward 4), and
 * 12 · layers · width · context for attention (Chowdhery et al. 2022, "PaLM", appendix B). The
 * position table does no arithmetic to speak of; the token table does, as the tied output head.
 */
export function flopsPerToken(
  { n_layer, n_embd, n_positions }: GptConfig,
  parameters: number,
): number {
  return 6 * (parameters - n_positions * n_embd) + 12 * n_layer * n_embd * n_positions;
}
