import { assertEquals, assertThrows } from "@std/assert";
import { readKernels, readLoops, usefulShare } from "./disassembly.ts";

/** Two loops, one inside the other, in the form that RADV prints. */
const disassembly = `disasm:
BB0:
\tv_mov_b32_e32 v0, 0                      ; 7e000280
BB1:
\tv_mul_lo_u32 v1, v2, s4                  ; d5690001
\tds_write_b128 v1, v[4:7]                 ; db7c0000
\ts_barrier                                ; bf8a0000
BB2:
\tds_read_b128 v[8:11], v1                 ; db7c0000
\tbuffer_load_dwordx4 v[4:7], v1, s[0:3]   ; e0381000
\tv_fmac_f32_e32 v12, v8, v9               ; 56181308
\tv_pk_fma_f16 v13, v8, v9, v13            ; cc0e400d
\tv_add_nc_u32_e32 v1, 16, v1              ; 4a020290
\ts_cbranch_scc0 BB2                       ; bf840001
BB3:
\tv_fma_f32 v14, v8, v9, v14               ; d54b000e
\ts_cbranch_scc1 BB5                       ; bf850001
\ts_branch BB1                             ; bf82fff0
BB5:
\ts_endpgm                                 ; bf810000
`;

Deno.test("loops are what a branch leads back to; an outer one without the inner", () => {
  const [inner, outer] = readLoops(disassembly).sort((a, b) => b.multiplyAdds - a.multiplyAdds);
  assertEquals(inner, {
    multiplyAdds: 3, // one and a packed pair
    multiplyAddSlots: 2,
    vectorSlots: 3,
    workgroupAccesses: 1,
    memoryAccesses: 1,
    barriers: 0,
  });
  assertEquals(outer, {
    multiplyAdds: 1,
    multiplyAddSlots: 1,
    vectorSlots: 5, // an integer product takes four
    workgroupAccesses: 1,
    memoryAccesses: 0,
    barriers: 1,
  });
  assertEquals(usefulShare(outer), 0.2);
});

const statistics = (registers: string) =>
  `Compute Shader:
*** SHADER STATS ***
${registers}
Spilled SGPRs: 1
Spilled VGPRs: 2
LDS size: 8192
Subgroups per SIMD: 8
Instructions: 1293
********************
`;

Deno.test("kernels are told apart by the lines that compile.ts writes between them", () => {
  const output = `# matmul\tmatmul_nn_store
${statistics("VGPRs: 120")}
${disassembly}# gelu\tgelu_backward
# gelu again\tgelu_backward
${statistics("VGPRs: 8")}`;
  assertEquals(
    readKernels(output).map(({ operation, kernel, registers, spilled, waves, loop }) => [
      operation,
      kernel,
      registers,
      spilled,
      waves,
      loop?.multiplyAdds,
    ]),
    [
      ["matmul", "matmul_nn_store", 120, 3, 8, 3],
      ["gelu again", "gelu_backward", 8, 3, 8, undefined],
    ],
  );
  assertThrows(
    () => readKernels(`# matmul\tmatmul_nn_store\n${statistics("VPRs: 1")}`),
    TypeError,
    'no "VGPRs" for matmul_nn_store',
  );
});
