/** workerd's configuration for an assembled worker, from what wrangler.jsonc says of it. */

import { parse as parseJsonc } from "@std/jsonc";
import { extname, join } from "@std/path";

/** How workerd names the kinds of modules that wrangler.jsonc has rules for. */
const MODULES: Record<string, string> = {
  ".mjs": "esModule",
  ".wasm": "wasm",
  ".onnx": "data",
  ".bin": "data",
  ".json": "text",
};

export interface WorkerdConfigOptions {
  /** Where it listens: `127.0.0.1:8787`. */
  address: string;
  /** The worker's environment. */
  bindings?: Record<string, string>;
  /** Names of variables that come from the process's own environment when it is started. */
  fromEnvironment?: readonly string[];
}

/** The text of a .capnp file that lies in `folder`, beside `build/` and wrangler.jsonc. */
export async function workerdConfig(
  folder: string,
  { address, bindings = {}, fromEnvironment = [] }: WorkerdConfigOptions,
): Promise<string> {
  const deployed = await Deno.readTextFile(join(folder, "wrangler.jsonc"));
  const { compatibility_date, compatibility_flags } = parseJsonc(deployed) as {
    compatibility_date: string;
    compatibility_flags: string[];
  };
  const names = (await Array.fromAsync(Deno.readDir(join(folder, "build")))).map(({ name }) =>
    name
  );
  // The first module is the one that is started.
  names.sort((a, b) => Number(b === "entry.mjs") - Number(a === "entry.mjs"));
  const modules = names.map((name) =>
    `(name = "${name}", ${MODULES[extname(name)]} = embed "build/${name}")`
  );
  const values = [
    ...Object.entries(bindings).map(([name, value]) =>
      `(name = "${name}", text = ${JSON.stringify(value)})`
    ),
    ...fromEnvironment.map((name) => `(name = "${name}", fromEnvironment = "${name}")`),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [${modules.join(", ")}],
      bindings = [${values.join(", ")}],
      compatibilityDate = "${compatibility_date}",
      compatibilityFlags = ${JSON.stringify(compatibility_flags)},
    )),
    (name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = true),
    )),
  ],
  sockets = [(name = "http", address = "${address}", http = (), service = "worker")],
);
`;
}
