/// <reference lib="dom" />

// The CodeMirror example of worker/plugin/README.md, as it stands there, in Chromium.

import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { type Page, servePlugin, startBrowser } from "../../helpers/browser.ts";

const root = fromFileUrl(new URL("../../..", import.meta.url));

/** The example's code, asking the page's own origin, bundled with an editor that has it. */
async function exampleBundle(): Promise<string> {
  const readme = await Deno.readTextFile(join(root, "worker/plugin/README.md"));
  const [, example] = /```js\n((?:(?!```)[^])*@codemirror\/view[^]*?)```/.exec(readme)!;
  const code = example
    .replace('"https://notes.example.org/plugin.js"', `"${join(root, "worker/plugin/mod.ts")}"`)
    .replace('"https://notes.example.org"', "location.origin");
  const folder = await Deno.makeTempDir({ prefix: "nano-med-gpt-codemirror-" });
  try {
    const entry = join(folder, "page.js"), output = join(folder, "bundle.js");
    await Deno.writeTextFile(
      entry,
      `${code}\nnew EditorView({ parent: document.body, extensions: suggestions }).focus();`,
    );
    const { code: exit, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", "--quiet", "--platform", "browser", "--config", join(root, "deno.json")]
        .concat("--output", output, entry),
    }).output();
    if (exit !== 0) throw new Error(new TextDecoder().decode(stderr));
    return await Deno.readTextFile(output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const PAGE = `<!doctype html><html lang="en"><title>Note</title><body>
<script type="module" src="/plugin.js"></script></body></html>`;

const grey = (page: Page) => page.locator(".ghost").allTextContents();

/** The document, without what is only drawn. */
const written = (page: Page) =>
  page.locator(".cm-content").evaluate((content) => {
    const copy = content.cloneNode(true) as Element;
    for (const ghost of copy.querySelectorAll(".ghost")) ghost.remove();
    return copy.textContent;
  });

Deno.test("CodeMirror with the session alone, as the plugin's README shows it", async () => {
  const server = servePlugin(await exampleBundle());
  const browser = await startBrowser();
  try {
    server.answer = ({ text }) => text.endsWith("no") ? [" acute distress."] : [];
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.route(
      "**/editor",
      (route) => route.fulfill({ contentType: "text/html", body: PAGE }),
    );
    await page.goto(`${server.url}/editor`);
    const untilGrey = (text: string) =>
      page.locator(".ghost").filter({ hasText: text }).waitFor({ timeout: 10_000 });

    await page.locator(".cm-content").click();
    await page.keyboard.type("Seen, no");
    await untilGrey("acute distress.");
    assertEquals([await written(page), await grey(page)], ["Seen, no", [" acute distress."]]);

    await page.keyboard.type(" ac");
    await untilGrey("ute distress.");
    await page.keyboard.press("Control+ArrowRight");
    await untilGrey("distress.");
    assertEquals([await written(page), await grey(page)], ["Seen, no acute", [" distress."]]);

    await page.keyboard.press("Tab");
    await page.locator(".ghost").waitFor({ state: "detached", timeout: 10_000 });
    assertEquals(await written(page), "Seen, no acute distress.");

    await page.keyboard.type(" Has no");
    await untilGrey("acute distress.");
    await page.keyboard.press("ArrowLeft");
    await page.locator(".ghost").waitFor({ state: "detached", timeout: 10_000 });
    await page.keyboard.press("End");
    await page.keyboard.type("no");
    await untilGrey("acute distress.");
    await page.keyboard.press("Escape");
    await page.locator(".ghost").waitFor({ state: "detached", timeout: 10_000 });
    assertEquals(await written(page), "Seen, no acute distress. Has nono");
    assertEquals(server.requests.at(-1)!.text, "Seen, no acute distress. Has nono");
    assertEquals(problems, []);
  } finally {
    await browser.close();
    await server.stop();
  }
});
