/**
 * The kernels of a GPT-2 on one thread with SIMD, in AssemblyScript: TypeScript that compiles to
 * WebAssembly (https://www.assemblyscript.org). Arguments are sizes, and addresses in one memory,
 * which ../forward.ts lays out.
 */
// @ts-nocheck: AssemblyScript

export { attention } from "./attention.ts";
export { embedFloat32, embedInt8 } from "./embed.ts";
export { gelu } from "./gelu.ts";
export { layernorm } from "./layernorm.ts";
export { linearFloat32 } from "./linear_float32.ts";
export { linearInt8 } from "./linear_int8.ts";
export { quantizeRows } from "./quantize_rows.ts";
