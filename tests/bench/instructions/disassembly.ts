/** Reads what RADV prints of a compiled kernel: its statistics, and its loops in the disassembly. */

import { MARK } from "./compile.ts";

/** What a GPU's compiler made of one kernel. */
export interface CompiledKernel {
  operation: string;
  kernel: string;
  /** Vector registers per invocation. */
  registers: number;
  /** Registers, scalar and vector, that found no place and went to memory. */
  spilled: number;
  /** Bytes of workgroup memory. */
  workgroupBytes: number;
  /** Waves that registers and workgroup memory allow on one SIMD at a time. */
  waves: number;
  instructions: number;
  /** The loop with most multiply-adds, if any has some. */
  loop?: Loop;
}

/** Instructions of one pass through a loop; those of loops inside it are not counted. */
export interface Loop {
  /** Multiply-adds of one value per lane. */
  multiplyAdds: number;
  /** Time they take, in slots of one vector instruction. */
  multiplyAddSlots: number;
  /** Time that all vector instructions take, in the same slots. */
  vectorSlots: number;
  /** Accesses of workgroup memory. */
  workgroupAccesses: number;
  /** Accesses of memory. */
  memoryAccesses: number;
  barriers: number;
}

/** Share of the vector unit's time that goes into multiply-adds. */
export const usefulShare = ({ multiplyAddSlots, vectorSlots }: Loop): number =>
  multiplyAddSlots / vectorSlots;

/** All kernels in the output of compile.ts; a kernel compiled before is not compiled again. */
export function readKernels(output: string): CompiledKernel[] {
  const [, ...parts] = output.split(new RegExp(`^${MARK}`, "m"));
  return parts.filter((part) => part.includes("*** SHADER STATS ***")).map(readKernel);
}

function readKernel(part: string): CompiledKernel {
  const [operation, kernel] = part.slice(0, part.indexOf("\n")).split("\t");
  const statistic = (name: string) => {
    const found = new RegExp(`^${name}: (\\d+)`, "m").exec(part);
    if (!found) throw new TypeError(`Cannot read RADV's statistics: no "${name}" for ${kernel}`);
    return Number(found[1]);
  };
  return {
    operation,
    kernel,
    registers: statistic("VGPRs"),
    spilled: statistic("Spilled SGPRs") + statistic("Spilled VGPRs"),
    workgroupBytes: statistic("LDS size"),
    waves: statistic("Subgroups per SIMD"),
    instructions: statistic("Instructions"),
    loop: busiestLoop(part.slice(part.indexOf("disasm:"))),
  };
}

function busiestLoop(disassembly: string): Loop | undefined {
  const loops = readLoops(disassembly).filter(({ multiplyAdds }) => multiplyAdds > 0);
  return loops.sort((a, b) => b.multiplyAdds - a.multiplyAdds)[0];
}

/** Every loop: the lines from a label up to the last branch back to it. */
export function readLoops(disassembly: string): Loop[] {
  const names: string[] = [];
  const labels = new Map<string, number>(), ends = new Map<number, number>();
  for (const line of disassembly.split("\n")) {
    const label = /^(BB\d+):/.exec(line)?.[1];
    if (label !== undefined) labels.set(label, names.length);
    const [, name, operands] = /^\t(\w+)([^;]*)/.exec(line) ?? [];
    if (name === undefined) continue;
    const back = /branch/.test(name) ? labels.get(operands.trim()) : undefined;
    names.push(name);
    if (back !== undefined) ends.set(back, names.length);
  }
  const ranges = [...ends];
  return ranges.map(([from, to]) => {
    const inner = ranges.filter(([first, last]) =>
      first >= from && last <= to && last - first < to - from
    );
    const within = (i: number) => inner.some(([first, last]) => first <= i && i < last);
    return countLoop(names.filter((_, i) => from <= i && i < to && !within(i)));
  });
}

function countLoop(names: readonly string[]): Loop {
  const count = (pattern: RegExp) => names.filter((name) => pattern.test(name)).length;
  const vector = names.filter((name) => name.startsWith("v_"));
  const adds = vector.filter((name) => MULTIPLY_ADD.test(name));
  return {
    multiplyAdds: adds.length + count(PACKED),
    multiplyAddSlots: adds.length,
    vectorSlots: vector.reduce((sum, name) => sum + (QUARTER_RATE.test(name) ? 4 : 1), 0),
    workgroupAccesses: count(/^ds_/),
    memoryAccesses: count(/^(buffer|global|flat)_(load|store)/),
    barriers: count(/^s_barrier/),
  };
}

const MULTIPLY_ADD = /^v_(fma|fmac|mad|mac|pk_fma|dual_fmac|fma_mix)\w*(f16|f32)/;

/** Two values at once. */
const PACKED = /^v_pk_fma_f16/;

/** Four times as long as others on GCN and RDNA: 32-bit integer products, and functions. */
const QUARTER_RATE = /^v_(mul_(lo|hi)_[iu]32|exp|log|rcp|rsq|sqrt|sin|cos)/;
