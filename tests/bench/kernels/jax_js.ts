/**
 * The same product by jax-js (https://github.com/ekzhang/jax-js), the best-known array library in
 * JavaScript with a WebGPU backend of its own, on the same adapter and in a process of its own.
 * Prints one JSON line. Only `deno task bench kernels --jax-js` runs it, which fetches the package.
 */

const VERSION = "0.1.25";
// By a computed name: nothing else in the repository needs the package or its entry in deno.lock.
const { blockUntilReady, defaultDevice, init, numpy: np } = await import(
  `npm:@jax-js/jax@${VERSION}`
);

const [m, n, k, repeats] = Deno.args.map(Number);
const available = await init("webgpu");
if (!available.includes("webgpu")) throw new Error("jax-js finds no WebGPU adapter");
defaultDevice("webgpu");
const values = (count: number) => Float32Array.from({ length: count }, (_, i) => (i % 7) / 7 - 0.4);
const a = np.array(values(m * k)).reshape([m, k]);
const b = np.array(values(k * n)).reshape([k, n]);
await blockUntilReady([a.ref, b.ref]);

let best = Infinity;
for (let i = 0; i <= repeats; i++) {
  const start = performance.now();
  const product = np.matmul(a.ref, b.ref);
  await product.blockUntilReady();
  if (i > 0) best = Math.min(best, (performance.now() - start) / 1000);
  product.dispose();
}
console.log(JSON.stringify({ seconds: best, version: VERSION }));
