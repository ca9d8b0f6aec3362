/** A workspace that `deno task train` can be called in: a character tokenizer and invented notes. */

import { join } from "@std/path";
import { type RunPaths, tokenHeader, type Workspace, workspace } from "../../pipeline/artifacts.ts";
import { writeAtomic, writeJson } from "../../pipeline/lib/base/files.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { Random } from "../../pipeline/lib/base/random.ts";
import { charTokenizerJson, tokenizerConfig } from "../../pipeline/tokenize/tokenizer_json.ts";

const words = "the patient was seen for chest pain and went home on aspirin 81 mg daily".split(" ");

/** Token files of notes made of a few words in random order. */
export async function tinyWorkspace(root: string): Promise<Workspace> {
  const paths = workspace(root);
  const json = charTokenizerJson();
  const tokenizer = createTokenizer(json);
  await writeJson(paths.tokenizer, json);
  await writeJson(paths.tokenizerConfig, tokenizerConfig());
  for (const [split, notes] of [["train", 60], ["val", 12]] as const) {
    const random = new Random(notes, split);
    const tokens: number[] = [];
    for (let note = 0; note < notes; note++) {
      const text = Array.from({ length: 40 }, () => words[random.below(words.length)]).join(" ");
      tokens.push(tokenizer.endOfText, ...tokenizer.encode(text));
    }
    await writeTokens(paths.tokens(split), tokens);
  }
  return paths;
}

export async function writeTokens(path: string, tokens: readonly number[]): Promise<void> {
  const data = Uint16Array.from(tokens);
  const bytes = new Uint8Array([...tokenHeader(tokens.length), ...new Uint8Array(data.buffer)]);
  await writeAtomic(path, bytes);
}

/** A model and a run small enough to train within a second. */
export const tinyFlags = (steps: number) =>
  `--steps ${steps} --n-embd 16 --n-layer 1 --n-head 2 --n-positions 16 --batch-size 4
   --eval-tokens 128 --sample-interval 100000 --initializer-range 0.02`.split(/\s+/);

const repository = join(import.meta.dirname!, "..", "..");

const permissions = "-R -W -E -S --allow-ffi --allow-run=git".split(" ");
const command = (paths: Workspace, args: string[]) => [
  ...["run", "--no-prompt", ...permissions, "pipeline/train/main.ts", "--data", paths.root],
  ...args,
];

/** Starts `deno task train` with `args`, on the CPU engine unless they say otherwise. */
export function startTraining(paths: Workspace, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: command(paths, args),
    cwd: repository,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/**
 * Runs `deno task train` where no file can grow beyond `bytes`: a write that wants more fails in the
 * same place as on a full disk, which nobody can have for a test without being its superuser.
 */
export function trainingWithFilesUpTo(
  bytes: number,
  paths: Workspace,
  ...args: string[]
): Promise<Outcome> {
  // The limit counts blocks of 512 bytes; the signal that comes with it would end the process.
  const script = `trap '' XFSZ; ulimit -f ${Math.floor(bytes / 512)}; exec "$0" "$@"`;
  return outcomeOf(
    new Deno.Command("sh", {
      args: ["-c", script, Deno.execPath(), ...command(paths, args)],
      cwd: repository,
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
}

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

export async function outcomeOf(process: Deno.ChildProcess): Promise<Outcome> {
  const { code, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Runs `deno task train` to its end. */
export const training = (paths: Workspace, ...args: string[]): Promise<Outcome> =>
  outcomeOf(startTraining(paths, ...args));

/** The entries of a folder by name. */
export const entries = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

/** Waits until the log of `run` holds a line for `step`. */
export async function untilStep(run: RunPaths, step: number): Promise<void> {
  const line = new RegExp(`"kind":"train","step":${step},`);
  while (!line.test(await Deno.readTextFile(run.log).catch(() => ""))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
