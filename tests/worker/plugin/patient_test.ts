/// <reference lib="dom" />

// The wrong patient cannot happen quietly: what is known of one is dropped when another is opened.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { CompletionClient } from "../../../worker/plugin/client.ts";
import { type ContextItem, placeOf, type Source } from "../../../worker/plugin/patient.ts";
import { ghost, TEXTAREA, untilGhost, value, withChromium } from "../../helpers/plugin_page.ts";

interface Sent {
  path: string;
  // deno-lint-ignore no-explicit-any
  body: any;
}

/** A client for whoever `open.key` is; the worker forgets what `forgets` says. */
function client(
  open: { key: string | undefined; forgets?: boolean },
  context?: (
    patient: string,
  ) => ContextItem[] | Promise<ContextItem[]>,
) {
  const sent: Sent[] = [];
  const made = new CompletionClient({
    endpoint: "https://notes.example.org",
    debounce: 0,
    patient: () => open.key,
    ...(context && { context }),
    fetch: (url, init) => {
      const path = new URL(String(url)).pathname, body = JSON.parse(init!.body as string);
      sent.push({ path, body });
      if (path === "/context") {
        return Promise.resolve(
          Response.json({ id: body.context.length ? `id-${body.patient}` : "" }),
        );
      }
      if (open.forgets && body.context) {
        open.forgets = false;
        const type = "urn:nano-med-gpt:problem:context-unknown";
        return Promise.resolve(Response.json({ type }, { status: 404 }));
      }
      return Promise.resolve(Response.json({ completions: [{ text: ` for ${body.patient}` }] }));
    },
  });
  return {
    made,
    sent,
    paths: () => sent.map(({ path, body }) => `${path} ${body.patient ?? "-"}`),
  };
}

const caret = { before: "no", after: "" };
const settled = () => new Promise((resolve) => setTimeout(resolve, 30));
const texts = (
  patient: string,
): ContextItem[] => [{ kind: "problems", text: `Gout of ${patient}` }];

Deno.test("a context is sent once, and named by its id from then on", async () => {
  const { made, sent, paths } = client({ key: "p1" }, texts);
  await made.complete(caret);
  await settled();
  await made.complete(caret);
  await made.complete(caret);
  assertEquals(paths(), ["/complete p1", "/context p1", "/complete p1", "/complete p1"]);
  assertEquals(sent[1].body.context, texts("p1"));
  assertEquals(sent[3].body.context, "id-p1");
  assertEquals(new Set(sent.map(({ body }) => body.session)).size, 1);
});

Deno.test("another key drops all, tells the worker so, and begins a session of its own", async () => {
  const open = { key: "p1" as string | undefined };
  const { made, sent } = client(open, texts);
  await made.complete(caret);
  await settled();
  open.key = "p2";
  const answer = await made.complete(caret);
  assertEquals(answer?.[0].text, " for p2");
  await settled();
  const [, first] = sent;
  const ended = sent.find(({ body }) => body.context?.length === 0)!;
  assertEquals([ended.body.patient, ended.body.session], ["p1", first.body.session]);
  const last = sent.filter(({ path }) => path === "/complete").at(-1)!;
  assert(last.body.session !== first.body.session);
  assertEquals([last.body.patient, last.body.context], ["p2", undefined]);
  open.key = undefined;
  await made.complete(caret);
  const nobody = sent.filter(({ path }) => path === "/complete").at(-1)!;
  assertEquals(["patient" in nobody.body, "context" in nobody.body], [false, false]);
});

Deno.test("an answer for the patient before is thrown away", async () => {
  const open = { key: "p1" };
  const { made } = client(open);
  const answer = made.complete(caret);
  queueMicrotask(() => queueMicrotask(() => open.key = "p2"));
  await settled();
  open.key = "p2";
  const found = await answer;
  assert(
    found === undefined || found.every(({ text }) => text === " for p2"),
    JSON.stringify(found),
  );
});

Deno.test("a record that comes after the chart was closed is not sent", async () => {
  const open = { key: "p1" as string | undefined };
  const record = Promise.withResolvers<ContextItem[]>();
  const { made, paths } = client(open, (patient) => patient === "p1" ? record.promise : []);
  await made.complete(caret);
  open.key = "p2";
  await made.complete(caret);
  record.resolve(texts("p1"));
  await settled();
  assertEquals(paths().filter((path) => path.startsWith("/context")), []);
});

Deno.test("a worker that has forgotten it gets it again, and the writer notices nothing", async () => {
  const open = { key: "p1", forgets: false };
  const { made, paths } = client(open, texts);
  await made.complete(caret);
  await settled();
  open.forgets = true;
  assertEquals((await made.complete(caret))?.[0].text, " for p1");
  assertEquals(paths().slice(2), ["/complete p1", "/context p1", "/complete p1"]);
  assertEquals(made.failures, 0);
});

Deno.test("a context without the key of its patient is refused", () => {
  assertThrows(
    () => new CompletionClient({ endpoint: "https://x.example", context: () => [] }),
    TypeError,
    "without the key of its patient",
  );
});

Deno.test("where a suggestion comes from, in a word", () => {
  const source = (kind: Source["kind"], date = ""): Source => ({
    kind,
    source: "",
    date,
    place: "line 1",
    words: 2,
  });
  assertEquals(placeOf([source("medications", "2026-03-03")]), "medications");
  assertEquals(
    placeOf([source("note", "2026-03-03"), source("results")], "en-GB"),
    "note of 3 March",
  );
  assertEquals(placeOf([source("note")]), "note");
  assertEquals([placeOf([]), placeOf(undefined)], ["", ""]);
});

Deno.test("two patients in Chromium", (t) =>
  withChromium(async (inBrowser) => {
    const options = `patient: () => document.title, context: (patient) => [
      { kind: "note", text: "of " + patient }],`;
    await t.step(
      "a suggestion for one is gone in the frame after the other was opened, and Tab takes nothing",
      inBrowser(async (open, server) => {
        server.options = options;
        server.answer = ({ patient }) => [` acute ${patient}`];
        const page = await open(TEXTAREA);
        await page.evaluate(() => document.title = "A");
        await page.locator("#note").click();
        await page.keyboard.type("no");
        await untilGhost(page, " acute A");
        const after = await page.evaluate(() =>
          new Promise<string>((resolve) => {
            document.title = "B";
            requestAnimationFrame(() =>
              requestAnimationFrame(() => {
                const root = document.querySelector("nano-med-ghost")!.shadowRoot!;
                const box = root.querySelector<HTMLElement>(".ghost")!;
                resolve(box.hidden ? "" : box.textContent ?? "");
              })
            );
          })
        );
        assertEquals(after, "");
        await page.keyboard.press("Tab");
        assertEquals(await value(page), "no");
        await page.locator("#note").click();
        await page.keyboard.type("t");
        await untilGhost(page, " acute B");
        assertEquals(server.requests.at(-1)!.patient, "B");
        assertEquals(server.contexts.map(({ patient, texts }) => [patient, ...texts]), [
          ["A", "of A"],
          ["A"],
          ["B", "of B"],
        ]);
      }),
    );

    await t.step(
      "an answer that was under way for the other is never shown",
      inBrowser(async (open, server) => {
        server.options = options;
        const slow = Promise.withResolvers<string[]>();
        server.answer = ({ patient }) => patient === "A" ? slow.promise : [];
        const page = await open(TEXTAREA);
        await page.evaluate(() => document.title = "A");
        await page.locator("#note").click();
        await page.keyboard.type("no");
        await page.waitForTimeout(150);
        await page.evaluate(() => document.title = "B");
        slow.resolve([" acute A"]);
        for (let look = 0; look < 10; look++) {
          assertEquals(await ghost(page), "");
          await page.waitForTimeout(20);
        }
      }),
    );

    await t.step(
      "the source is shown small, and read out",
      inBrowser(async (open, server) => {
        server.options = options;
        server.answer = () =>
          Response.json({
            completions: [{
              text: " distress",
              confidence: 0.5,
              sources: [{ kind: "medications", source: "", date: "", place: "line 1", words: 1 }],
            }],
          });
        const page = await open(TEXTAREA);
        await page.evaluate(() => document.title = "A");
        await page.locator("#note").click();
        await page.keyboard.type("no");
        await untilGhost(page, " distress");
        const root = "document.querySelector('nano-med-ghost').shadowRoot";
        assertEquals(
          await page.evaluate(`${root}.querySelector('.from').textContent`),
          "from: medications",
        );
        const said = () => page.evaluate(`${root}.querySelector('.said').textContent`);
        while (await said() === "") await page.waitForTimeout(50);
        assertEquals(
          await said(),
          "Suggestion: distress, from medications. Tab accepts, Escape dismisses.",
        );
      }),
    );
  }));
