/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

// What the plugin reads of a formatted note: what a person sees around the caret, and nothing that
// is hidden, excluded or no written text.

import { assert, assertEquals } from "@std/assert";
import type { Page } from "../../helpers/browser.ts";
import { withChromium } from "../../helpers/plugin_page.ts";

const EDITABLE =
  `<div id="note" contenteditable data-attach role="textbox" aria-label="Note"></div>`;

/** Puts the caret where "|" stands in `html` and says that something was typed there. */
const typeAt = (page: Page, html: string) =>
  page.evaluate((html) => {
    const note = document.querySelector<HTMLElement>("#note")!;
    note.innerHTML = html;
    note.focus();
    const walker = document.createTreeWalker(note, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode as Text, at = text.data.indexOf("|");
      if (at < 0) continue;
      text.deleteData(at, 1);
      getSelection()!.collapse(text, at);
    }
    note.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }, html);

/** [HTML with the caret as "|", what is sent before it, what is sent behind it]. */
const READ: [name: string, html: string, before: string, after?: string][] = [
  ["source indentation", "\n  <p>The <b>patient</b>\n      has no|</p>\n ", "The patient has no"],
  ["paragraphs", "<p>a</p><p>b|</p><p>c</p>", "a\nb", "\nc"],
  ["an empty paragraph", "<p>a</p><p><br></p><p>b|</p>", "a\n\nb"],
  ["line breaks", "a<br>b|<br>c", "a\nb", "\nc"],
  ["the placeholder of a block", "<div>a<br></div><div>b|<br></div>", "a\nb", "\n"],
  ["nested blocks", "<div><div>a</div></div><section><p>b|</p></section>", "a\nb"],
  ["lists", "<ul>\n<li>a</li>\n<li>b|</li>\n<li>c</li></ul>", "a\nb", "\nc"],
  [
    "table cells",
    "<table><tr><th>K</th><td>4.1</td></tr><tr><td>Na</td><td>140|</td></tr></table>",
    "K\t4.1\nNa\t140",
  ],
  ["preformatted text", "<pre>a\n  b|</pre>", "a\n  b"],
  ["pre-wrap", '<div style="white-space:pre-wrap">a  b\nc|</div>', "a  b\nc"],
  ["pre-line", '<div style="white-space:pre-line">a   b\n  c|</div>', "a b\nc"],
  ["blocks by style", '<span style="display:block">a</span><span>b|</span>', "a\nb"],
  [
    "inline by style",
    '<div style="display:inline">a</div><div style="display:inline">b|</div>',
    "ab",
  ],
  ["hard spaces", "a&nbsp;&nbsp;b&nbsp;|", "a  b "],
  ["fillers of editors", "a\ufeff\u200b\u2060b|\ufeff", "ab"],
  ["spaces across elements", "<b>a </b> <i> b|</i>", "a b"],
  ["display: none", 'a<span style="display:none">HIDDEN</span>b|', "ab"],
  ["visibility: hidden", 'a<i style="visibility:hidden">HIDDEN</i>b|', "ab"],
  ["hidden attribute", "a<span hidden>HIDDEN</span>b|", "ab"],
  ["opacity 0", 'a<span style="opacity:0">HIDDEN</span>b|', "ab"],
  ["font of no size", 'a<span style="font-size:0">HIDDEN</span>b|', "ab"],
  ["closed details", "<details><summary>s</summary><p>HIDDEN</p></details><p>b|</p>", "s\nb"],
  [
    "for screen readers only",
    'a<span style="position:absolute;clip-path:inset(50%)">HIDDEN</span>b|',
    "ab",
  ],
  ["behind a caret", 'no|<span style="display:none">HIDDEN</span>', "no", ""],
  ["data-no-complete", "a <span data-no-complete>SECRET</span> b|", "a b"],
  ["chips", "<span contenteditable=false>{{mrn=4711}}</span> has no|", "has no"],
  [
    "a chip inside a sentence",
    "seen by <span contenteditable=false style='display:inline'>Dr X</span> no|",
    "seen by no",
  ],
  [
    "controls",
    "<select><option>mild<option>severe</select><button>B</button><textarea>T</textarea>no|",
    "no",
  ],
  ["scripts and styles", "<script>S</script><style>p{}</style><template>T</template>no|", "no"],
  ["comments", "a<!-- C -->b|", "ab"],
];

/** Where black text follows on the line, nothing is asked. */
const SILENT: [name: string, html: string][] = [
  ["text behind a line break of the source", "<p>The patient|\n   is a man</p>"],
  ["a chip behind the caret", "no|<span contenteditable=false style='display:inline'>chip</span>"],
  ["a picture behind the caret", 'no| <img alt="" width="9" height="9">'],
  ["the next cell", "<table><tr><td>no|</td><td>140</td></tr></table>"],
  ["inside an excluded part", "<p>a</p><p data-no-complete>no|</p>"],
];

Deno.test("a note is read as it looks", (t) =>
  withChromium(async (inBrowser) => {
    await t.step(
      "around the caret",
      inBrowser(async (open, server) => {
        server.inlineStyles = true;
        const page = await open(EDITABLE);
        for (const [name, html, before, after] of READ) {
          server.requests.length = 0;
          await typeAt(page, html);
          while (server.requests.length === 0) await page.waitForTimeout(5);
          const { text, text_after } = server.requests[0];
          assertEquals(text, before, name);
          if (after !== undefined) assertEquals(text_after, after, name);
        }
        server.requests.length = 0;
        for (const [name, html] of SILENT) {
          await typeAt(page, html);
          await page.waitForTimeout(60);
          assertEquals(server.requests.map(({ text }) => text), [], name);
        }
      }),
    );

    for (const kind of ["contenteditable", "textarea"]) {
      await t.step(
        `100,000 characters in a ${kind} cost a key at most 16 ms, with grey text and without`,
        inBrowser(async (open, server) => {
          server.inlineStyles = true;
          const line = "The patient is a man with diabetes and hypertension who came again.";
          const lines = Array.from({ length: 1470 }, () => line);
          const style = 'style="height:200px;overflow:auto;width:600px"';
          const page = await open(
            kind === "textarea"
              ? `<textarea id="note" data-attach aria-label="Note" ${style}>${
                lines.join("\n")
              }</textarea>`
              : `<div id="note" contenteditable data-attach role="textbox" aria-label="Note" ${style}>${
                lines.map((text) => `<p>${text}</p>`).join("")
              }</div>`,
          );
          server.answer = ({ text }) => [text.endsWith("y") ? " more words" : "x".repeat(60)];
          await page.locator("#note").focus();
          await page.keyboard.press("Control+End");
          const cost = async (key: string) => {
            const spent: number[] = [];
            for (let i = 0; i < 12; i++) {
              spent.push(await page.evaluate(() => performance.now()));
              await page.keyboard.press(key);
              spent[i] = await page.evaluate(
                (from) =>
                  new Promise<number>((resolve) =>
                    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - from)))
                  ),
                spent[i],
              );
              await page.waitForTimeout(50);
            }
            return Math.min(...spent);
          };
          const extra: number[] = [];
          // The machine may be busy with other tests: three rounds, the quietest counts.
          for (let round = 0; round < 3 && !(Math.min(...extra) <= 16); round++) {
            const withPlugin = Math.max(await cost("x"), await cost("y"));
            assert(await page.evaluate(() => globalThis.handles.at(-1)!.stats.shown > 0));
            await page.evaluate(() => globalThis.handles.at(-1)!.detach());
            extra.push(withPlugin - await cost("x"));
            await page.evaluate(async () => {
              const { attach } = await import("/plugin.js" as string);
              const options = { endpoint: location.origin, debounce: 0 };
              globalThis.handles.push(attach(document.querySelector("#note"), options));
            });
          }
          assert(Math.min(...extra) <= 16, `${kind}: ${extra.join(", ")} ms more with the plugin`);
        }),
      );
    }
  }));
