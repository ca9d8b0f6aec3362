/**
 * One side of `deno task bench train`: the CPU trainer of https://github.com/karpathy/llm.c, from a
 * folder that holds its train_gpt2.c and llmc/. Nothing of it is kept here: llmc_driver.c includes
 * the file and times its step on a model of the asked shape with random weights.
 */

import { join } from "@std/path";
import type { GptConfig } from "../../../pipeline/lib/gpt/config.ts";
import { parameterCount } from "../../../pipeline/lib/gpt/model/parameters.ts";
import { Random } from "../../../pipeline/lib/base/random.ts";

/** Compiles the driver and writes its checkpoint into `folder`; the command that runs it. */
export async function prepareLlmc(
  source: string,
  folder: string,
  model: GptConfig,
): Promise<string> {
  const program = join(folder, "llmc");
  const driver = new URL("./llmc_driver.c", import.meta.url).pathname;
  const flags = ["-O3", "-march=native", "-fopenmp", "-DOMP", `-I${source}`, "-w"];
  const { success, stderr } = await new Deno.Command("gcc", {
    args: [...flags, driver, "-lm", "-o", program],
  }).output();
  if (!success) {
    const why = new TextDecoder().decode(stderr).split("\n")[0];
    throw new Error(`Cannot compile llm.c from ${source}: ${why}`);
  }
  await Deno.writeFile(join(folder, "model.bin"), checkpoint(model));
  return program;
}

/** llm.c's checkpoint: 256 int32 (magic, version 3, shape), then the parameters in float32. */
function checkpoint(model: GptConfig): Uint8Array {
  const count = parameterCount(model);
  const buffer = new ArrayBuffer(1024 + 4 * count);
  const { n_positions, vocab_size, n_layer, n_head, n_embd } = model;
  const shape = [n_positions, vocab_size, n_layer, n_head, n_embd, vocab_size];
  new Int32Array(buffer, 0, 256).set([20240326, 3, ...shape]);
  const random = new Random(1);
  const parameters = new Float32Array(buffer, 1024);
  for (let i = 0; i < count; i++) parameters[i] = 0.02 * random.normal();
  return new Uint8Array(buffer);
}
