/** Starts a real workerd, through wrangler, with nothing sent to or asked from the network. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import process from "node:process";
import { stripVTControlCharacters as plain } from "node:util";
import { dirname, fromFileUrl, join } from "@std/path";
import { assemble } from "./build.ts";

/** The newest whose workerd has binaries for every platform in the registry. */
export const WRANGLER = "npm:wrangler@4.156.0";

/** Keep wrangler from asking, reporting and looking for updates. */
export const quietWrangler = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
  CI: "1",
  NO_COLOR: "1",
};

export interface StartOptions {
  /** `data/runs/RUN/export`. */
  exportFolder: string;
  /** 0 takes a free port. */
  port: number;
  /** Requests per caller and minute; default as in wrangler.jsonc. */
  rateLimit?: number;
  /** Receives every line that the worker prints. */
  onLog?: (line: string) => void;
  /** Values of the worker's environment, as `wrangler secret` would set them; default `noAuth`. */
  secrets?: Record<string, string>;
}

/** On the loopback interface of one's own machine nobody has to prove who he is. */
export const noAuth = { DEVELOPMENT_NO_AUTH: "true" };

export interface RunningWorker {
  url: string;
  /** How long its first request took that needed the model. */
  loadMilliseconds: number;
  stop(): Promise<void>;
}

/** How long a worker may take until it answers; wrangler is downloaded on first use. */
const START_TIMEOUT_MS = 300_000;

/** Assembles a worker from an export in a temporary folder, starts it, waits until it is ready. */
export async function startWorker(options: StartOptions): Promise<RunningWorker> {
  const { exportFolder, rateLimit, secrets = noAuth, onLog = () => {} } = options;
  const folder = await Deno.makeTempDir({ prefix: "nano-med-gpt-worker-" });
  try {
    await assemble(exportFolder, folder, { rateLimit });
    await Deno.writeTextFile(join(folder, ".dev.vars"), dotenv(secrets), { mode: 0o600 });
    const port = availablePort(options.port);
    const url = `http://127.0.0.1:${port}`;
    const wrangler = startWrangler(folder, port, onLog);
    const stop = async () => {
      await wrangler.stop();
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    };
    try {
      const loadMilliseconds = await ready(url, wrangler);
      return { url, loadMilliseconds, stop };
    } catch (error) {
      await stop();
      throw error;
    }
  } catch (error) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    throw error;
  }
}

/** The text of a dotenv file; its quotes know no escapes, so each value gets one it does not hold. */
function dotenv(values: Record<string, string>): string {
  const lines = Object.entries(values).map(([name, value]) => {
    const quote = ["'", '"', "`"].find((quote) => !value.includes(quote));
    if (quote === undefined) {
      throw new TypeError(`Cannot pass ${name}: it holds every kind of quote`);
    }
    return `${name}=${quote}${value}${quote}\n`;
  });
  return lines.join("");
}

interface Wrangler {
  /** The last lines it printed. */
  readonly lines: readonly string[];
  readonly exited: Promise<number | null>;
  stop(): Promise<void>;
}

function startWrangler(folder: string, port: number, onLog: (line: string) => void): Wrangler {
  const args = ["run", "-A", WRANGLER, "dev", "--config", join(folder, "wrangler.jsonc")];
  args.push("--ip", "127.0.0.1", "--port", `${port}`, "--inspector-port", `${availablePort(0)}`);
  args.push("--show-interactive-dev-session=false");
  const child = spawn(Deno.execPath(), args, {
    cwd: dirname(fromFileUrl(import.meta.url)), // where deno.lock pins wrangler
    env: { ...process.env, ...quietWrangler, WRANGLER_LOG_PATH: join(folder, "logs") },
    stdio: ["ignore", "pipe", "pipe"],
    // Its own process group, so that workerd ends with it.
    detached: Deno.build.os !== "windows",
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (lines.length > 50) lines.shift();
      onLog(line);
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const kill = () => killTree(child.pid!);
  globalThis.addEventListener("unload", kill);
  return {
    lines,
    exited,
    async stop() {
      globalThis.removeEventListener("unload", kill);
      kill();
      await exited;
    },
  };
}

/** Ends a process with all it has started. */
function killTree(pid: number): void {
  try {
    if (Deno.build.os === "windows") {
      new Deno.Command("taskkill", { args: ["/pid", `${pid}`, "/t", "/f"] }).outputSync();
    } else process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

/** Waits until the model is loaded, and tells how long that took; rejects when the worker ends, fails, or takes too long. */
async function ready(url: string, wrangler: Wrangler): Promise<number> {
  let ended = false;
  wrangler.exited.then(() => ended = true);
  const fail = (why: string) => {
    const printed = wrangler.lines.findLast((line) => /error|✘/i.test(line));
    const message = `Cannot start the worker: ${why}${printed ? `: ${printed.trim()}` : ""}`;
    return new Error(plain(message));
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!await isOk(`${url}/healthz`)) {
    if (ended) throw fail("wrangler ended");
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
