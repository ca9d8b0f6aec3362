/// <reference lib="dom" />

// The plugin in a real Chromium, under a content security policy that allows no inline anything.

import { assert, assertEquals } from "@std/assert";
import type { Stats } from "../../../worker/plugin/mod.ts";
import { axeFindings } from "../../helpers/browser.ts";
import {
  shown,
  suggested,
  SUGGESTION,
  TEXTAREA,
  untilShown,
  value,
  withChromium,
} from "../../helpers/plugin_page.ts";

Deno.test("the plugin in Chromium", (t) =>
  withChromium(async (inBrowser) => {
    await t.step(
      "Tab accepts all; one undo removes it; the page's own code sees an input",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        const inputs = await page.evaluate(() => globalThis.inputs);
        await page.keyboard.press("Tab");
        assertEquals(await value(page), "no acute distress.");
        assertEquals(
          await page.evaluate(() => globalThis.inputs),
          inputs + 1,
        );
        assertEquals(await page.evaluate(() => document.activeElement?.id), "note");
        await page.keyboard.press("Control+z");
        assertEquals(await value(page), "no");
      }),
    );

    await t.step(
      "Tab leaves the field when nothing is shown",
      inBrowser(async (open) => {
        const page = await open(`${TEXTAREA}<button id="next">Save</button>`);
        await page.locator("#note").pressSequentially("zz");
        await page.keyboard.press("Tab");
        assertEquals(await page.evaluate(() => document.activeElement?.id), "next");
        assertEquals(await value(page), "zz");
      }),
    );

    await t.step(
      "word by word, the rest stays without a request",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        const before = server.requests.length;
        await page.keyboard.press("Control+ArrowRight");
        assertEquals(await value(page), "no acute");
        await page.keyboard.press("Control+ArrowRight");
        assertEquals(await value(page), "no acute distress.");
        assert(server.requests.length <= before + 1, "only the finished text asks again");
      }),
    );

    await t.step(
      "Escape removes it; typing goes on untouched",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        await page.keyboard.press("Escape");
        await page.locator("#note").pressSequentially("rmal");
        assertEquals(await value(page), "normal");
        const stats = await page.evaluate(() => globalThis.handles[0].stats);
        assertEquals([stats.dismissed, stats.accepted], [1, 0]);
      }),
    );

    await t.step(
      "Alt+] shows the next alternative",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        await page.keyboard.press("Alt+]");
        await page.keyboard.press("Tab");
        assertEquals(await value(page), "no chronic pain");
      }),
    );

    await t.step(
      "text behind the caret on its line: no suggestion, no request; on the next: one",
      inBrowser(async (open, server) => {
        server.answer = ({ text }) => text.endsWith(".") ? [" x y"] : [];
        const page = await open(TEXTAREA);
        await page.locator("#note").fill("one two\nthree");
        await page.evaluate(() =>
          document.querySelector<HTMLTextAreaElement>("#note")!.setSelectionRange(3, 3)
        );
        await page.keyboard.type("s");
        assertEquals(server.requests.filter(({ text }) => text === "ones"), []);
        await page.keyboard.press("End");
        await page.keyboard.type(".");
        await page.waitForFunction(() => globalThis.handles[0].stats.shown > 0);
        const last = server.requests.at(-1)!;
        assertEquals([last.text, last.text_after], ["ones two.", "\nthree"]);
      }),
    );

    await t.step(
      "contenteditable: accepted text is inserted once, nothing grey is in the document",
      inBrowser(async (open, server) => {
        server.answer = ({ text }) => text.endsWith("no") ? [SUGGESTION] : [];
        const page = await open(
          `<div id="note" data-attach contenteditable role="textbox" aria-label="Note"><p>Seen.</p><p><br></p></div>`,
        );
        await page.locator("#note p").nth(1).click();
        await page.keyboard.type("no");
        await untilShown(page);
        assertEquals(await page.locator("#note").innerText(), "Seen.\n\nno");
        assertEquals(server.requests.at(-1)!.text, "Seen.\nno");
        await page.keyboard.press("Tab");
        assertEquals(await page.locator("#note").innerText(), "Seen.\n\nno acute distress.");
        await page.keyboard.press("Control+z");
        assertEquals(await page.locator("#note").innerText(), "Seen.\n\nno");
      }),
    );

    await t.step(
      "passwords, excluded, read-only and switched-off fields cause no request",
      inBrowser(async (open, server) => {
        server.answer = () => [" never"];
        const page = await open(`${TEXTAREA}<input id="secret" type="password" aria-label="s">
          <div data-no-complete><textarea id="private" aria-label="p"></textarea></div>`);
        const refused = await page.evaluate(async () => {
          const { attach } = await import("/plugin.js" as string);
          return ["#secret", "#private"].map((id) => {
            try {
              attach(document.querySelector(id), { endpoint: "/" });
              return "attached";
            } catch (error) {
              return (error as Error).name;
            }
          });
        });
        assertEquals(refused, ["TypeError", "TypeError"]);
        await page.locator("#secret").pressSequentially("abc");
        await page.locator("#private").pressSequentially("abc");
        await page.evaluate(() => document.querySelector("#note")!.setAttribute("readonly", ""));
        await page.locator("#note").press("a");
        await page.evaluate(() => document.querySelector("#note")!.removeAttribute("readonly"));
        await page.evaluate(() => globalThis.handles[0].enabled = false);
        await page.locator("#note").pressSequentially("abc");
        assertEquals(server.requests, []);
        await page.reload();
        await page.waitForFunction("window.ready === true");
        assertEquals(
          await page.evaluate(() => globalThis.handles[0].enabled),
          false,
        );
      }),
    );

    await t.step(
      "a failing endpoint is left alone and never holds up typing",
      inBrowser(async (open, server) => {
        server.answer = () => new Response(null, { status: 500 });
        const page = await open(TEXTAREA);
        await page.locator("#note").pressSequentially("no acute distress");
        assertEquals(await value(page), "no acute distress");
        await page.waitForFunction(() => globalThis.handles[0].stats.failures > 0);
        assert(
          server.requests.length < 5,
          `${server.requests.length} requests to a failing endpoint`,
        );
      }),
    );

    await t.step(
      "a suggestion that comes late, after the caret moved on, is not shown",
      inBrowser(async (open, server) => {
        let release = () => {};
        const held = new Promise<void>((resolve) => release = resolve);
        server.answer = async ({ text }) => {
          if (text === "n") await held;
          return text === "n" ? ["LATE"] : [];
        };
        const page = await open(TEXTAREA);
        await page.locator("#note").pressSequentially("n");
        while (server.requests.length === 0) await page.waitForTimeout(10);
        await page.keyboard.type("o");
        release();
        await page.waitForFunction(() => globalThis.handles[0].stats.requests >= 2);
        await page.keyboard.press("Tab");
        assertEquals(await value(page), "no");
        assertEquals(await shown(page), 0);
      }),
    );

    await t.step(
      "<note-complete> attaches to the field inside and reports its figures",
      inBrowser(async (open, server) => {
        server.answer = ({ text }) => text === "no" ? [SUGGESTION] : [];
        const page = await open(
          `<note-complete section="Physical Exam"><textarea id="note" aria-label="Note"></textarea></note-complete>`,
        );
        await page.evaluate(() => {
          document.querySelector("note-complete")!.addEventListener(
            "complete-stats",
            (event) => globalThis.stats = (event as CustomEvent).detail,
          );
        });
        await page.locator("#note").pressSequentially("no");
        await page.waitForFunction(() => (globalThis.stats as Stats | undefined)?.shown === 1);
        await page.keyboard.press("Tab");
        assertEquals(await value(page), "no acute distress.");
        assertEquals(server.requests.at(-1)!.section, "Physical Exam");
      }),
    );

    await t.step(
      "a field in a shadow root works as well",
      inBrowser(async (open, server) => {
        server.answer = ({ text }) => text === "no" ? [SUGGESTION] : [];
        const page = await open(`<div id="host"></div>`);
        await page.evaluate(async () => {
          const root = document.querySelector("#host")!.attachShadow({ mode: "open" });
          root.innerHTML = `<textarea id="note" aria-label="Note"></textarea>`;
          const { attach } = await import("/plugin.js" as string);
          globalThis.handles.push(
            attach(root.querySelector("#note"), { endpoint: location.origin, debounce: 0 }),
          );
        });
        await page.locator("#note").pressSequentially("no");
        await untilShown(page);
        await page.keyboard.press("Tab");
        assertEquals(await value(page), "no acute distress.");
      }),
    );

    await t.step(
      "the suggestion is announced politely; axe finds nothing to object to",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        const status = page.getByRole("status");
        await status.filter({ hasText: "Suggestion: acute distress." }).waitFor();
        assertEquals(await axeFindings(page), []);
      }),
    );

    await t.step(
      "detach leaves no trace",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        await page.evaluate(() => globalThis.handles[0].detach());
        assertEquals(await page.locator("nano-med-ghost").count(), 0);
        const before = server.requests.length;
        await page.keyboard.type("w");
        await page.keyboard.press("Tab");
        assertEquals(
          await page.evaluate(() => document.querySelector<HTMLTextAreaElement>("#note")!.value),
          "now",
        );
        assertEquals(server.requests.length, before);
      }),
    );
  }));
