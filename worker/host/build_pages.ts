/** Bundles the plugin and the pages to what the worker serves beside its API. */

import { basename, extname, fromFileUrl, join } from "@std/path";
import type { PageFiles } from "../src/pages_route.ts";

const worker = fromFileUrl(new URL("../", import.meta.url));

/** Where each file of the worker comes from. TypeScript is bundled, declarations are not. */
const SOURCES: Record<string, string> = {
  "/plugin.js": "plugin/mod.ts",
  "/plugin.d.ts": "plugin/plugin.d.ts",
  "/": "pages/demo.html",
  "/demo.js": "pages/demo.ts",
  "/smart/launch": "pages/smart.html",
  "/smart/launch.js": "pages/smart.ts",
  "/check": "pages/check.html",
  "/check.js": "pages/check.ts",
  "/check_page.js": "pages/check_page.ts",
  "/page.css": "pages/page.css",
  "/icon.svg": "pages/icon.svg",
};

const TYPES: Record<string, string> = {
  ".ts": "text/javascript; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const isBundled = (source: string) => source.endsWith(".ts") && !source.endsWith(".d.ts");
const typeOf = (source: string) =>
  source.endsWith(".d.ts") ? "application/typescript; charset=utf-8" : TYPES[extname(source)];

/** Every page by its path. */
export async function buildPages(): Promise<PageFiles> {
  const entries = Object.entries(SOURCES);
  const bundles = await bundleAll(
    entries.map(([, source]) => source).filter((source) => isBundled(source)),
  );
  return Object.fromEntries(
    await Promise.all(entries.map(async ([path, source]) => {
      const body = bundles.get(source) ?? await Deno.readTextFile(join(worker, source));
      return [path, { type: typeOf(source), body, etag: await etagOf(body) }];
    })),
  );
}

/** One after the other: each bundler takes a core. */
async function bundleAll(sources: string[]): Promise<Map<string, string>> {
  const folder = await Deno.makeTempDir({ prefix: "nano-med-gpt-pages-" });
  try {
    const bundles = new Map<string, string>();
    for (const source of sources) {
      const output = join(folder, `${basename(source, ".ts")}.js`);
      await bundle(join(worker, source), output);
      bundles.set(source, await Deno.readTextFile(output));
    }
    return bundles;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function etagOf(body: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body));
  return `"${new Uint8Array(digest).toHex().slice(0, 32)}"`;
}

/** Bundles `entry` and all it imports into one module at `output`. */
export async function bundle(entry: string, output: string): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", "--output", output, entry],
    cwd: worker,
  }).output();
  if (code === 0) return;
  throw new Error(
    `Cannot bundle ${basename(entry)}: deno bundle exited with ${code}: ${
      new TextDecoder().decode(stderr).trim().split("\n")[0]
    }`,
  );
}
