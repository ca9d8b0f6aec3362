/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

// What is accepted is what was seen, and a key that accepts nothing is the page's own.

import { assert, assertEquals } from "@std/assert";
import type { Page } from "../../helpers/browser.ts";
import {
  focused,
  ghost,
  suggested,
  SUGGESTION,
  TEXTAREA,
  untilGhost,
  untilShown,
  value,
  withChromium,
} from "../../helpers/plugin_page.ts";

const ACCEPTED = `no${SUGGESTION}`;

/** A key as the browser's process sends it: with the character that the layout gives it. */
async function rawKey(page: Page, event: Record<string, unknown>): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  // deno-lint-ignore no-explicit-any
  await devtools.send("Input.dispatchKeyEvent", event as any);
}

const heldTab = (page: Page, autoRepeat: boolean) =>
  rawKey(page, {
    type: "rawKeyDown",
    key: "Tab",
    code: "Tab",
    windowsVirtualKeyCode: 9,
    autoRepeat,
  });

Deno.test("what is accepted is what was seen", (t) =>
  withChromium(async (inBrowser) => {
    for (const filling of ["#around", "html"]) {
      await t.step(
        `fullscreen of ${filling}: the suggestion is seen there, and taken`,
        inBrowser(async (open, server) => {
          server.answer = ({ text }) => text.endsWith("no") ? [SUGGESTION] : [];
          const page = await open(`<div id="around">${TEXTAREA}</div>`);
          await page.locator("#note").click();
          await page.evaluate(
            (filling) => document.querySelector(filling)!.requestFullscreen(),
            filling,
          );
          await page.waitForFunction(() => document.fullscreenElement);
          await page.keyboard.type("no");
          await untilGhost(page, SUGGESTION);
          await page.keyboard.press("Tab");
          assertEquals(await value(page), ACCEPTED);
        }),
      );
    }

    await t.step(
      "what covers the suggestion, or throws it out of the page, keeps Tab from taking it",
      inBrowser(async (open, server) => {
        const unseen = [
          () => document.querySelector("nano-med-ghost")!.remove(),
          () => {
            const over = document.createElement("div");
            over.popover = "manual";
            over.style.cssText = "position:fixed;inset:0;width:100%;height:100%;background:#fff";
            document.body.append(over);
            over.showPopover();
          },
          () => {
            const host = document.querySelector<HTMLElement>("nano-med-ghost")!;
            host.style.setProperty("display", "none", "important");
          },
          () => {
            const host = document.querySelector<HTMLElement>("nano-med-ghost")!;
            host.style.setProperty("visibility", "hidden", "important");
          },
          () => {
            document.querySelector<HTMLElement>("main")!.style.marginLeft = "-5000px";
          },
        ];
        for (const hide of unseen) {
          const page = await suggested(open, server, `${TEXTAREA}<button id="next">Sign</button>`);
          await page.evaluate(hide);
          await page.keyboard.press("Tab");
          assertEquals([await value(page), await focused(page)], ["no", "next"], `${hide}`);
          await page.close();
        }
      }),
    );

    await t.step(
      "a page that has thrown the overlay out gets it back with the next suggestion",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        await page.evaluate(() => document.querySelector("nano-med-ghost")!.remove());
        await page.keyboard.type(", no");
        await page.waitForFunction(() => document.querySelector("nano-med-ghost"));
        await untilGhost(page, SUGGESTION);
        await page.keyboard.press("Tab");
        assertEquals(await value(page), "no, no acute distress.");
      }),
    );

    await t.step(
      "the body of a frame: the overlay is no part of the note",
      inBrowser(async (open, server) => {
        server.answer = ({ text }) => text.endsWith("no") ? [SUGGESTION] : [];
        const page = await open(`<iframe title="Note" width="500" height="200"></iframe>`);
        await page.evaluate(async () => {
          const { attach } = await import("/plugin.js" as string);
          const { body } = document.querySelector("iframe")!.contentDocument!;
          body.contentEditable = "true";
          body.innerHTML = "<p>Seen.</p>";
          globalThis.handles.push(attach(body, { endpoint: location.origin, debounce: 0 }));
        });
        const body = page.frames()[1].locator("body");
        assertEquals(await body.innerHTML(), "<p>Seen.</p>");
        await body.click();
        await page.keyboard.press("Control+End");
        await page.keyboard.type(" no");
        await untilShown(page);
        await page.keyboard.press("Tab");
        assertEquals(await body.innerHTML(), "<p>Seen. no acute distress.</p>");
        assertEquals(await page.frames()[1].locator("nano-med-ghost").count(), 1);
      }),
    );

    await t.step(
      "nothing grey is printed",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        await page.emulateMedia({ media: "print" });
        const display = await page.evaluate(() =>
          getComputedStyle(document.querySelector("nano-med-ghost")!).display
        );
        assertEquals(display, "none");
      }),
    );

    await t.step(
      "a field that the page empties loses its suggestion",
      inBrowser(async (open, server) => {
        for (const how of ["form.reset()", "note.value = ''", "note.remove()"]) {
          const page = await suggested(open, server, `<form id="form">${TEXTAREA}</form>`);
          await page.evaluate(how);
          await untilGhost(page, "");
          await page.close();
        }
      }),
    );

    await t.step(
      "Tab held too long takes the suggestion once and stays in the field",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server, `${TEXTAREA}<button id="next">Sign</button>`);
        await heldTab(page, false);
        for (let i = 0; i < 3; i++) await heldTab(page, true);
        assertEquals([await value(page), await focused(page)], [ACCEPTED, "note"]);
        await rawKey(page, { type: "keyUp", key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
        await page.keyboard.press("Tab");
        assertEquals(await focused(page), "next");
      }),
    );

    await t.step(
      "a Tab that was held down elsewhere takes nothing",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server, `${TEXTAREA}<button id="next">Sign</button>`);
        await heldTab(page, true);
        assertEquals([await value(page), await focused(page)], ["no", "next"]);
      }),
    );

    await t.step(
      "characters that Option makes on a Mac are typed",
      inBrowser(async (open, server) => {
        const layouts = [["BracketRight", "‘"], ["BracketLeft", "“"], ["BracketRight", "]"]]
          .concat([["BracketLeft", "["], ["Slash", "÷"], ["Slash", "–"], ["Slash", "/"]]);
        for (const [code, key] of layouts) {
          const page = await suggested(open, server);
          await rawKey(page, { type: "keyDown", modifiers: 1, code, key, text: key });
          assertEquals(await value(page), `no${key}`);
          await page.close();
        }
      }),
    );

    await t.step(
      "Alt with the arrows goes through the suggestions on every layout",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        await page.keyboard.press("Alt+ArrowDown");
        await untilGhost(page, " chronic pain");
        await page.keyboard.press("Alt+ArrowUp");
        await untilGhost(page, SUGGESTION);
        assertEquals(await value(page), "no");
      }),
    );

    await t.step(
      "an open list of the page's own keeps its Tab and Escape",
      inBrowser(async (open, server) => {
        const lists = [
          () => document.querySelector("#note")!.setAttribute("aria-expanded", "true"),
          () => document.querySelector("#note")!.setAttribute("aria-activedescendant", "o1"),
          () => {
            const list = document.createElement("ul");
            list.role = "listbox";
            list.style.cssText = "position:absolute;top:120px;left:20px;width:200px;height:60px";
            document.body.append(list);
          },
        ];
        for (const openList of lists) {
          const page = await suggested(open, server);
          await page.evaluate(openList);
          const taken = await page.evaluate(() =>
            ["Tab", "Escape"].map((key) =>
              !document.querySelector("#note")!.dispatchEvent(
                new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
              )
            )
          );
          assertEquals([await value(page), ...taken], ["no", false, false], `${openList}`);
          await page.close();
        }
      }),
    );

    await t.step(
      "callbacks that throw cost neither text nor focus",
      inBrowser(async (open, server) => {
        server.options = "onStats() { throw new Error('page'); }, section: () => null," +
          "onError() { throw new Error('page'); }, beforeInsert() { throw new Error('page'); }";
        server.answer = ({ text }) => text.endsWith("no") ? [SUGGESTION] : [];
        const page = await open(TEXTAREA);
        page.removeAllListeners("pageerror"); // they are told to the page all the same
        await page.locator("#note").pressSequentially("no");
        await untilGhost(page, SUGGESTION);
        await page.keyboard.press("Tab");
        assertEquals([await value(page), await focused(page)], [ACCEPTED, "note"]);
        assertEquals(server.requests.at(-1)!.section, undefined);
      }),
    );

    await t.step(
      "nested fields: one suggestion, in the innermost that was attached",
      inBrowser(async (open, server) => {
        server.answer = ({ text }) => text.endsWith("no") ? [SUGGESTION] : [];
        for (const attached of ["#note", "#inner", "#note, #inner"]) {
          const page = await open(
            `<div id="note" contenteditable role="textbox" aria-label="Note"><p>Outer</p>
            <div id="island" contenteditable="false"><div id="inner" contenteditable role="textbox"
            aria-label="Inner"><p>x</p></div></div></div>`,
          );
          await page.evaluate(async (attached) => {
            const { attach } = await import("/plugin.js" as string);
            for (const field of document.querySelectorAll(attached)) {
              attach(field, { endpoint: location.origin, debounce: 0 });
            }
          }, attached);
          await page.locator("#inner p").click();
          await page.keyboard.press("End");
          await page.keyboard.type(" no");
          const ghosts = () =>
            page.evaluate(() =>
              [...document.querySelectorAll("nano-med-ghost")]
                .filter(({ shadowRoot }) =>
                  !shadowRoot!.querySelector<HTMLElement>(".ghost")!.hidden
                )
                .length
            );
          while (await ghosts() === 0) await page.waitForTimeout(10);
          assertEquals(await ghosts(), 1, attached);
          assertEquals(server.requests.at(-1)!.text, "x no");
          await page.keyboard.press("Tab");
          assertEquals(await page.locator("#inner").innerText(), "x no acute distress.");
          await page.close();
        }
      }),
    );

    await t.step(
      "attached twice: one overlay, the newer options, and the older handle harms nothing",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        await page.evaluate(async () => {
          const { attach } = await import("/plugin.js" as string);
          const options = { endpoint: location.origin, debounce: 0, section: "Second" };
          globalThis.handles.unshift(attach(document.querySelector("#note"), options));
          globalThis.handles[1].detach();
        });
        await page.keyboard.type(", no");
        await untilGhost(page, SUGGESTION);
        assertEquals(await page.locator("nano-med-ghost").count(), 1);
        assertEquals(server.requests.at(-1)!.section, "Second");
        await page.keyboard.press("Tab");
        assertEquals(await value(page), "no, no acute distress.");
      }),
    );
  }));

Deno.test("by touch", (t) =>
  withChromium(async (inBrowser) => {
    const phone = { hasTouch: true, isMobile: true, viewport: { width: 390, height: 700 } };
    await t.step(
      "a tap on the suggestion accepts it, a tap beside it does not",
      inBrowser(async (open, server) => {
        server.answer = ({ text }) => text.endsWith("no") ? [SUGGESTION] : [];
        const page = await open(TEXTAREA);
        await page.tap("#note");
        await page.keyboard.type("no");
        await untilGhost(page, SUGGESTION);
        const box = await page.evaluate(() => {
          const root = document.querySelector("nano-med-ghost")!.shadowRoot!;
          const { left, top, width, height } = root.querySelector(".text")!.getBoundingClientRect();
          return {
            x: left + width / 2,
            y: top + height / 2,
            key: root.querySelector(".key")!.textContent,
          };
        });
        assertEquals(box.key, "Tap");
        await page.touchscreen.tap(box.x, box.y + 60);
        assertEquals(await value(page), "no");
        await page.tap("#note", { position: { x: 5, y: 90 } });
        await page.keyboard.type(", no");
        await untilGhost(page, SUGGESTION);
        await page.touchscreen.tap(box.x + 30, box.y);
        assertEquals(await value(page), "no, no acute distress.");
        assertEquals(await focused(page), "note");
      }, phone),
    );

    await t.step(
      "a long suggestion does not run over the next section; what is taken is what was shown",
      inBrowser(async (open, server) => {
        const long = " acute distress and was seen again in the afternoon by the team of the ward"
          .repeat(3);
        server.answer = ({ text }) => text.endsWith("no") ? [long] : [];
        const page = await open(
          `<div id="note" contenteditable data-attach role="textbox" aria-label="Note"></div><p>Next</p>`,
        );
        await page.evaluate(() => {
          const { style } = document.querySelector<HTMLElement>("#note")!;
          style.setProperty("min-height", "3em");
          style.setProperty("width", "300px");
        });
        await page.tap("#note");
        await page.keyboard.type("no");
        while (await ghost(page) === "") await page.waitForTimeout(10);
        const shown = await ghost(page);
        assert(long.startsWith(shown) && shown.length < long.length, shown);
        const bottoms = await page.evaluate(() => {
          const text = document.querySelector("nano-med-ghost")!.shadowRoot!.querySelector(
            ".text",
          )!;
          return [text, document.querySelector("#note")!]
            .map((element) => element.getBoundingClientRect().bottom);
        });
        assert(bottoms[0] <= bottoms[1] + 2, `${bottoms}`);
        await page.keyboard.press("Tab");
        assertEquals(await page.locator("#note").innerText(), `no${shown}`);
      }, phone),
    );
  }));
