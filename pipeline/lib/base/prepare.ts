/**
 * Fetches the npm packages of a command before it starts, behind one progress line instead of a
 * line for each. Imports nothing from npm itself, so that it runs on a machine that has nothing yet.
 */

/** How Deno says that a registry could not be reached. */
const NETWORK_FAILURE =
  /error sending request|dns error|connection (refused|reset)|timed out|tls handshake|failed to lookup/i;

/**
 * Downloads and type-checks what `command` (a Deno subcommand that runs nothing, such as `check`)
 * needs. Throws an `Error` of one line where a package cannot be fetched, and one that carries
 * Deno's own output where a file does not compile.
 */
export async function prepare(what: string, command: readonly string[]): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...command],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const line = new StatusLine(what);
  const rest: string[] = [];
  let fetched = 0;
  for await (const text of lines(child.stderr)) {
    if (text.startsWith("Download ")) line.show(`${++fetched} packages fetched`);
    else if (text.startsWith("Check ")) line.show("checking types");
    else rest.push(text);
  }
  const { success } = await child.status;
  line.clear();
  if (success) return;
  const output = rest.join("\n").trim();
  if (NETWORK_FAILURE.test(output)) {
    const reason = rest.find((text) => NETWORK_FAILURE.test(text))!.trim();
    throw new Error(
      `Cannot fetch the npm packages: ${reason}; check the network (behind a proxy set HTTPS_PROXY, ` +
        "for a registry of your own NPM_CONFIG_REGISTRY), then run the same command again",
    );
  }
  throw new Error(output || `deno ${command.join(" ")} failed`);
}

/** A line on stderr that is redrawn in place on a terminal, and shown every ten seconds in a log. */
class StatusLine {
  readonly #terminal = Deno.stderr.isTerminal();
  readonly #started = performance.now();
  #shown = this.#started;
  #open = false;

  constructor(readonly label: string) {}

  show(text: string): void {
    const now = performance.now();
    if (now - this.#shown < (this.#terminal ? 100 : 10_000)) return;
    this.#shown = now;
    const seconds = Math.round((now - this.#started) / 1000);
    this.#write(`${this.label}: ${text} (${seconds}s)`);
  }

  #write(text: string): void {
    this.#open = this.#terminal;
    Deno.stderr.writeSync(
      new TextEncoder().encode(this.#terminal ? `\r\x1b[2K${text}` : `${text}\n`),
    );
  }

  clear(): void {
    if (this.#open) Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[2K"));
  }
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
  if (rest) yield rest;
}
