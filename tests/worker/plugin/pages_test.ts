/// <reference lib="dom" />

// What the worker serves beside its API: the plugin, and the demo as a visitor meets it.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildPages } from "../../../worker/host/build_pages.ts";
import { axeFindings, startBrowser } from "../../helpers/browser.ts";
import { tinyApp } from "../../helpers/tiny_service.ts";

const pages = await buildPages();
const ehr = "https://ehr.example.org";

const serve = (settings: Parameters<typeof tinyApp>[0] = {}) =>
  tinyApp({ pages, allowedOrigins: [ehr], ...settings }).app;

Deno.test("the plugin is one small module without imports", async () => {
  const { body } = pages["/plugin.js"];
  const gzip = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
  const size = (await new Response(gzip).arrayBuffer()).byteLength;
  assert(size < 12_000, `plugin.js has ${size} bytes gzip`);
  assertEquals(/\bimport\b\s*[("'{*]/.test(body), false);
  assertEquals(/\beval\(|new Function/.test(body), false);
});

Deno.test("plugin.js: type, revalidation, and CORS for allowed origins only", async () => {
  const app = serve();
  const response = await app.request("/plugin.js", { headers: { origin: ehr } });
  const { headers } = response;
  assertEquals(await response.text(), pages["/plugin.js"].body);
  assertEquals(headers.get("content-type"), "text/javascript; charset=utf-8");
  assertEquals(headers.get("access-control-allow-origin"), ehr);
  assertEquals(headers.get("cache-control"), "no-cache");
  assertMatch(headers.get("vary") ?? "", /origin/i);
  const etag = headers.get("etag")!;
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const again = await app.request("/plugin.js", { headers: { "if-none-match": known } });
    assertEquals([again.status, await again.text()], [304, ""], known);
  }
  const stale = await app.request("/plugin.js", { headers: { "if-none-match": '"old"' } });
  assertEquals(stale.status, 200);
  const foreign = await app.request("/plugin.js", { headers: { origin: "https://evil.example" } });
  assertEquals(foreign.headers.get("access-control-allow-origin"), null);
  assertEquals((await app.request("/plugin.js", { method: "POST" })).status, 404);
});

Deno.test("the demo allows its own files only, no frame, and no caller a shortcut", async () => {
  const app = serve({ authenticate: () => Promise.reject(new Error("nobody")) });
  const response = await app.request("/");
  const policy = response.headers.get("content-security-policy")!;
  assertEquals(response.status, 200);
  assertStringIncludes(policy, "default-src 'none'");
  assertStringIncludes(policy, "script-src 'self'; style-src 'self'");
  assertStringIncludes(policy, "connect-src 'self';");
  assertStringIncludes(policy, "frame-ancestors 'none'");
  assertEquals(/<style|<script(?![^>]* src=)|\son\w+=|style=/.test(await response.text()), false);
  assertEquals((await app.request("/model")).status, 500, "pages do not open the API");
});

Deno.test("the demo in Chromium: figures, switch, model card, both themes, nothing external", async () => {
  const card_html = "<h1>A card</h1>";
  const { app } = tinyApp({ pages: pages });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      if (new URL(request.url).pathname !== "/model") return app.fetch(request);
      const info = await (await app.fetch(request)).json();
      return Response.json({ ...info, precision: "int8", parameters: 1_064_960, card_html });
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const browser = await startBrowser();
  try {
    for (const colorScheme of ["light", "dark"] as const) {
      const context = await browser.newContext({ colorScheme, reducedMotion: "reduce" });
      const page = await context.newPage();
      const problems: string[] = [], foreign: string[] = [];
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (message) => problems.push(message.text()));
      page.on("request", (request) => {
        if (!request.url().startsWith(url)) foreign.push(request.url());
      });
      await page.goto(url);
      const text = (id: string) => page.locator(`#${id}`).innerText();
      await page.getByLabel("Chief Complaint").pressSequentially("The patient");
      await page.waitForFunction(() => document.querySelector("#shown")!.textContent === "1");
      await page.keyboard.press("Tab");
      const value = await page.getByLabel("Chief Complaint").inputValue();
      assertEquals(value, "The patient has hypertension and chest pain");
      const saved = value.length - "The patient".length - 1;
      assertEquals(await text("saved"), String(saved));
      assertEquals(await text("share"), `${Math.round(100 * saved / value.length)} % of the note`);
      assertEquals([await text("accepted"), await text("dismissed")], ["1", "0"]);
      assertMatch(await text("p50"), /^\d+ ms$/);
      assertEquals(await text("parameters"), "1,064,960");

      assertEquals(await axeFindings(page), [], colorScheme);
      const animated = await page.evaluate(() => document.getAnimations().length);
      assertEquals(animated, 0, "reduced motion");

      await page.getByRole("link", { name: "Model card" }).click();
      assertEquals(await page.locator("#card h1").innerText(), "A card");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "sample note" }).click();
      assertEquals(await page.getByLabel("Chief Complaint").inputValue(), value);
      assertMatch(await page.getByLabel("Physical Exam").inputValue(), /Clear to $/);
      await page.getByLabel("Show them as I type").uncheck();
      await page.reload();
      assertEquals(await page.getByLabel("Show them as I type").isChecked(), false);
      assertEquals([problems, foreign], [[], []]);
      await context.close();
    }
  } finally {
    await browser.close();
    await server.shutdown();
  }
});
