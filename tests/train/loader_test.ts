import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { ArtifactError } from "../../pipeline/lib/base/files.ts";
import { Loader, type LoaderOptions, validationBatches } from "../../pipeline/train/loader.ts";
import { crossingWindows, windowStarts } from "../../pipeline/train/windows.ts";

const options: LoaderOptions = {
  batchSize: 3,
  length: 4,
  windowing: "stream",
  seed: 1,
  endOfText: 0,
  path: "train.bin",
};

/** Every token names its place, so that a window shows where it was cut. */
const counting = (count: number) => Uint16Array.from({ length: count }, (_, i) => i + 1);

Deno.test("an epoch takes every window once, each with its targets, in another order than the file", () => {
  const loader = new Loader(counting(100), options);
  const firsts: number[] = [];
  for (let batch = 0; batch < Math.floor(loader.windows / 3); batch++) {
    const { inputs, targets } = loader.next();
    for (let row = 0; row < 3; row++) {
      const window = inputs.slice(row * 4, row * 4 + 4);
      assertEquals([...window], [0, 1, 2, 3].map((i) => window[0] + i));
      assertEquals([...targets.slice(row * 4, row * 4 + 4)], [...window].map((token) => token + 1));
      firsts.push(window[0]);
    }
  }
  assertEquals(new Set(firsts).size, firsts.length);
  assertNotEquals(firsts, firsts.toSorted((a, b) => a - b));
});

Deno.test("the next epoch has another order and another cut", () => {
  const tokens = counting(4001);
  const cuts = [0, 1, 2, 3, 4].map((epoch) => {
    const { inputs } = new Loader(tokens, options, { epoch, position: 0 }).next();
    return { first: inputs[0], phase: inputs[0] % 4 };
  });
  assertEquals(new Set(cuts.map(({ first }) => first)).size, 5);
  assert(new Set(cuts.map(({ phase }) => phase)).size > 1);
});

Deno.test("a loader put at a saved position goes on with the same batches, across epochs", () => {
  const tokens = counting(50);
  const loader = new Loader(tokens, options);
  for (let i = 0; i < 3; i++) loader.next();
  const copy = new Loader(tokens, options, loader.position);
  for (let i = 0; i < 20; i++) assertEquals(copy.next(), loader.next());
  assertEquals(copy.position, loader.position);
  assert(loader.position.epoch > 3);
});

Deno.test("another seed gives another order", () => {
  const first = (seed: number) => new Loader(counting(4001), { ...options, seed }).next().inputs;
  assertEquals(first(1), first(1));
  assertNotEquals(first(1), first(2));
});

Deno.test("the smallest file that trains holds one window and its target", () => {
  assertEquals([...new Loader(counting(5), { ...options, batchSize: 1 }).next().targets], [
    2,
    3,
    4,
    5,
  ]);
  assertThrows(
    () => new Loader(counting(4), options),
    ArtifactError,
    "4 tokens, expected at least 5",
  );
});

// Documents of 7, 3 and 5 tokens, each with its end-of-text token first.
const documents = Uint16Array.of(0, 1, 2, 3, 4, 5, 6, 0, 11, 12, 0, 21, 22, 23, 24);
const starts = (windowing: "stream" | "document") =>
  windowStarts(documents, { length: 4, windowing, endOfText: 0 });

Deno.test("stream windows follow one another through the file", () => {
  assertEquals([...starts("stream")], [0, 4, 8]);
  assertEquals(crossingWindows(documents, starts("stream"), { length: 4, endOfText: 0 }), 2);
});

Deno.test("document windows start with a document and end in it, if it is long enough", () => {
  // 0-3; 3-6, moved back to end with its document; 7-10, too short a document; 10-13.
  assertEquals([...starts("document")], [0, 3, 7, 10]);
  assertEquals(crossingWindows(documents, starts("document"), { length: 4, endOfText: 0 }), 1);
});

Deno.test("the last document's windows leave room for the last target", () => {
  for (const windowing of ["stream", "document"] as const) {
    for (const start of starts(windowing)) assert(start + 4 < documents.length);
  }
});

Deno.test("validation batches are the same every time, spread over the file, no window twice", () => {
  const tokens = counting(1001);
  const batches = validationBatches(tokens, 60, options);
  assertEquals(batches, validationBatches(tokens, 60, options));
  assertEquals(batches.length, 5);
  const firsts = batches.flatMap(({ inputs }) => [0, 4, 8].map((i) => inputs[i]));
  assertEquals(new Set(firsts).size, 15);
  assert(Math.max(...firsts) > 900);
});

Deno.test("runs of different batch sizes are validated on the same windows", () => {
  const windows = (batchSize: number) =>
    validationBatches(counting(1001), 96, { ...options, batchSize })
      .flatMap(({ inputs }) => [...inputs]);
  assertEquals(windows(2), windows(8));
  assertEquals(windows(24).length, 96);
});

Deno.test("few validation tokens give fewer batches; windows repeat only to fill the first", () => {
  assertEquals(validationBatches(counting(30), 1000, options).length, 2);
  const [batch] = validationBatches(counting(9), 1000, options);
  assertEquals([batch.inputs[0], batch.inputs[4], batch.inputs[8]], [1, 5, 1]);
});
