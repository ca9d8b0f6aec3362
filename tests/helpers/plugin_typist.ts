/// <reference lib="dom" />

/**
 * The typist of pipeline/eval/typist.ts, at human speed, in a real browser with the real plugin: he
 * types a passage that is fixed beforehand, looks at the grey text before each key, and presses Tab
 * if all of it is what follows. Unlike in eval, suggestions come when they come.
 */

import { codePoints } from "../../pipeline/lib/gpt/scoring/documents.ts";
import { seededRandom } from "../../pipeline/lib/base/random.ts";
import type { Passage, Typing } from "../../pipeline/lib/gpt/typing/typist.ts";
import type { Handle } from "../../worker/plugin/mod.ts";
import type { Page } from "./browser.ts";

export interface BrowserTyping extends Typing {
  /** Milliseconds from a key to the frame that shows the suggestion it led to. */
  keyToGhost: number[];
  /** Seconds for the whole passage. */
  seconds: number;
  /** What stands in the field at the end. */
  value: string;
}

interface TypistOptions {
  /** Mean pause between two keys; 200 is 60 words of five letters and a space per minute. */
  meanPauseMs?: number;
  seed?: number;
  /** Passed to the plugin. */
  minConfidence?: number;
  progress?: (characters: number) => void;
}

declare global {
  /** The field's handle, and the times that the page has taken. */
  var typist: { handle: Handle; keyToGhost: number[] };
}

/** A fresh field on a page of the worker at `url`, with `text` in it and the caret behind. */
async function openField(page: Page, url: string, text: string, minConfidence?: number) {
  await page.goto(url);
  await page.evaluate(async ({ text, minConfidence }) => {
    const { attach } = await import(
      "/plugin.js" as string
    ) as typeof import("../../worker/plugin/mod.ts");
    const field = document.createElement("textarea");
    field.id = "typed";
    field.value = text;
    document.querySelector("main")!.replaceChildren(field);
    field.focus();
    field.setSelectionRange(text.length, text.length);
    let lastKey = 0, seen = 0;
    field.addEventListener("input", () => lastKey = performance.now(), { capture: true });
    const keyToGhost: number[] = [];
    const handle = attach(field, {
      endpoint: location.origin,
      minConfidence,
      onStats({ shown }) {
        if (shown === seen) return;
        seen = shown;
        const from = lastKey;
        requestAnimationFrame(() => keyToGhost.push(performance.now() - from));
      },
    });
    globalThis.typist = { handle, keyToGhost };
  }, { text, minConfidence });
}

/** The grey text of the field, if it can be seen. */
const greyText = (page: Page) =>
  page.evaluate(() => {
    const hosts = [...document.querySelectorAll("nano-med-ghost")];
    const root = hosts.at(-1)!.shadowRoot!;
    const box = root.querySelector<HTMLElement>(".ghost")!;
    return box.hidden ? "" : root.querySelector(".text")!.textContent!;
  });

export async function typeInBrowser(
  page: Page,
  url: string,
  note: string,
  { from, to }: Passage,
  { meanPauseMs = 200, seed = 1, minConfidence, progress }: TypistOptions = {},
): Promise<BrowserTyping> {
  await openField(page, url, note.slice(0, from), minConfidence);
  const random = seededRandom(seed);
  const passage = note.slice(0, to);
  const started = performance.now();
  let keystrokes = 0, read = 0, accepted = 0, acceptedCharacters = 0, next = started;
  // What is left of the grey text seen before the last key.
  let rest = "";
  for (let caret = from; caret < to;) {
    const grey = await greyText(page);
    const at = caret;
    if (grey !== "" && grey !== rest) read++;
    if (grey !== "" && passage.startsWith(grey, caret)) {
      await page.keyboard.press("Tab");
      accepted++;
      acceptedCharacters += codePoints(grey);
      caret += grey.length;
    } else {
      const character = String.fromCodePoint(note.codePointAt(caret)!);
      if (character === "\n") await page.keyboard.press("Enter");
      else await page.keyboard.type(character);
      caret += character.length;
    }
    const typed = passage.slice(at, caret);
    rest = grey.startsWith(typed) ? grey.slice(typed.length) : "";
    keystrokes++;
    progress?.(caret - from);
    // Between half and one and a half times the mean, whatever driving the browser has taken.
    next = Math.max(performance.now(), next + meanPauseMs * (0.5 + random()));
    await new Promise((resolve) => setTimeout(resolve, next - performance.now()));
  }
  const seconds = (performance.now() - started) / 1000;
  const { shown, keyToGhost, value } = await page.evaluate(() => ({
    shown: globalThis.typist.handle.stats.shown,
    keyToGhost: globalThis.typist.keyToGhost,
    value: document.querySelector<HTMLTextAreaElement>("#typed")!.value,
  }));
  const characters = codePoints(note.slice(from, to));
  return {
    characters,
    keystrokes,
    shown,
    read,
    accepted,
    acceptedCharacters,
    keyToGhost,
    seconds,
    value,
  };
}

/** A `Suggest` for eval's typist, who waits for every answer of the worker at `url`. */
export const patientSuggest =
  (url: string, minConfidence?: number) => async (before: string): Promise<string | undefined> => {
    const response = await fetch(`${url}/complete`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: before, n: 3, session: "eval", min_confidence: minConfidence }),
    });
    const { completions } = await response.json();
    return completions[0]?.text;
  };
