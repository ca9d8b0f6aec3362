/// <reference lib="dom" />

// Where the grey text stands: the suggestion must occupy just the pixels that it will once accepted.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  focused,
  ghost,
  inkBeforeAndAfter,
  suggested,
  TEXTAREA,
  untilGhost,
  untilShown,
  value,
  withChromium,
} from "../../helpers/plugin_page.ts";
import type { Page } from "../../helpers/browser.ts";

const style = (page: Page, properties: Record<string, string>) =>
  page.evaluate((properties) => {
    const field = document.querySelector<HTMLElement>("#note")!;
    for (const [name, value] of Object.entries(properties)) field.style.setProperty(name, value);
  }, properties);

/** Grey edges fade into the paper a little earlier than black ones; lines must match exactly. */
async function assertSamePlace(page: Page, scale = 1): Promise<void> {
  const [before, after] = await inkBeforeAndAfter(page);
  assert(after.right - after.left > 40, "nothing was accepted");
  for (const side of ["left", "right"] as const) {
    assertAlmostEquals(before[side], after[side], scale, `${side} of ${JSON.stringify(after)}`);
  }
  // At a broken scale the compositor may round a line to either side.
  const rows = Number.isInteger(scale) ? 0 : 1;
  for (const side of ["top", "bottom"] as const) {
    assertAlmostEquals(before[side], after[side], rows, `${side} of ${JSON.stringify(after)}`);
  }
}

const fields: Record<string, string> = {
  textarea: TEXTAREA,
  "a second line": TEXTAREA.replace("</textarea>", "Seen today.\n</textarea>"),
  input: `<label for="note">Note</label><input id="note" data-attach>`,
  contenteditable:
    `<div id="note" data-attach contenteditable role="textbox" aria-label="Note"><p><br></p></div>`,
  "a heading within":
    `<div id="note" data-attach contenteditable role="textbox" aria-label="Note"><h2><br></h2></div>`,
  "right to left": TEXTAREA.replace("data-attach", 'data-attach dir="rtl"'),
};

/** What an EHR may do to all that is around a note. */
const enlarged: [selector: string, properties: Record<string, string>][] = [
  ["main", { zoom: "1.5" }],
  ["main", { transform: "scale(1.3)", transformOrigin: "0 0" }],
  ["body", { zoom: "1.2" }],
];

Deno.test("grey text stands where the accepted text will", (t) =>
  withChromium(async (inBrowser) => {
    for (const [name, body] of Object.entries(fields)) {
      await t.step(
        name,
        inBrowser(async (open, server) => {
          const page = await suggested(open, server, body);
          await assertSamePlace(page);
        }),
      );
    }

    for (const lineHeight of ["normal", "1.15", "31px"]) {
      await t.step(
        `line height ${lineHeight}`,
        inBrowser(async (open, server) => {
          server.answer = ({ text }) => text.endsWith("no") ? [" acute distress."] : [];
          const page = await open(TEXTAREA);
          await style(page, { "line-height": lineHeight, "font-size": "17px" });
          await page.locator("#note").fill("One\nTwo\n");
          await page.locator("#note").press("End");
          await page.keyboard.type("no");
          await untilShown(page);
          await assertSamePlace(page);
        }),
      );
    }

    for (const deviceScaleFactor of [1.25, 2]) {
      await t.step(
        `zoom ${deviceScaleFactor}`,
        inBrowser(async (open, server) => {
          const page = await suggested(open, server);
          await assertSamePlace(page, deviceScaleFactor);
        }, { deviceScaleFactor }),
      );
    }

    for (const [selector, properties] of enlarged) {
      for (const name of ["textarea", "input", "contenteditable", "right to left"]) {
        await t.step(
          `${name}, ${selector} with ${JSON.stringify(properties)}`,
          inBrowser(async (open, server) => {
            server.answer = ({ text }) => text.endsWith("no") ? [" acute distress."] : [];
            const page = await open(fields[name]);
            await page.evaluate(([selector, properties]) => {
              const { style } = document.querySelector<HTMLElement>(selector)!;
              for (const [name, value] of Object.entries(properties)) style[name as "zoom"] = value;
            }, [selector, properties] as const);
            await page.locator("#note").click();
            await page.keyboard.type("no");
            await untilShown(page);
            await assertSamePlace(page, 1.5);
          }),
        );
      }
    }

    for (const behind of ["", "\n\n\n"]) {
      await t.step(
        `at the end of a long note${behind && ", with empty lines behind it"}`,
        inBrowser(async (open, server) => {
          server.answer = ({ text }) => text.endsWith("no") ? [" acute distress."] : [];
          const page = await open(TEXTAREA);
          await style(page, {
            "line-height": "18.7px",
            "height": "200px",
            "padding": "3px 8px 9px",
          });
          await page.evaluate((behind) => {
            const field = document.querySelector<HTMLTextAreaElement>("#note")!;
            field.value = "a\n".repeat(12_000) + behind;
            field.focus();
            field.setSelectionRange(24_000, 24_000);
          }, behind);
          await page.keyboard.type("no");
          await untilShown(page);
          await assertSamePlace(page);
        }),
      );
    }

    await t.step(
      "wraps within the field, and again when the field is resized",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        const height = () =>
          page.evaluate(() => {
            const root = document.querySelector("nano-med-ghost")!.shadowRoot!;
            return root.querySelector(".text")!.getClientRects().length;
          });
        assertEquals(await height(), 1);
        await style(page, { width: "110px" });
        await page.waitForFunction(() => {
          const root = document.querySelector("nano-med-ghost")!.shadowRoot!;
          return root.querySelector(".text")!.getClientRects().length === 2;
        });
        await assertSamePlace(page);
      }),
    );

    await t.step(
      "scrolled out of sight it is hidden and cannot be accepted; scrolled back it is there again",
      inBrowser(async (open, server) => {
        const page = await open(TEXTAREA);
        server.answer = ({ text }) => text.endsWith("no") ? [" acute distress."] : [];
        await page.locator("#note").fill("Line\n".repeat(40));
        await page.locator("#note").press("Control+End");
        await page.keyboard.type("no");
        await untilGhost(page, " acute distress.");
        const scroll = (top: number) =>
          page.evaluate((top) => document.querySelector("#note")!.scrollTop = top, top);
        await scroll(0);
        await untilGhost(page, "");
        await page.keyboard.press("Tab");
        assert((await value(page)).endsWith("\nno"));
        assert(await focused(page) !== "note", "Tab is trapped");
        await page.locator("#note").focus();
        await page.keyboard.type(" no");
        await untilGhost(page, " acute distress.");
        await scroll(0);
        await untilGhost(page, "");
        await scroll(1e6);
        await untilGhost(page, " acute distress.");
      }),
    );

    await t.step(
      "it follows its field when the page scrolls, and hides beneath what covers the field",
      inBrowser(async (open, server) => {
        const page = await suggested(
          open,
          server,
          `${TEXTAREA}<div id="more"></div><div id="cover"></div>`,
        );
        const tops = () =>
          page.evaluate(() => {
            const root = document.querySelector("nano-med-ghost")!.shadowRoot!;
            const top = (element: Element) => element.getBoundingClientRect().top;
            return top(root.querySelector(".ghost")!) - top(document.querySelector("#note")!);
          });
        const before = await tops();
        await page.evaluate(() => {
          document.querySelector<HTMLElement>("#more")!.style.setProperty("height", "3000px");
          scrollTo(0, 40);
        });
        await page.waitForFunction(() => scrollY === 40);
        await page.evaluate(() => new Promise(requestAnimationFrame));
        assertEquals(await tops(), before);
        await page.evaluate(() => {
          const cover = document.querySelector<HTMLElement>("#cover")!;
          const css = { position: "fixed", inset: "0", background: "white" };
          for (const [name, value] of Object.entries(css)) cover.style.setProperty(name, value);
          scrollTo(0, 41);
        });
        await untilGhost(page, "");
      }),
    );

    await t.step(
      "in a modal dialog that is moved by a transform",
      inBrowser(async (open, server) => {
        const page = await open(`<dialog id="dialog" aria-label="Edit">${TEXTAREA}</dialog>`);
        server.answer = ({ text }) => text.endsWith("no") ? [" acute distress."] : [];
        await page.evaluate(() => {
          const dialog = document.querySelector<HTMLDialogElement>("#dialog")!;
          dialog.style.setProperty("transform", "translate(40px, 30px)");
          dialog.showModal();
        });
        await page.locator("#note").pressSequentially("no");
        await untilGhost(page, " acute distress.");
        await assertSamePlace(page);
      }),
    );

    await t.step(
      "legible whatever the field's colours are",
      inBrowser(async (open, server) => {
        const page = await suggested(open, server);
        for (
          const [color, background] of [["#333", "#fff"], ["#ddd", "#222"], ["#767676", "#fff"]]
        ) {
          await style(page, { color, background });
          await page.evaluate(() => dispatchEvent(new Event("resize")));
          const ratio = await page.evaluate(() => {
            const root = document.querySelector("nano-med-ghost")!.shadowRoot!;
            const { color, backgroundColor } = getComputedStyle(root.querySelector(".text")!);
            const luminance = (rgb: string) => {
              const [r, g, b] = rgb.match(/\d+/g)!.map((value) => {
                const share = Number(value) / 255;
                return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
              });
              return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
            };
            const [a, b] = [luminance(color), luminance(backgroundColor)];
            return Math.max(a, b) / Math.min(a, b);
          });
          assert(ratio >= 4.5, `${color} on ${background}: ${ratio}`);
        }
        assertEquals(await ghost(page), " acute distress.");
      }),
    );
  }));
