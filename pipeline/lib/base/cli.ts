/**
 * What every `deno task` shares: flags declared as data, `--help`, a progress line with an ETA,
 * and errors as one clear line. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
 */

import { parseArgs } from "@std/cli/parse-args";
import { duration, format } from "./format.ts";

export { bytes, duration, format } from "./format.ts";

export type Flag =
  & { help: string; placeholder?: string }
  & (
    | { type: "boolean"; default?: false }
    | { type: "string"; default?: string; choices?: readonly string[] }
    | { type: "integer" | "number"; default?: number; min?: number; max?: number }
  );

type FlagValue<F extends Flag> = F extends { type: "boolean" } ? boolean
  : F extends { type: "string" } ? (F extends { default: string } ? string : string | undefined)
  : (F extends { default: number } ? number : number | undefined);

type Camel<S extends string> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}`
  : S;

/** The values of declared flags: `"vocab-size"` becomes `vocabSize`. */
export type FlagValues<F extends Record<string, Flag>> = {
  [K in keyof F & string as Camel<K>]: FlagValue<F[K]>;
};

const DEFAULT_DATA = "data";
const DEFAULT_RUN = "latest";

const commonFlags = {
  data: { type: "string", default: DEFAULT_DATA, placeholder: "DIR", help: "workspace folder" },
  verbose: { type: "boolean", help: "on an error, print the stack as well" },
} satisfies Record<string, Flag>;

type CommonValues = FlagValues<typeof commonFlags>;

export interface Task<F extends Record<string, Flag>> {
  /** As typed: `deno task NAME`. */
  name: string;
  /** One or two sentences; the first line of `--help`. */
  summary: string;
  /** How positional arguments are named in the usage line, e.g. `INPUT...`; none if absent. */
  positional?: string;
  flags: F;
  /** Flags that another task has now, each with that task's name. */
  moved?: Readonly<Record<string, string>>;
  examples?: readonly string[];
  run(flags: FlagValues<F> & CommonValues, args: string[]): Promise<void> | void;
}

/** The command line itself is wrong: exit code 2. */
export class UsageError extends TypeError {
  override name = "UsageError";
}

/** The user pressed Ctrl-C and the task ended in good order: exit code 130. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

/** Types a task's flags; does nothing else. */
export function defineTask<const F extends Record<string, Flag>>(task: Task<F>): Task<F> {
  return task;
}

/** Parses and checks `argv`; throws `UsageError` with one line on the first mistake. */
export function parseFlags<F extends Record<string, Flag>>(
  task: Pick<Task<F>, "name" | "flags" | "positional" | "moved">,
  argv: string[],
): { flags: FlagValues<F> & CommonValues; args: string[] } {
  const declared: Record<string, Flag> = { ...commonFlags, ...task.flags };
  const names = Object.keys(declared);
  const booleans = names.filter((name) => declared[name].type === "boolean");
  const mistake = (why: string) => new UsageError(`${why}; see "deno task ${task.name} --help"`);
  for (const arg of argv) {
    if (arg === "--") break;
    const name = /^--([^=]+)/.exec(arg)?.[1];
    if (name !== undefined && !names.includes(name)) {
      const now = task.moved?.[name];
      throw mistake(
        now ? `--${name} is a flag of "deno task ${now}" now` : `Unknown flag --${name}`,
      );
    }
    if (/^-[A-Za-z]/.test(arg)) throw mistake(`Unknown flag ${arg}`);
  }
  const valued = names.filter((name) => !booleans.includes(name));
  const parsed = parseArgs(argv, {
    boolean: booleans,
    string: [...valued, "_"],
    collect: valued,
  });
  const args = parsed._.map(String);
  if (args.length > 0 && task.positional === undefined) {
    throw mistake(`Unexpected argument "${args[0]}"`);
  }
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(declared)) {
    values[camel(name)] = flagValue(name, flag, parsed[name], mistake);
  }
  return { flags: values as FlagValues<F> & CommonValues, args };
}

function flagValue(
  name: string,
  flag: Flag,
  collected: unknown,
  mistake: (why: string) => UsageError,
): unknown {
  if (flag.type === "boolean") return collected === true;
  const values = collected as string[];
  if (values.length === 0) return flag.default;
  if (values.length > 1) throw mistake(`--${name} was given ${values.length} times`);
  const [given] = values;
  if (given === "") throw mistake(`--${name} needs a value`);
  if (flag.type === "string") {
    if (flag.choices && !flag.choices.includes(String(given))) {
      throw mistake(`--${name} is "${given}", expected one of ${flag.choices.join(", ")}`);
    }
    return given;
  }
  const value = Number(given);
  const kind = flag.type === "integer" ? "an integer" : "a number";
  if (!Number.isFinite(value) || (flag.type === "integer" && !Number.isInteger(value))) {
    throw mistake(`--${name} is "${given}", expected ${kind}`);
  }
  if (flag.min !== undefined && value < flag.min) {
    throw mistake(`--${name} is ${value}, expected at least ${flag.min}`);
  }
  if (flag.max !== undefined && value > flag.max) {
    throw mistake(`--${name} is ${value}, expected at most ${flag.max}`);
  }
  return value;
}

const camel = (name: string) =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Choices up to this length are shown in place of a placeholder: `--kernels auto|portable`. */
const LONGEST_CHOICES = 32;

/** The `--help` text. */
export function helpText<F extends Record<string, Flag>>(task: Task<F>): string {
  const flags: Record<string, Flag> = { ...task.flags, ...commonFlags, ...task.flags };
  const rows = Object.entries(flags).map(([name, flag]): [string, string] => {
    const choices = flag.type === "string" ? flag.choices?.join("|") : undefined;
    const short = choices !== undefined && choices.length <= LONGEST_CHOICES ? choices : undefined;
    const placeholder = short ?? flag.placeholder ?? (flag.type === "string" ? "TEXT" : "N");
    const left = flag.type === "boolean" ? `--${name}` : `--${name} ${placeholder}`;
    const notes: string[] = [];
    if (choices !== short) notes.push(choices!);
    if (flag.default !== undefined && flag.default !== false && flag.default !== "") {
      notes.push(`default ${flag.default}`);
    }
    return [left, flag.help + (notes.length > 0 ? ` (${notes.join("; ")})` : "")];
  });
  rows.push(["--help", "print this and exit"]);
  const width = Math.max(...rows.map(([left]) => left.length));
  const positional = task.positional === undefined ? "" : ` ${task.positional}`;
  const lines = [
    task.summary,
    "",
    `Usage: deno task ${task.name}${positional} [flags]`,
    "",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
  ];
  if (task.examples) lines.push("", "Examples:", ...task.examples.map((line) => `  ${line}`));
  return lines.join("\n");
}

/** Runs a task from the command line and exits the process. The last statement of a main.ts. */
export async function runTask<F extends Record<string, Flag>>(
  task: Task<F>,
  argv: string[] = Deno.args,
): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) {
    console.log(helpText(task));
    Deno.exit(0);
  }
  try {
    const { flags, args } = parseFlags(task, argv);
    await task.run(flags, args);
  } catch (error) {
    endProgressLine();
    console.error(errorLine(error));
    if (argv.includes("--verbose")) console.error(error);
    Deno.exit(exitCode(error));
  }
}

const exitCode = (error: unknown) =>
  error instanceof UsageError ? 2 : error instanceof Interrupted ? 130 : 1;

/** One line for any error: our own messages as they are, foreign ones with their class. */
export function errorLine(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${error}`;
  if (error instanceof Interrupted) return plain(error);
  if (error instanceof Deno.errors.NotFound) {
    return `error: no such file or folder: ${plain(error)}`;
  }
  return `error: ${plain(error)}`;
}

const plain = (error: Error) => error.message.split("\n")[0] || error.name;

/**
 * A command to paste: `deno task NAME` with the flags that are not at their defaults.
 *
 * ```ts
 * nextCommand("train", { data: "/srv/my notes" }); // deno task train --data '/srv/my notes'
 * ```
 */
export function nextCommand(
  task: string,
  { data, run = DEFAULT_RUN, ...others }: { data: string } & Record<string, string | undefined>,
): string {
  const flags = { ...others, run: run === DEFAULT_RUN ? undefined : run };
  const given = Object.entries({ ...flags, data: data === DEFAULT_DATA ? undefined : data })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` --${name} ${shellWord(value!)}`);
  return `deno task ${task}${given.join("")}`;
}

/** `word` as a POSIX shell reads it back. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

// ---------------------------------------------------------------------------------------------
// Progress

let lineIsOpen = false;

function endProgressLine(): void {
  if (lineIsOpen) Deno.stderr.writeSync(new TextEncoder().encode("\n"));
  lineIsOpen = false;
}

/** How often the line is redrawn on a terminal, and how often it is repeated in a log. */
const TERMINAL_INTERVAL_MS = 100;
const LOG_INTERVAL_MS = 10_000;

/**
 * A progress line on stderr: bar, share, rate and ETA, redrawn in place on a terminal and repeated
 * every ten seconds where stderr is a file or a pipe.
 *
 * ```ts
 * const progress = new Progress("encode", notes, "notes");
 * progress.update(done);          // as often as you like
 * progress.finish("3,000 notes"); // leaves one line behind
 * ```
 */
export class Progress {
  readonly #label: string;
  readonly #total: number | undefined;
  readonly #unit: string;
  readonly #started = performance.now();
  readonly #terminal = Deno.stderr.isTerminal();
  #lastDrawn = -Infinity;
  #first: { time: number; done: number } | undefined;

  /** `total` undefined: no bar and no ETA, only a count and a rate. */
  constructor(label: string, total: number | undefined, unit: string) {
    this.#label = label;
    this.#total = total;
    this.#unit = unit;
    if (!this.#terminal) this.#lastDrawn = this.#started;
  }

  /** Seconds since the construction. */
  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** Shows `done` units; `note` is appended (a loss, say). Redraws at most ten times a second. */
  update(done: number, note = ""): void {
    const now = performance.now();
    this.#first ??= { time: now, done };
    const interval = this.#terminal ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS;
    if (now - this.#lastDrawn < interval) return;
    this.#lastDrawn = now;
    this.#draw(this.#line(done, note, now));
  }

  #line(done: number, note: string, now: number): string {
    const seconds = (now - this.#first!.time) / 1000;
    const rate = seconds > 0 ? (done - this.#first!.done) / seconds : 0;
    const parts = [this.#label.padEnd(10)];
    if (this.#total === undefined) {
      parts.push(`${format(done)} ${this.#unit}`);
    } else {
      const share = this.#total === 0 ? 1 : Math.min(1, done / this.#total);
      // A note says more than a bar where there is no room for both.
      const filled = Math.round(share * 20);
      const roomy = !note || !this.#terminal || terminalWidth() >= 110;
      if (roomy) parts.push("█".repeat(filled) + "░".repeat(20 - filled));
      parts.push(`${(share * 100).toFixed(0).padStart(3)}%`);
      parts.push(`${format(done)}/${format(this.#total)} ${this.#unit}`);
    }
    if (rate > 0) parts.push(`${format(rate)}/s`);
    if (rate > 0 && this.#total !== undefined) {
      parts.push(`ETA ${duration((this.#total - done) / rate)}`);
    }
    if (note) parts.push(note);
    return parts.join("  ");
  }

  #draw(line: string): void {
    const text = this.#terminal ? `\r\x1b[2K${line.slice(0, terminalWidth() - 1)}` : `${line}\n`;
    lineIsOpen = this.#terminal;
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  }

  /** Prints a line that stays, above the bar. */
  print(line: string): void {
    Deno.stderr.writeSync(
      new TextEncoder().encode(this.#terminal ? `\r\x1b[2K${line}\n` : `${line}\n`),
    );
    lineIsOpen = false;
    if (this.#terminal) this.#lastDrawn = -Infinity;
  }

  /** Replaces the bar by one line that stays: label, summary, time taken. */
  finish(summary: string): void {
    const line = `${this.#label.padEnd(10)}  ${summary}  (${duration(this.seconds)})`;
    const text = this.#terminal ? `\r\x1b[2K${line}\n` : `${line}\n`;
    lineIsOpen = false;
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  }
}

function terminalWidth(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}
