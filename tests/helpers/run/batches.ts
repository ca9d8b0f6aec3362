/**
 * The test files as batches for processes that run side by side: long ones first, so that no long
 * one is left for the end. A file is as long as it took last time, or of the usual length where it
 * has not run yet.
 */

export interface Batch {
  files: string[];
  /** Seconds it should take. */
  seconds: number;
}

/** By file, relative to the repository: seconds of the last run. */
export type Durations = Record<string, number>;

const USUAL_SECONDS = 1;
/** Of those that compile kernels, or run the whole chain. */
const LONG = /^(\.\/)?tests\/(kernels\/(ops\/)?[^/]+|chain_test|bundle\/.*|worker\/plugin\/.*)/;
const LONG_SECONDS = 12;
/** The longest of all: its kernels come in hundreds of variants. */
const LONGEST = /kernels\/matmul_test\.ts$/, LONGEST_SECONDS = 100;
/** Of a process: to start, and to load what its first file imports. */
const START_SECONDS = 1;
/** Few enough processes that their starts cost little, enough that both workers end together. */
const BATCHES_PER_WORKER = 10;

/** Batches, longest first. Each holds neighbours of the sorted list. */
export function batchesOf(
  files: readonly string[],
  durations: Durations,
  workers: number,
): Batch[] {
  const usual = (file: string) =>
    LONGEST.test(file) ? LONGEST_SECONDS : LONG.test(file) ? LONG_SECONDS : USUAL_SECONDS;
  const seconds = (file: string) => durations[file] ?? usual(file);
  const total = files.reduce((sum, file) => sum + seconds(file), 0);
  const target = total / (workers * BATCHES_PER_WORKER);
  const batches: Batch[] = [];
  let open: Batch | undefined;
  for (const file of files.toSorted()) {
    if (!open || open.seconds + seconds(file) > target + START_SECONDS) {
      batches.push(open = { files: [], seconds: START_SECONDS });
    }
    open.files.push(file);
    open.seconds += seconds(file);
  }
  return batches.sort((a, b) => b.seconds - a.seconds);
}
