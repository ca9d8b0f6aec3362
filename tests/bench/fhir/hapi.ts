/** HAPI FHIR's R4 server, compiled and started from ChartServer.java. */

import { fromFileUrl, join } from "@std/path";
import type { Json } from "../../helpers/mock_fhir.ts";

const here = fromFileUrl(new URL(".", import.meta.url));

export interface Hapi {
  version: string;
  /** What the server answers to a request of the EHR's address. */
  answer(request: Request): Promise<Response>;
  /** A resource by its path, or what a POST of `body` gives; throws unless that is a success. */
  call(method: string, path: string, body?: Json): Promise<Json>;
  stop(): Promise<void>;
}

/** Resolves it with Maven, compiles and starts it; `base` is the address that clients use. */
export async function startHapi(base: string): Promise<Hapi> {
  const folder = await Deno.makeTempDir({ prefix: "nano-med-gpt-fhir-" });
  const classpath = join(folder, "classpath");
  await run("mvn", [
    "--batch-mode",
    "--quiet",
    "--file",
    join(here, "pom.xml"),
    "dependency:build-classpath",
    `-Dmdep.outputFile=${classpath}`,
  ]);
  const jars = await Deno.readTextFile(classpath);
  await run("javac", ["-cp", jars, "-d", folder, join(here, "ChartServer.java")]);
  const log = join(folder, "log");
  const server = new Deno.Command("sh", {
    // Its log goes to a file: a pipe that nobody reads would stop it.
    args: ["-c", 'exec java -cp "$0" ChartServer "$1" > "$2" 2>&1', `${folder}:${jars}`, base, log],
  }).spawn();
  const stop = async () => {
    server.kill();
    await server.status;
    await Deno.remove(folder, { recursive: true });
  };
  try {
    const port = await portIn(log, server);
    return { ...client(`http://127.0.0.1:${port}`), version: versionIn(jars), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const versionIn = (jars: string) =>
  `HAPI FHIR ${/hapi-fhir-base-([\d.]+)\.jar/.exec(jars)?.[1] ?? "of unknown version"}`;

async function run(program: string, args: string[]): Promise<void> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, { args }).output();
  } catch {
    throw new Error(`Cannot start ${program}; bench fhir needs Java 17 and Maven on the PATH`);
  }
  if (output.code === 0) return;
  const said = new TextDecoder().decode(output.stdout) + new TextDecoder().decode(output.stderr);
  const line = said.split("\n").find((line) => /ERROR|error/.test(line)) ?? "";
  throw new Error(`Cannot build the FHIR server: ${program} exited with ${output.code}: ${line}`);
}

async function portIn(log: string, server: Deno.ChildProcess): Promise<string> {
  const ended = server.status.then(() => true);
  for (let seconds = 0; seconds < 600; seconds++) {
    const text = await Deno.readTextFile(log).catch(() => "");
    const port = /^listening (\d+)$/m.exec(text)?.[1];
    if (port) return port;
    const over = await Promise.race([ended, new Promise((done) => setTimeout(done, 1000, false))]);
    if (over) throw new Error(`The FHIR server ended: ${/^.*Exception.*$/m.exec(text)?.[0] ?? ""}`);
  }
  throw new Error("The FHIR server did not start within 10 minutes");
}

function client(url: string): Pick<Hapi, "answer" | "call"> {
  const send = async (method: string, path: string, headers: Headers, body?: BodyInit) => {
    const response = await fetch(`${url}${path}`, { method, headers, body });
    // The length is that of the compressed body.
    const kept = new Headers(response.headers);
    for (const name of ["content-encoding", "content-length", "transfer-encoding"]) {
      kept.delete(name);
    }
    kept.set("access-control-expose-headers", "etag, location");
    return new Response(await response.bytes(), { status: response.status, headers: kept });
  };
  return {
    async answer(request) {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers();
      for (const name of ["accept", "cache-control", "content-type", "if-match", "if-none-exist"]) {
        const value = request.headers.get(name);
        if (value !== null) headers.set(name, value);
      }
      const body = request.method === "GET" ? undefined : await request.bytes();
      return await send(request.method, `${pathname}${search}`, headers, body);
    },
    async call(method, path, body) {
      const type = "application/fhir+json";
      // HAPI answers from an earlier search otherwise.
      const fresh = { "cache-control": "no-cache" };
      const headers = new Headers({ accept: type, "content-type": type, ...fresh });
      const text = body && JSON.stringify(body);
      const response = await send(method, `/fhir/${path}`, headers, text);
      const answer = await response.json();
      if (response.ok) return answer;
      throw new Error(
        `${method} ${path} gave ${response.status}: ${answer.issue?.[0]?.diagnostics}`,
      );
    },
  };
}
