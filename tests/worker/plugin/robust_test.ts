/// <reference lib="dom" />

// What must not happen to a note, whatever writer, page, network and endpoint do.

import { assert, assertEquals } from "@std/assert";
import type { Page } from "../../helpers/browser.ts";
import {
  focused,
  shown,
  suggested,
  SUGGESTION,
  TEXTAREA,
  untilGhost,
  untilShown,
  value,
  withChromium,
} from "../../helpers/plugin_page.ts";

/** Types until a suggestion is shown: the client asks again only when its pause is over. */
async function typeUntilShown(page: Page): Promise<void> {
  for (let keys = 0; keys < 200 && await shown(page) === 0; keys++) {
    await page.keyboard.type("o");
    await page.waitForFunction(() => globalThis.handles[0].stats.shown > 0, null, { timeout: 100 })
      .catch(() => {});
  }
  assert(await shown(page) > 0, "no suggestion after the endpoint came back");
}

Deno.test("the plugin leaves the note alone", (t) =>
  withChromium(async (inBrowser) => {
    await t.step(
      "while a character is composed nothing is asked or shown; once it stands, both",
      inBrowser(async (open, server) => {
        server.answer = () => [" x"];
        const page = await open(TEXTAREA);
        await page.locator("#note").focus();
        const devtools = await page.context().newCDPSession(page);
        for (const text of ["k", "ka", "か"]) {
          await devtools.send("Input.imeSetComposition", {
            text,
            selectionStart: text.length,
            selectionEnd: text.length,
          });
        }
        await page.keyboard.press("Shift");
        assertEquals([server.requests, await shown(page)], [[], 0]);
        await devtools.send("Input.insertText", { text: "か" });
        await untilShown(page);
        assertEquals(server.requests.map(({ text }) => text), ["か"]);
        assertEquals(await value(page), "か");
      }),
    );

    await t.step(
      "selecting text ends a suggestion; nothing is asked while it is selected",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        const before = server.requests.length;
        await page.keyboard.press("Shift+ArrowLeft");
        await untilGhost(page, "");
        await page.keyboard.press("Tab");
        assertEquals([await value(page), server.requests.length], ["no", before]);
        assert(await focused(page) !== "note");
      }),
    );

    await t.step(
      "a caret that moves while a request is under way gets no suggestion for its old place",
      inBrowser(async (open, server) => {
        let release = () => {};
        const held = new Promise<void>((resolve) => release = resolve);
        server.answer = async () => {
          await held;
          return ["LATE"];
        };
        const page = await open(TEXTAREA);
        await page.locator("#note").pressSequentially("no\n\n");
        while (server.requests.length === 0) await page.waitForTimeout(10);
        await page.keyboard.press("ArrowUp");
        await page.keyboard.press("ArrowUp");
        release();
        await page.evaluate(() => fetch("/page.css"));
        await page.keyboard.press("Tab");
        assertEquals([await value(page), await shown(page)], ["no\n\n", 0]);
      }),
    );

    await t.step(
      "text that the page itself has changed takes no suggestion made for the old one",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        await page.evaluate(() => {
          const field = document.querySelector<HTMLTextAreaElement>("#note")!;
          field.value = "replaced by a template";
        });
        await page.keyboard.press("Tab");
        assertEquals(await value(page), "replaced by a template");
      }),
    );

    for (const change of ["disabled", "readonly", "data-no-complete"]) {
      await t.step(
        `a field that turns ${change} loses its suggestion at once`,
        inBrowser(async (open, server) => {
          const page = await suggested(open, server);
          await page.evaluate(
            (change) => document.querySelector("#note")!.setAttribute(change, ""),
            change,
          );
          await untilGhost(page, "");
          await page.keyboard.press("Tab");
          assertEquals(await value(page), "no");
        }),
      );
    }

    await t.step(
      "a disabled fieldset disables its field",
      inBrowser(async (open, server) => {
        const page = await open(`<fieldset disabled><legend>N</legend>${TEXTAREA}</fieldset>`);
        await page.locator("#note").dispatchEvent("input");
        assertEquals([server.requests, await shown(page)], [[], 0]);
      }),
    );

    await t.step(
      "paused: silent; resumed: there again; the page's own undo and redo stay whole",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        await page.evaluate(() => globalThis.handles[0].pause());
        await untilGhost(page, "");
        const before = server.requests.length;
        await page.keyboard.type(" no");
        assertEquals(server.requests.length, before);
        await page.evaluate(() => globalThis.handles[0].resume());
        await page.keyboard.type(", no");
        await untilGhost(page, SUGGESTION);
        await page.keyboard.press("Tab");
        assertEquals(await value(page), "no no, no acute distress.");
        await page.keyboard.press("Control+z");
        assertEquals(await value(page), "no no, no");
        await page.keyboard.press("Control+Shift+z");
        assertEquals(await value(page), "no no, no acute distress.");
      }),
    );

    await t.step(
      "alternatives go both ways, and a key reads the suggestion out without taking it",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        await page.keyboard.press("Alt+[");
        await untilGhost(page, " chronic pain");
        const status = page.getByRole("status");
        await status.filter({ hasText: "Suggestion: chronic pain. Tab accepts" }).waitFor();
        await page.evaluate(() => {
          const root = document.querySelector("nano-med-ghost")!.shadowRoot!;
          globalThis.stats = 0;
          new MutationObserver(() => (globalThis.stats as number)++)
            .observe(root.querySelector("[role=status]")!, { childList: true });
        });
        await page.keyboard.press("Alt+/");
        await page.waitForFunction(() => (globalThis.stats as number) >= 2);
        assertEquals(
          await status.innerText(),
          "Suggestion: chronic pain. Tab accepts, Escape dismisses.",
        );
        assertEquals(await value(page), "no");
        await page.keyboard.press("Shift+Tab");
        assert(await focused(page) !== "note", "Shift+Tab is trapped");
      }),
    );

    await t.step(
      "in a frame",
      inBrowser(async (open, server) => {
        const page = await open(TEXTAREA);
        server.answer = ({ text }) => text === "no" ? [SUGGESTION] : [];
        await page.goto(`${server.url}/frame`);
        const field = page.frameLocator("iframe").locator("#note");
        await page.frames()[1].waitForFunction("window.ready === true");
        await field.pressSequentially("no");
        await page.frames()[1].waitForFunction(() => globalThis.handles[0].stats.shown === 1);
        await page.keyboard.press("Tab");
        assertEquals(await field.inputValue(), "no acute distress.");
      }),
    );

    await t.step(
      "a field of a frame's document, attached from outside",
      inBrowser(async (open, server) => {
        const page = await open(`<iframe title="Note"></iframe>`);
        server.answer = ({ text }) => text === "no" ? [SUGGESTION] : [];
        await page.evaluate(async () => {
          const { attach } = await import("/plugin.js" as string);
          const inner = document.querySelector("iframe")!.contentDocument!;
          const field = inner.createElement("textarea");
          inner.body.append(field);
          globalThis.handles.push(attach(field, { endpoint: location.origin }));
        });
        const field = page.frameLocator("iframe").locator("textarea");
        await field.pressSequentially("no");
        await untilShown(page);
        await page.keyboard.press("Tab");
        assertEquals(await field.inputValue(), "no acute distress.");
      }),
    );

    await t.step(
      "a limited endpoint is asked again when it said so; offline is survived",
      inBrowser(async (open, server) => {
        server.answer = () => new Response(null, { status: 429, headers: { "retry-after": "1" } });
        const page = await open(TEXTAREA);
        await page.locator("#note").pressSequentially("no");
        await page.waitForFunction(() => globalThis.handles[0].stats.failures === 1);
        await page.context().setOffline(true);
        await page.keyboard.type(" fever");
        assertEquals(await value(page), "no fever");
        await page.context().setOffline(false);
        server.answer = () => [SUGGESTION];
        await typeUntilShown(page);
      }),
    );

    await t.step(
      "an answer that is no list of texts is never inserted",
      inBrowser(async (open, server) => {
        for (const answer of [{}, { completions: [{ text: 7 }] }, { completions: "text" }, null]) {
          server.answer = () => Response.json(answer);
          const page = await open(TEXTAREA);
          await page.locator("#note").pressSequentially("no");
          await page.waitForFunction(() => globalThis.handles[0].stats.failures === 1);
          await page.keyboard.press("Tab");
          assertEquals([await value(page), await shown(page)], ["no", 0]);
        }
      }),
    );

    await t.step(
      "a token that has run out is renewed once, whenever the page sets the property",
      inBrowser(async (open, server) => {
        server.answer = ({ authorization }) =>
          authorization === "Bearer new" ? [SUGGESTION] : new Response(null, { status: 401 });
        const page = await open(
          `<note-complete><textarea id="note" aria-label="Note"></textarea></note-complete>`,
        );
        await page.evaluate(() => {
          const element = document.querySelector("note-complete") as unknown as {
            getToken: (refused: boolean) => string;
            handles: typeof globalThis.handles;
          };
          element.getToken = (refused) => refused ? "new" : "old";
          globalThis.handles = element.handles;
        });
        await page.locator("#note").pressSequentially("n");
        await untilShown(page);
        assertEquals(server.requests.map(({ authorization }) => authorization), [
          "Bearer old",
          "Bearer new",
        ]);
      }),
    );

    await t.step(
      "network log: nothing of an excluded field is ever sent, in <note-complete> neither",
      inBrowser(async (open, server) => {
        server.answer = () => [];
        const secrets = ['type="password"', 'autocomplete="current-password"', 'type="email"']
          .concat('autocomplete="one-time-code"', 'autocomplete="cc-number"', "data-no-complete")
          .concat('type="number"');
        const inputs = secrets.map((attributes) => `<input aria-label="s" ${attributes}>`).join("");
        const page = await open(
          `<note-complete>${inputs}<textarea id="note" aria-label="Note"></textarea>
          <div data-no-complete><textarea aria-label="p"></textarea></div></note-complete>`,
        );
        const sent: string[] = [];
        page.on("request", (request) => sent.push(`${request.url()} ${request.postData()}`));
        for (const field of await page.locator("input, [data-no-complete] textarea").all()) {
          await field.pressSequentially("4711");
        }
        assertEquals(sent, []);
        await page.locator("#note").pressSequentially("Seen");
        while (sent.length === 0) await page.waitForTimeout(10);
        assert(sent.every((line) => line.startsWith(`${server.url}/complete `)));
        assert(!sent.join("").includes("4711"));
      }),
    );

    await t.step(
      "a field that is rendered later is attached, one that is removed leaves nothing behind",
      inBrowser(async (open, server) => {
        server.answer = ({ text }) => text === "no" ? [SUGGESTION] : [];
        const page = await open(`<note-complete></note-complete>`);
        await page.evaluate(() => {
          const field = document.createElement("textarea");
          field.id = "note";
          document.querySelector("note-complete")!.append(field);
        });
        await page.waitForFunction(() => document.querySelector("nano-med-ghost"));
        await page.locator("#note").pressSequentially("no");
        await untilGhost(page, SUGGESTION);
        await page.evaluate(() => document.querySelector("#note")!.remove());
        await page.waitForFunction(() => !document.querySelector("nano-med-ghost"));
      }),
    );
  }));
