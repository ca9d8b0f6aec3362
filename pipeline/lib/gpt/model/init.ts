/** Initial parameters of a GPT-2, as the parameter table prescribes them. */

import type { GptConfig } from "../config.ts";
import { elements, parameterTable, type Tensors } from "./parameters.ts";
import { Random } from "../../base/random.ts";

/**
 * Every parameter of `config`, drawn from `seed`. Each tensor has a random stream of its own, so
 * the values of one do not depend on which others exist.
 */
export function initialParameters(config: GptConfig, seed: number): Tensors {
  const parameters: Tensors = new Map();
  for (const { name, shape, init } of parameterTable(config)) {
    const values = new Float32Array(elements(shape));
    if ("constant" in init) {
      values.fill(init.constant);
    } else {
      const random = new Random(seed, name);
      for (let i = 0; i < values.length; i++) values[i] = init.normal * random.normal();
    }
    parameters.set(name, values);
  }
  return parameters;
}
