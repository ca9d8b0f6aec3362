/** The functions that threads_test.ts calls in another thread. */

import { answerCalls, handOver } from "../../../pipeline/lib/base/threads.ts";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
let calls = 0;

const methods = {
  square: (x: number) => x * x,
  async slow(x: number, ms: number) {
    await wait(ms);
    return { x, call: calls++ };
  },
  fail(why: string): number {
    throw new RangeError(why);
  },
  end(): void {
    setTimeout(() => {
      throw new Error("out of order");
    });
  },
  ones: (length: number) => handOver({ ones: new Uint8Array(length).fill(1) }),
  lengthOf: (bytes: Uint8Array<ArrayBuffer>) => bytes.length,
  never: () => new Promise<void>(() => {}),
};

export type TestMethods = typeof methods;

answerCalls(methods);
