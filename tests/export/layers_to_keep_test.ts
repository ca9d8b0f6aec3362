import { assertEquals } from "@std/assert";
import { presets } from "../../pipeline/lib/gpt/config.ts";
import { layersToKeep, shareOf } from "../../pipeline/export/layers_to_keep.ts";
import { quantizableLayers } from "../../pipeline/lib/gpt/onnx/int8_weights.ts";

const config = { ...presets.micro.model, vocab_size: 512 };

/** Each layer not kept costs what `costs` says, or nothing. */
const costOf = (costs: Record<string, number>) => {
  const asked: string[][] = [];
  const cost = (kept: ReadonlySet<string>) => {
    asked.push([...kept]);
    const paid = Object.entries(costs).filter(([layer]) => !kept.has(layer));
    return Promise.resolve(paid.reduce((sum, [, share]) => sum + share, 0));
  };
  return { cost, asked };
};

Deno.test("nothing is kept, and nothing more measured, when int8 is cheap enough", async () => {
  const { cost, asked } = costOf({ wte: 0.003 });
  assertEquals(await layersToKeep(config, cost, 0.005), new Set());
  assertEquals(asked.length, 1);
});

Deno.test("the layers that hurt most are kept, in that order, and no more than needed", async () => {
  const { cost } = costOf({ "h.1.mlp.c_proj": 0.01, wte: 0.02, "h.0.attn.c_attn": 0.004 });
  assertEquals([...await layersToKeep(config, cost, 0.005)], ["wte", "h.1.mlp.c_proj"]);
});

Deno.test("at most half of the weights are kept, however much the others hurt", async () => {
  const everything = Object.fromEntries(quantizableLayers(config).map((name) => [name, 1]));
  const kept = [...await layersToKeep(config, costOf(everything).cost, 0.005)];
  assertEquals(shareOf(config, kept) <= 0.5, true);
  assertEquals(kept.length > 0, true);
});

Deno.test("the share counts weights, not layers", () => {
  const { n_embd: width, n_layer } = config;
  assertEquals(shareOf(config, ["wte"]), 512 * width / (512 * width + n_layer * 12 * width ** 2));
  assertEquals(shareOf(config, quantizableLayers(config)), 1);
});
