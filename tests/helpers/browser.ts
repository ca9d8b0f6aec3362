// A headless Chromium out of an npm package, and pages around the plugin.

import chromium from "@sparticuz/chromium";
import axe from "axe-core";
import { join } from "@std/path";
import { type Browser, chromium as playwright, type Page } from "playwright-core";

export type { Page };

/** For `startBrowser`: WebGPU on the software adapter that Chromium brings. */
export const WITH_WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** Starts Chromium; the caller closes it. */
export async function startBrowser(graphics = ["--disable-gpu"]): Promise<Browser> {
  return await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: ["--no-sandbox", ...graphics, "--disable-dev-shm-usage", "--no-first-run"]
      .concat("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    headless: true,
  });
}

/** What axe objects to in a page: rules with the elements that break them. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate("axe.run()") as axe.AxeResults;
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** worker/plugin bundled as the worker serves it. */
export async function pluginBundle(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "nano-med-gpt-plugin-" });
  try {
    const output = join(folder, "plugin.js");
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", "--quiet", "--platform", "browser", "--minify", "--output", output]
        .concat(new URL("../../worker/plugin/mod.ts", import.meta.url).pathname),
    }).output();
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
    return await Deno.readTextFile(output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export interface StubRequest {
  text: string;
  text_after: string;
  section?: string;
  authorization: string | null;
  patient?: string;
  context?: string;
}

export interface PluginServer {
  url: string;
  /** Bodies of all requests so far. */
  requests: StubRequest[];
  /** What /context was told, in order. */
  contexts: { patient: string; texts: string[] }[];
  /** What /complete answers; texts, or a whole response. */
  answer: (request: StubRequest) => string[] | Response | Promise<string[] | Response>;
  /** Body of the page at `/`. */
  body: string;
  /** Whether the page may have styles in its markup; the plugin needs none. */
  inlineStyles: boolean;
  /** What the page gives to `attach` beside the endpoint, as JavaScript. */
  options: string;
  stop(): Promise<void>;
}

/** Serves a page under a strict content security policy, the plugin, and a scripted /complete. */
export function servePlugin(bundle: string): PluginServer {
  const html = { "content-type": "text/html; charset=utf-8" };
  const script = { "content-type": "text/javascript" };
  const policy = () => ({
    "content-security-policy":
      "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'" +
      (stub.inlineStyles ? " 'unsafe-inline'" : ""),
  });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/plugin.js") return new Response(bundle, { headers: script });
    if (pathname === "/page.js") {
      return new Response(PAGE_SCRIPT.replace("/* options */", stub.options), { headers: script });
    }
    if (pathname === "/page.css") {
      return new Response(PAGE_STYLE, { headers: { "content-type": "text/css" } });
    }
    if (pathname === "/context") {
      const { patient, context } = await request.json();
      stub.contexts.push({ patient, texts: context.map(({ text }: { text: string }) => text) });
      return Response.json({ id: context.length === 0 ? "" : `id-${patient}`, characters: 0 });
    }
    if (pathname === "/complete") {
      const authorization = request.headers.get("authorization");
      const body: StubRequest = { ...await request.json(), authorization };
      stub.requests.push(body);
      const answer = await stub.answer(body);
      if (answer instanceof Response) return answer;
      return Response.json({ completions: answer.map((text) => ({ text, confidence: 0.5 })) });
    }
    if (pathname === "/frame") {
      const frame = `<!doctype html><html lang="en"><title>EHR</title><iframe title="Note" src="/"
        width="700" height="300"></iframe></html>`;
      return new Response(frame, { headers: html });
    }
    if (pathname !== "/") return new Response(null, { status: 404 });
    return new Response(
      `<!doctype html><html lang="en"><title>Note</title><meta charset="utf-8">
<link rel="stylesheet" href="/page.css"><main><h1>Note</h1>${stub.body}</main>
<script type="module" src="/page.js"></script></html>`,
      { headers: { ...html, ...policy() } },
    );
  });
  const stub: PluginServer = {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests: [],
    contexts: [],
    answer: () => [],
    body: "",
    inlineStyles: false,
    options: "",
    stop: () => server.shutdown(),
  };
  return stub;
}

/** Attaches to every [data-attach], and shows the tests what was attached. */
const PAGE_SCRIPT = `import { attach } from "/plugin.js";
window.handles = [];
window.inputs = 0;
document.addEventListener("input", () => window.inputs++);
for (const element of document.querySelectorAll("[data-attach]")) {
  window.handles.push(
    attach(element, { endpoint: location.origin, debounce: 0, timeout: 60000, /* options */ }),
  );
}
window.ready = true;`;

const PAGE_STYLE = `body { font: 16px/1.5 serif; }
textarea, [contenteditable] { font: 15px/1.4 monospace; width: 420px; padding: 8px;
  border: 1px solid #767676; display: block; min-height: 6em; color: #111; background: #fff; }`;
