/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

// What must not leave the page does not: every request is read for it.

import { assert, assertEquals } from "@std/assert";
import type { Page } from "../../helpers/browser.ts";
import { untilGhost, withChromium } from "../../helpers/plugin_page.ts";

declare global {
  /** What `onError` got. */
  var problems: { kind: string; status?: number }[];
}

/** Types a secret into each field, then a word into the note, which is the only thing sent. */
async function typeSecrets(page: Page, fields: string): Promise<void> {
  for (const field of await page.locator(fields).all()) {
    await field.click();
    await page.keyboard.type("4711");
  }
  await page.locator("#note").click();
  await page.keyboard.type("Seen");
}

const inNote = (inputs: string) =>
  `<note-complete>${inputs}<textarea id="note" aria-label="Note"></textarea></note-complete>`;

Deno.test("secrets stay in the page", (t) =>
  withChromium(async (inBrowser) => {
    await t.step(
      "however their autocomplete is written, and by their name",
      inBrowser(async (open, server) => {
        const tokens = ["billing cc-number", "section-x one-time-code", "CC-Number", "cc-csc"]
          .concat("one-time-code webauthn", " NEW-PASSWORD\t", "username current-password");
        const inputs = tokens.map((tokens) => `<input aria-label="s" autocomplete="${tokens}">`)
          .concat('<input aria-label="s" name="user_password">', '<input aria-label="s" id="otp">')
          .concat('<input aria-label="s" class="masked">').join("");
        server.inlineStyles = true;
        const page = await open(
          `<style>.masked { -webkit-text-security: disc; }</style>${inNote(inputs)}`,
        );
        await typeSecrets(page, "input");
        while (server.requests.length === 0) await page.waitForTimeout(10);
        assert(server.requests.every(({ text }) => !text.includes("4711")));
      }),
    );

    await t.step(
      "a password that is shown, by whoever attaches to it and whenever",
      inBrowser(async (open, server) => {
        const page = await open(inNote('<input id="pw" type="password" aria-label="s">'));
        await page.locator("#pw").pressSequentially("47");
        const attached = await page.evaluate(async () => {
          const { attach } = await import("/plugin.js" as string);
          const field = document.querySelector<HTMLInputElement>("#pw")!;
          field.type = "text";
          // A change inside <note-complete> has it look for fields again.
          document.querySelector("note-complete")!.append("Hide");
          try {
            attach(field, { endpoint: location.origin });
            return "attached";
          } catch (error) {
            return (error as Error).name;
          }
        });
        assertEquals(attached, "TypeError");
        await typeSecrets(page, "#pw");
        while (server.requests.length === 0) await page.waitForTimeout(10);
        assert(server.requests.every(({ text }) => !text.includes("47")));
      }),
    );

    await t.step(
      "a field that was a secret for a while is one for life",
      inBrowser(async (open, server) => {
        const page = await open('<input id="note" data-attach aria-label="Note">');
        await page.evaluate(async () => {
          const field = document.querySelector<HTMLInputElement>("#note")!;
          field.type = "password";
          await new Promise((resolve) => setTimeout(resolve, 50));
          field.type = "text";
        });
        await page.locator("#note").pressSequentially("4711");
        await page.waitForTimeout(100);
        assertEquals(server.requests, []);
      }),
    );

    await t.step(
      "parts of a note that are excluded are read from neither side",
      inBrowser(async (open, server) => {
        const page = await open(
          `<div id="note" contenteditable data-attach role="textbox" aria-label="Note"><p>Seen</p>
          <p data-no-complete>4711</p><p id="last">well</p><p data-no-complete>4712</p></div>`,
        );
        await page.locator("#last").click();
        await page.keyboard.press("End");
        await page.keyboard.type(".");
        while (server.requests.length === 0) await page.waitForTimeout(10);
        const { text, text_after } = server.requests[0];
        assert(text.endsWith("well.") && !/471/.test(text + text_after), text + text_after);
      }),
    );
  }));

Deno.test("integrators learn what is wrong", (t) =>
  withChromium(async (inBrowser) => {
    /** What the page wrote to the console and onError got, after typing until three requests. */
    const told = (answer: () => Response, options = "") =>
      inBrowser(async (open, server) => {
        server.options = `onError: (problem) => (window.problems ??= []).push(problem), ${options}`;
        server.answer = answer;
        const page = await open('<textarea id="note" data-attach aria-label="Note"></textarea>');
        const warnings: string[] = [];
        page.on("console", (message) => {
          if (message.type() === "warning") warnings.push(message.text());
        });
        await page.locator("#note").pressSequentially("seen");
        await page.waitForFunction(() => globalThis.problems);
        const problems = await page.evaluate(() => globalThis.problems);
        assertEquals(warnings.length, 1, warnings.join());
        result = { ...problems[0], warning: warnings[0] };
      });
    let result: { kind: string; status?: number; warning: string };
    const cases: [kind: string, status: number | undefined, answer: () => Response, RegExp][] = [
      ["refused token", 401, () => new Response(null, { status: 401 }), /getToken has to return/],
      ["refused request", 422, () => new Response(null, { status: 422 }), /options of attach/],
      ["too many requests", 429, () => new Response(null, { status: 429 }), /left alone/],
      ["failing", 503, () => new Response(null, { status: 503 }), /worker's log/],
      ["not completions", undefined, () => Response.json({}), /worker's address/],
    ];
    for (const [kind, status, answer, remedy] of cases) {
      await t.step(`${kind}: once in the console, with the remedy`, async () => {
        await told(answer)();
        assertEquals([result.kind, result.status], [kind, status]);
        assert(remedy.test(result.warning), result.warning);
        assert(!result.warning.includes("seen"), "text of the note in the console");
      });
    }

    await t.step(
      "an endpoint that is none, and one that cannot be reached",
      inBrowser(async (open) => {
        const page = await open('<textarea id="note" aria-label="Note"></textarea>');
        await page.route("**/complete", (route) => route.abort());
        const [message, unreachable] = await page.evaluate(async () => {
          const { attach } = await import("/plugin.js" as string);
          const note = document.querySelector<HTMLTextAreaElement>("#note")!;
          let message = "";
          try {
            attach(note, {});
          } catch (error) {
            message = (error as Error).message;
          }
          const problem = new Promise((resolve) =>
            attach(note, { endpoint: location.origin, onError: resolve })
          );
          note.focus();
          document.execCommand("insertText", false, "seen");
          return [message, (await problem as { kind: string }).kind];
        });
        assert(/the endpoint is undefined, expected an address/.test(message), message);
        assertEquals(unreachable, "unreachable");
      }),
    );

    await t.step(
      "a page of an intranet without TLS works",
      inBrowser(async (open, server) => {
        server.answer = ({ text }) => text.endsWith("no") ? [" acute distress."] : [];
        const page = await open('<textarea id="note" data-attach aria-label="Note"></textarea>');
        await page.evaluate(async () => {
          // As on an http:// page that is not the loopback interface.
          Object.defineProperty(crypto, "randomUUID", { value: undefined });
          const { attach } = await import("/plugin.js" as string);
          const options = { endpoint: location.origin, debounce: 0 };
          globalThis.handles = [attach(document.querySelector("#note"), options)];
        });
        await page.locator("#note").pressSequentially("no");
        await untilGhost(page, " acute distress.");
      }),
    );
  }));
