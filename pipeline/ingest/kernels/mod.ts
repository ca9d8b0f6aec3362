/**
 * The scans that see every byte of the corpus, 16 bytes at a time, in AssemblyScript: TypeScript
 * that compiles to WebAssembly (https://www.assemblyscript.org). Arguments are addresses in one
 * memory, which ../clean/scans.ts lays out.
 */
// @ts-nocheck: AssemblyScript

export { isPlain } from "./plain.ts";
export { lettersOf } from "./letters.ts";
export { signature } from "./signature.ts";
