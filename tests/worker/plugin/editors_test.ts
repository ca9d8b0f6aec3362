/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

// The plugin in editors that keep a document of their own, each from npm, and the table of them in
// worker/plugin/README.md, which this test prints when it is out of date.

import { assert, assertEquals } from "@std/assert";
import type { Browser, Frame } from "playwright-core";
import { fromFileUrl, join } from "@std/path";
import {
  pluginBundle,
  type PluginServer,
  servePlugin,
  startBrowser,
} from "../../helpers/browser.ts";

declare global {
  /** What each editor's page shows to the test. */
  var editor: { text(): string; undo(): void; before?: string; html?(): string; clear?(): void };
}

const folder = fromFileUrl(new URL("../../helpers/editors", import.meta.url));
const readme = new URL("../../../worker/plugin/README.md", import.meta.url);
const config = JSON.parse(await Deno.readTextFile(join(folder, "editors.json")));

/** Names, packages, and what `beforeInsert` has to do where the page does not show the editor. */
const EDITORS: [file: string, name: string, specifier: string, hook?: string][] = [
  ["ckeditor5", "CKEditor 5", "ckeditor5"],
  ["draft", "Draft.js", "draft-js"],
  ["lexical", "Lexical", "lexical"],
  ["prosemirror", "ProseMirror", "prosemirror-view", "view.dispatch(closeHistory(view.state.tr))"],
  ["quill", "Quill", "quill"],
  ["slate", "Slate", "slate-react", "HistoryEditor.setSplittingOnce(editor, true)"],
  ["tinymce", "TinyMCE", "tinymce"],
  ["tiptap", "tiptap", "@tiptap/core"],
];

/** Bundles all editors, two at a time: each bundler takes a core. */
async function bundleEditors(output: string): Promise<void> {
  const waiting = EDITORS.map(([file]) => file);
  const worker = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["bundle", "--quiet", "--platform", "browser", "--minify", "--external", "/plugin.js"]
          .concat("--config", join(folder, "editors.json"), "--frozen")
          .concat("--output", join(output, `${file}.js`), join(folder, `${file}.js`)),
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
    }
  };
  await Promise.all([worker(), worker()]);
}

const page = (file: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${file}</title>
<style>[contenteditable] { min-height: 6em; width: 30em; white-space: pre-wrap; }
iframe { display: block; width: 30em; height: 12em; }</style>
<main><h1>Note</h1><div id="root"></div></main>
<script type="module" src="/plugin.js"></script><script type="module" src="/${file}.js"></script>`;

const grey = (frame: Frame) =>
  frame.evaluate(() =>
    [...document.querySelectorAll("nano-med-ghost")].map(({ shadowRoot }) => {
      const box = shadowRoot!.querySelector<HTMLElement>(".ghost")!;
      return box.hidden ? "" : box.querySelector(".text")!.textContent;
    }).join("")
  );

/** Types, accepts, takes it back, accepts a word and types on in one editor. */
async function tryEditor(browser: Browser, server: PluginServer, file: string, bundles: string) {
  const context = await browser.newContext();
  try {
    const tab = await context.newPage();
    const problems: string[] = [];
    tab.on("pageerror", ({ message }) => problems.push(message));
    await tab.route(
      /\/editor$/,
      (route) => route.fulfill({ contentType: "text/html", body: page(file) }),
    );
    await tab.route(
      (url) => url.pathname === `/${file}.js`,
      (route) =>
        route.fulfill({ path: join(bundles, `${file}.js`), contentType: "text/javascript" }),
    );
    await tab.goto(`${server.url}/editor`);
    await tab.waitForFunction(() => globalThis.editor);
    const frame = tab.frames()[1] ?? tab.mainFrame();
    const text = () => tab.evaluate(() => globalThis.editor.text());
    const untilText = async (expected: string, what: string) => {
      for (let i = 0; i < 100 && await text() !== expected; i++) await tab.waitForTimeout(20);
      assertEquals(await text(), expected, `${file}: ${what}`);
    };
    const untilGrey = async () => {
      for (let i = 0; i < 150 && await grey(frame) === ""; i++) await tab.waitForTimeout(20);
      assertEquals(await grey(frame), " acute distress.", file);
    };
    if (await tab.evaluate(() => globalThis.editor.before)) {
      assertEquals(
        await tab.evaluate(() => globalThis.editor.html!()),
        await tab.evaluate(() => globalThis.editor.before),
        "attaching has changed the note",
      );
    }
    await frame.locator("[contenteditable=true]").first().focus();
    await tab.keyboard.press("Control+End");
    await tab.keyboard.type("Has no", { delay: 10 });
    await untilGrey();
    assertEquals(server.requests.at(-1)!.text, "Seen today.\nHas no", file);

    await tab.keyboard.press("Tab");
    await untilText("Seen today.\nHas no acute distress.", "accepted");
    await tab.waitForTimeout(50);
    await tab.evaluate(() => globalThis.editor.undo());
    await tab.waitForTimeout(50);
    await untilText("Seen today.\nHas no", "undone");
    // Where undo puts the caret is the editor's affair.
    await frame.locator("[contenteditable=true]").first().focus();
    await tab.keyboard.press("Control+End");
    await tab.keyboard.type(", no", { delay: 10 });
    await untilGrey();

    // Word by word, and the next word that is typed follows.
    const before = await text();
    await tab.keyboard.press("Control+ArrowRight");
    await untilText(`${before} acute`, "one word");
    await tab.keyboard.type(" Also", { delay: 10 });
    await untilText(`${before} acute Also`, "typed on");
    assertEquals(problems, [], file);
  } finally {
    await context.close();
  }
}

const versionOf = (specifier: string) => config.imports[specifier].split("@").at(-1);

Deno.test("the plugin in editors with a document of their own", async (t) => {
  const bundles = await Deno.makeTempDir({ prefix: "nano-med-gpt-editors-" });
  const server = servePlugin(await pluginBundle());
  server.answer = ({ text }) => text.endsWith("no") ? [" acute distress."] : [];
  const browser = await startBrowser();
  const rows = [
    "| editor | version | Tab, words, typing on | undo of the suggestion alone |",
    "|---|---|---|---|",
  ];
  try {
    await bundleEditors(bundles);
    for (const [file, name, specifier, hook] of EDITORS) {
      await t.step(name, async () => {
        server.requests.length = 0;
        await tryEditor(browser, server, file, bundles);
        const undo = hook ? `with \`beforeInsert: () => ${hook}\`` : "yes";
        rows.push(`| ${name} | ${versionOf(specifier)} | yes | ${undo} |`);
      });
    }
  } finally {
    await browser.close();
    await server.stop();
    await Deno.remove(bundles, { recursive: true });
  }
  await t.step("the README has this table", async () => {
    const plain = (text: string) => text.replace(/ +/g, " ").replace(/-{3,}/g, "---");
    const table = rows.join("\n").replaceAll("|---", "| ---").replace(/\|$/gm, "|");
    const written = plain(await Deno.readTextFile(readme));
    for (const row of rows.slice(2)) {
      assert(written.includes(plain(row)), `worker/plugin/README.md needs this table:\n${table}`);
    }
  });
});
