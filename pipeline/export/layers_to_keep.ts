/** Which layers the int8 graph keeps in float32: those that hurt, found by measuring. */

import type { GptConfig } from "../lib/gpt/config.ts";
import { elements, parameterTable } from "../lib/gpt/model/parameters.ts";
import { quantizableLayers } from "../lib/gpt/onnx/int8_weights.ts";

/** Above this share of the weights in float32, int8 is not worth having. */
export const MAX_KEPT_SHARE = 0.5;

/**
 * None if quantizing everything costs at most `target` (a share of the float32 figure). Otherwise
 * each layer is spared once, all others quantized, and the layers are kept in the order of what
 * that saved, until the cost is at most `target` or the next would exceed `MAX_KEPT_SHARE`.
 * `cost` measures with the given layers kept; those of `first` are kept in any case.
 */
export async function layersToKeep(
  config: GptConfig,
  cost: (kept: ReadonlySet<string>) => Promise<number>,
  target: number,
  first: ReadonlySet<string> = new Set(),
): Promise<Set<string>> {
  const kept = new Set(first);
  if (await cost(kept) <= target) return kept;
  const spared: { layer: string; cost: number }[] = [];
  for (const layer of quantizableLayers(config)) {
    if (!kept.has(layer)) spared.push({ layer, cost: await cost(new Set([...kept, layer])) });
  }
  spared.sort((a, b) => a.cost - b.cost);
  for (const { layer } of spared) {
    if (shareOf(config, [...kept, layer]) > MAX_KEPT_SHARE) break;
    kept.add(layer);
    if (await cost(kept) <= target) break;
  }
  return kept;
}

/** Share of the quantizable weights that `layers` hold. */
export function shareOf(config: GptConfig, layers: readonly string[]): number {
  const sizes = new Map(parameterTable(config).map(({ name, shape }) => [name, elements(shape)]));
  const size = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + sizes.get(`${name}.weight`)!, 0);
  return size(layers) / size(quantizableLayers(config));
}
