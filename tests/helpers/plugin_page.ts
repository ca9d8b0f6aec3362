/// <reference lib="dom" />

// A page with attached fields in Chromium, as the tests of the plugin need it.

import { assertEquals } from "@std/assert";
import type { Browser, BrowserContextOptions } from "playwright-core";
import type { Handle } from "../../worker/plugin/mod.ts";
import {
  type Page,
  pluginBundle,
  type PluginServer,
  servePlugin,
  startBrowser,
} from "./browser.ts";

declare global {
  /** What the page's script shows to the tests. */
  var handles: Handle[], inputs: number, stats: unknown;
}

export const SUGGESTION = " acute distress.";
export const TEXTAREA = `<label for="note">Note</label><textarea id="note" data-attach></textarea>`;

export type Open = (body: string) => Promise<Page>;
export type InBrowser = (
  test: (open: Open, server: PluginServer) => Promise<void>,
  options?: BrowserContextOptions,
) => () => Promise<void>;

/** Runs `tests` with one Chromium; what they make with the function they get runs on fresh pages. */
export async function withChromium(tests: (inBrowser: InBrowser) => Promise<void>): Promise<void> {
  const bundle = await pluginBundle();
  const browser = await startBrowser();
  try {
    await tests((test, options) => () => onPages(browser, bundle, test, options));
  } finally {
    await browser.close();
  }
}

async function onPages(
  browser: Browser,
  bundle: string,
  test: Parameters<InBrowser>[0],
  options: BrowserContextOptions = {},
): Promise<void> {
  const server = servePlugin(bundle);
  const context = await browser.newContext({ viewport: { width: 800, height: 500 }, ...options });
  const problems: string[] = [];
  try {
    await test(async (body) => {
      server.body = body;
      const page = await context.newPage();
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (message) => {
        if (/Content Security Policy/.test(message.text())) problems.push(message.text());
      });
      await page.goto(server.url);
      await page.waitForFunction("window.ready === true");
      return page;
    }, server);
    assertEquals(problems, []);
  } finally {
    await context.close();
    await server.stop();
  }
}

/** How many suggestions were shown. */
export const shown = (page: Page) => page.evaluate(() => globalThis.handles[0].stats.shown);

export const untilShown = (page: Page, count = 1) =>
  page.waitForFunction((count) => globalThis.handles[0].stats.shown >= count, count);

export const value = (page: Page) => page.locator("#note").inputValue();

export const focused = (page: Page) => page.evaluate(() => document.activeElement?.id);

/** The grey text that can be seen; empty if none can. */
export const ghost = (page: Page) =>
  page.evaluate(() => {
    const box = document.querySelector("nano-med-ghost")!.shadowRoot!.querySelector(".ghost")!;
    return (box as HTMLElement).hidden ? "" : box.querySelector(".text")!.textContent ?? "";
  });

export const untilGhost = (page: Page, text: string) =>
  page.waitForFunction((text) => {
    const box = document.querySelector("nano-med-ghost")!.shadowRoot!.querySelector(".ghost")!;
    return text === ((box as HTMLElement).hidden ? "" : box.querySelector(".text")!.textContent);
  }, text);

/** A page on which " acute distress." stands in grey behind "no". */
export async function suggested(open: Open, server: PluginServer, body = TEXTAREA): Promise<Page> {
  server.answer = ({ text }) => text.endsWith("no") ? [SUGGESTION, " chronic pain"] : [];
  const page = await open(body);
  await page.locator("#note").click();
  await page.keyboard.type("no");
  await untilShown(page);
  return page;
}

export interface Ink {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** The box of everything in the field's screenshot that is not background, in device pixels. */
export async function ink(page: Page): Promise<Ink> {
  const png = await page.locator("#note").screenshot({ animations: "disabled" });
  const reader = await page.context().newPage();
  try {
    return await reader.evaluate(async (bytes) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(bytes)]));
      const { width, height } = bitmap;
      const canvas = new OffscreenCanvas(width, height).getContext("2d")!;
      canvas.drawImage(bitmap, 0, 0);
      const { data } = canvas.getImageData(0, 0, width, height);
      const box = { left: width, right: 0, top: height, bottom: 0 };
      // Without the border.
      for (let y = 4; y < height - 4; y++) {
        for (let x = 4; x < width - 4; x++) {
          if (data[4 * (y * width + x) + 1] > 215) continue;
          box.left = Math.min(box.left, x);
          box.right = Math.max(box.right, x);
          box.top = Math.min(box.top, y);
          box.bottom = Math.max(box.bottom, y);
        }
      }
      return box;
    }, [...png]);
  } finally {
    await reader.close();
    await page.bringToFront();
  }
}

/** Ink with the suggestion in grey, and after it was accepted. */
export async function inkBeforeAndAfter(page: Page): Promise<[before: Ink, after: Ink]> {
  await page.evaluate(() => {
    const root = document.querySelector("nano-med-ghost")!.shadowRoot!;
    (root.querySelector(".key") as HTMLElement).style.setProperty("display", "none");
  });
  const before = await ink(page);
  await page.locator("#note").focus();
  await page.keyboard.press("Tab");
  return [before, await ink(page)];
}
