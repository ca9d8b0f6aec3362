/**
 * Chromium's compiler of WGSL (Tint) reads every kernel. It holds what Deno's (naga) lets pass: a
 * barrier or a subgroup operation must be where all invocations provably arrive.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { matmulCode } from "../../kernels/ops/matmul/matmul.ts";
import type { Tiling } from "../../kernels/ops/matmul/tilings.ts";
import { startBrowser, WITH_WEBGPU } from "../helpers/browser.ts";
import { otherKernels } from "../kernels/ops/other_kernels.ts";

/** The texts by name, in f32: Chromium's software adapter has no f16. */
function texts(): Record<string, string> {
  const found = Object.fromEntries(
    otherKernels.map(({ label, code, reals }) => [
      label,
      reals ? `alias real = f32; ${code}` : code,
    ]),
  );
  const types = { operands: "f32", out: "f32", arithmetic: "f32" } as const;
  const tilings: Tiling[] = [
    { kind: "shared", tileM: 64, tileN: 64, tileK: 16, ahead: false },
    { kind: "shared", tileM: 64, tileN: 128, tileK: 16, ahead: true },
    { kind: "direct", lanes: 4, rows: 16, quads: 1 },
    { kind: "direct", lanes: 1, rows: 8, quads: 2 },
  ];
  for (const layout of ["nn", "nt", "tn"] as const) {
    for (const epilogue of ["store", "bias_gelu"] as const) {
      for (const [whole, wide] of [[true, true], [true, false], [false, true], [false, false]]) {
        const vectors = { a: wide, b: wide, out: wide };
        for (const tiling of tilings) {
          const name = JSON.stringify({ layout, epilogue, whole, wide, ...tiling });
          found[name] = matmulCode({ layout, epilogue, vectors, whole, types }, tiling);
          const batched = {
            layout,
            epilogue: "combine",
            vectors,
            whole,
            types,
            batched: true,
          } as const;
          found[`${name} batched`] = matmulCode(batched, tiling);
        }
      }
    }
  }
  return found;
}

/** What Tint objects to in a text, by the text's name. */
async function objections(texts: Record<string, string>): Promise<Record<string, string>> {
  const browser = await startBrowser(WITH_WEBGPU);
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("", { headers: { "content-type": "text/html" } }),
  );
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.addr.port}/`); // WebGPU asks for a secure context.
    return await page.evaluate(compileAll, texts);
  } finally {
    await browser.close();
    await server.shutdown();
  }
}

/** Runs in the page. */
async function compileAll(texts: Record<string, string>): Promise<Record<string, string>> {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter!.requestDevice({ requiredFeatures: ["subgroups"] });
  device.addEventListener("uncapturederror", (event) => event.preventDefault());
  const found: Record<string, string> = {};
  for (const [name, text] of Object.entries(texts)) {
    // Deno's compiler knows subgroups without being asked, and refuses the line that asks.
    const code = /subgroup[A-Z]/.test(text) ? `enable subgroups; ${text}` : text;
    const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
    const error = messages.find(({ type }) => type === "error");
    if (error) found[name] = `${error.lineNum}: ${error.message}`;
  }
  return found;
}

Deno.test("Tint accepts every kernel", async () => {
  const half = `@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32) { if (index < 32u) { workgroupBarrier(); } }`;
  const { half: refused, ...others } = await objections({ half, ...texts() });
  assertMatch(refused, /uniform control flow/);
  assertEquals(others, {});
});
