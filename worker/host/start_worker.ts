/** Starts a real workerd on this machine, the binary alone: nothing is sent to or asked from elsewhere. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { stripVTControlCharacters as plain } from "node:util";
import { join } from "@std/path";
import workerd from "workerd";
import type { EngineName } from "../src/engine.ts";
import { LOOPBACK_HOSTS } from "../src/hosts.ts";
import { assemble } from "./build.ts";
import { workerdConfig } from "./workerd_config.ts";

/** What is served, and how. */
export interface StartOptions {
  /** `data/runs/RUN/export`. */
  exportFolder: string;
  /** Default wasm. */
  engine?: EngineName;
  /** 0 takes a free port. */
  port: number;
  /** Requests per caller and minute; default 1200. */
  rateLimit?: number;
  /** Receives every line that the worker prints. */
  onLog?: (line: string) => void;
  /** Values of the worker's environment, as `wrangler secret` would set them; default `noAuth`. */
  secrets?: Record<string, string>;
  /** Where a debugger may ask for the heap; none by default. */
  inspectorPort?: number;
}

/** Its own names and those of the settings: others may not be made to point here (src/hosts.ts). */
export const withLoopbackHosts = (secrets: Record<string, string>): Record<string, string> => ({
  ...secrets,
  HOSTS: [...LOOPBACK_HOSTS, ...secrets.HOSTS ? [secrets.HOSTS] : []].join(","),
});

/** On the loopback interface of one's own machine nobody has to prove who he is. */
export const noAuth = { DEVELOPMENT_NO_AUTH: "true" };

/** A worker that answers. */
export interface RunningWorker {
  /** Where, without a slash at the end. */
  url: string;
  /** How long its first request took that needed the model. */
  loadMilliseconds: number;
  /** Its process, where it has one of its own. */
  pid?: number;
  /** Resolves when it has ended, by itself or by `stop`. */
  exited: Promise<unknown>;
  /** Ends it, and removes what was made for it. */
  stop(): Promise<void>;
}

/** CommonJS: what its types call the default is a property of it. */
export const workerdBinary = (workerd as unknown as { default: string }).default;

/** How long a worker may take until it answers. */
const START_TIMEOUT_MS = 60_000;

/** Modules of a worker in a temporary folder, from which processes are started. */
export interface AssembledWorker {
  folder: string;
  remove(): Promise<void>;
}

/** Assembles a worker from an export; rejects if that is incomplete. */
export async function assembleWorker(
  { exportFolder, engine }: Pick<StartOptions, "exportFolder" | "engine">,
): Promise<AssembledWorker> {
  const folder = await Deno.makeTempDir({ prefix: "nano-med-gpt-worker-" });
  const remove = () => Deno.remove(folder, { recursive: true }).catch(() => {});
  try {
    await assemble(exportFolder, folder, { engine });
    return { folder, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * Assembles a worker from an export in a temporary folder, starts it, waits until it is ready.
 * Rejects if the export is incomplete, the port is taken, or it is not ready within a minute.
 */
export async function startWorker(options: StartOptions): Promise<RunningWorker> {
  const assembled = await assembleWorker(options);
  try {
    const worker = await startAssembled(assembled, options);
    return {
      ...worker,
      async stop() {
        await worker.stop();
        await assembled.remove();
      },
    };
  } catch (error) {
    await assembled.remove();
    throw error;
  }
}

/** Starts one process of an assembled worker and waits until it is ready. */
export async function startAssembled(
  { folder }: AssembledWorker,
  options: Omit<StartOptions, "exportFolder" | "engine">,
): Promise<RunningWorker> {
  const { rateLimit, secrets = noAuth, onLog = () => {} } = options;
  const port = availablePort(options.port);
  const bindings = {
    ...withLoopbackHosts(secrets),
    ...rateLimit && { RATE_LIMIT: `${rateLimit}` },
  };
  const config = join(folder, `workerd-${port}.capnp`);
  const text = await workerdConfig(folder, { address: `127.0.0.1:${port}`, bindings });
  await Deno.writeTextFile(config, text, { mode: 0o600 });
  const process = startProcess(config, options.inspectorPort, onLog);
  const url = `http://127.0.0.1:${port}`;
  try {
    const loadMilliseconds = await ready(url, process);
    return { url, loadMilliseconds, pid: process.pid, exited: process.exited, stop: process.stop };
  } catch (error) {
    await process.stop();
    throw error;
  } finally {
    // It holds the secrets, and has been read.
    await Deno.remove(config).catch(() => {});
  }
}

interface Process {
  readonly pid: number | undefined;
  /** The last lines it printed. */
  readonly lines: readonly string[];
  readonly exited: Promise<number | null>;
  stop(): Promise<void>;
}

function startProcess(
  config: string,
  inspectorPort: number | undefined,
  onLog: (line: string) => void,
): Process {
  const args = ["serve", config];
  if (inspectorPort) args.push(`--inspector-addr=127.0.0.1:${inspectorPort}`);
  const child = spawn(workerdBinary, args, { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (lines.length > 50) lines.shift();
      onLog(line);
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const kill = () => void child.kill("SIGKILL");
  globalThis.addEventListener("unload", kill);
  return {
    pid: child.pid,
    lines,
    exited,
    async stop() {
      globalThis.removeEventListener("unload", kill);
      kill();
      await exited;
    },
  };
}

/** Waits until the model is loaded, and tells how long that took; rejects when the worker ends, fails, or takes too long. */
async function ready(url: string, process: Process): Promise<number> {
  let ended = false;
  process.exited.then(() => ended = true);
  const fail = (why: string) => {
    const printed = process.lines.findLast((line) => /error|✘/i.test(line)) ?? process.lines.at(-1);
    const message = `Cannot start the worker: ${why}${printed ? `: ${printed.trim()}` : ""}`;
    return new Error(plain(message));
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!await isOk(`${url}/healthz`)) {
    if (ended) throw fail("workerd ended");
    if (Date.now() > deadline) throw fail(`no answer in ${START_TIMEOUT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const started = performance.now();
  if (!await isOk(`${url}/readyz`)) throw fail("its model does not load");
  return performance.now() - started;
}

async function isOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) }).catch(() => null);
  await response?.body?.cancel();
  return response?.ok ?? false;
}

/** `port`, or a free one for 0; throws a `Deno.errors.AddrInUse` if something listens there. */
export function availablePort(port: number): number {
  try {
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    const { port: bound } = listener.addr;
    listener.close();
    return bound;
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Deno.errors.AddrInUse(
      `Cannot serve on port ${port}: something else uses it; stop that, or take a free one with --port 0`,
    );
  }
}
