// Opening and saving against a FHIR server in memory: whatever it answers, nothing in the chart is
// replaced by somebody who has not seen it.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Chart, Conflict } from "../../../worker/pages/chart.ts";
import { type Launch, noteOf } from "../../../worker/pages/document_reference.ts";
import { FhirServer } from "../../../worker/pages/fhir.ts";
import { type Json, MockFhir } from "../../helpers/mock_fhir.ts";

const LAUNCH: Launch = {
  patient: "p1",
  encounter: "e1",
  user: "https://fhir.example.org/r4/Practitioner/dr1",
  custodian: "Organization/ward",
  format: "text/plain",
};

function world(launch: Partial<Launch> = {}) {
  const server = new MockFhir("https://fhir.example.org/r4");
  const fhir = new FhirServer(
    server.base,
    () => Promise.resolve("t"),
    (url, init) => server.answer(new Request(url as string, init)),
  );
  return { server, chart: () => new Chart(fhir, { ...LAUNCH, ...launch }) };
}

const base64 = (text: string) => new TextEncoder().encode(text).toBase64();
const inline = (text: string) => ({ contentType: "text/plain", data: base64(text) });

const document = (attachment: Json, more: Json = {}): Json => ({
  resourceType: "DocumentReference",
  status: "current",
  docStatus: "preliminary",
  subject: { reference: "Patient/p1" },
  author: [{ reference: "Practitioner/dr1" }],
  context: { encounter: [{ reference: "Encounter/e1" }] },
  content: [{ attachment }],
  ...more,
});

const textIn = ({ content }: Json, at = 0) =>
  new TextDecoder().decode(Uint8Array.fromBase64(content[at].attachment.data));

Deno.test("a new note has what US Core asks, and is created once", async () => {
  const { server, chart } = world();
  const page = chart();
  const { draft, notices } = await page.open();
  assertEquals([draft.text, draft.resource.id, notices], ["", undefined, []]);
  const saved = await page.save(draft, "Ménière's disease, 37 °C\n – \u{1F9EA}");
  const [stored] = server.documents;
  assertEquals(textIn(stored), "Ménière's disease, 37 °C\n – \u{1F9EA}");
  assertEquals([stored.status, stored.docStatus], ["current", "preliminary"]);
  assertEquals(stored.category[0].coding[0].code, "clinical-note");
  assertEquals(stored.type.coding[0].code, "18842-5");
  assertEquals(stored.author, [{ reference: LAUNCH.user }]);
  assertEquals(stored.custodian, { reference: "Organization/ward" });
  assertEquals(stored.context, { encounter: [{ reference: "Encounter/e1" }] });
  assert(!Number.isNaN(Date.parse(stored.date)));
  await page.save(saved, "More.");
  assertEquals([server.documents.length, textIn(server.documents[0])], [1, "More."]);
  assert(server.log.at(-1)!.endsWith('if-match W/"1"'), server.log.at(-1));
});

Deno.test("text behind an address is read, and saved in its place", async (t) => {
  for (
    const [name, url] of [
      ["relative", "Binary/b1"],
      ["absolute", "https://fhir.example.org/r4/Binary/b1"],
    ]
  ) {
    await t.step(name, async () => {
      const { server, chart } = world();
      server.binaries.b1 = "The note of two pages.";
      server.add(document({ contentType: "text/plain", url, size: 9, hash: "x", title: "T" }));
      const page = chart();
      const { draft } = await page.open();
      assertEquals(draft.text, "The note of two pages.");
      await page.save(draft, `${draft.text} More.`);
      const { attachment } = server.documents[0].content[0];
      assertEquals(textIn(server.documents[0]), "The note of two pages. More.");
      assertEquals([attachment.title, attachment.url, attachment.size, attachment.hash], [
        "T",
        undefined,
        undefined,
        undefined,
      ]);
    });
  }
  await t.step("raw, in its own charset", async () => {
    const { server, chart } = world();
    server.binaries.b1 = () =>
      new Response(Uint8Array.of(0x4d, 0xe9, 0x6e), {
        headers: { "content-type": "text/plain; charset=iso-8859-1" },
      });
    server.add(document({ contentType: "text/plain", url: "Binary/b1" }));
    assertEquals((await chart().open()).draft.text, "Mén");
  });
});

Deno.test("a draft that cannot be read is left alone, and the page says why", async (t) => {
  const cases: [string, Json, RegExp][] = [
    ["missing Binary", { contentType: "text/plain", url: "Binary/b9" }, /404.*b9 is not known/],
    [
      "another server, which must not see the token",
      { contentType: "text/plain", url: "https://elsewhere.example/Binary/1" },
      /elsewhere.example.* is not on the chart's server/,
    ],
    [
      "wrong characters",
      { contentType: "text/plain", data: btoa("M\xe9n") },
      /characters are not utf-8/,
    ],
    [
      "a charset nobody knows",
      { contentType: "text/plain; charset=klingon", data: btoa("a") },
      /not klingon/,
    ],
    ["no text", { contentType: "text/plain" }, /text is missing/],
    ["PDF", { contentType: "application/pdf", data: "QQ==" }, /format cannot be edited/],
    ["RTF", { contentType: "text/rtf", data: "QQ==" }, /format cannot be edited/],
    ["no base64", { contentType: "text/plain", data: "%" }, /not base64/],
  ];
  for (const [name, attachment, why] of cases) {
    await t.step(name, async () => {
      const { server, chart } = world();
      const before = structuredClone(server.add(document(attachment)));
      const page = chart();
      const { draft, notices } = await page.open();
      assertEquals([draft.text, draft.resource.id], ["", undefined]);
      assert(notices.some((notice) => why.test(notice)), notices.join());
      await page.save(draft, "New.");
      assertEquals(server.documents[0], before);
      assertEquals(server.documents.length, 2);
    });
  }
});

Deno.test("charsets that the content type names", async (t) => {
  for (const charset of ["iso-8859-1", '"ISO-8859-1"', "windows-1252"]) {
    await t.step(charset, async () => {
      const { server, chart } = world();
      const data = btoa("M\xe9ni\xe8re 37 \xb0C");
      server.add(document({ contentType: `text/plain; charset=${charset}`, data }));
      const page = chart();
      const { draft } = await page.open();
      assertEquals(draft.text, "Ménière 37 °C");
      await page.save(draft, "Ménière");
      assertEquals(textIn(server.documents[0]), "Ménière");
      assertEquals(
        server.documents[0].content[0].attachment.contentType,
        "text/plain; charset=utf-8",
      );
    });
  }
});

Deno.test("only the user's own draft of this encounter is opened", async (t) => {
  const others: [string, Json, RegExp][] = [
    ["entered in error", { status: "entered-in-error" }, /it is entered-in-error/],
    ["superseded", { status: "superseded" }, /it is superseded/],
    ["another author", { author: [{ reference: "Practitioner/dr2" }] }, /Practitioner\/dr2/],
    ["no author", { author: undefined }, /names no author/],
    [
      "an earlier stay",
      { context: { encounter: [{ reference: "Encounter/e0" }] } },
      /another encounter/,
    ],
  ];
  for (const [name, more, why] of others) {
    await t.step(name, async () => {
      const { server, chart } = world();
      server.add(document(inline("not this one"), more));
      const { draft, notices } = await chart().open();
      assertEquals([draft.text, draft.resource.id], ["", undefined]);
      assert(notices.some((notice) => why.test(notice)), notices.join());
    });
  }
  await t.step("final ones are not mentioned", async () => {
    const { server, chart } = world();
    server.add(document(inline("signed"), { docStatus: "final" }));
    assertEquals((await chart().open()).notices, []);
  });
  await t.step("absolute and versioned references are the same person", async () => {
    const { server, chart } = world();
    const reference = "https://fhir.example.org/r4/Practitioner/dr1/_history/3";
    server.add(document(inline("mine"), { author: [{ reference }] }));
    assertEquals((await chart().open()).draft.text, "mine");
  });
  await t.step("a draft without an encounter is opened, and the page says so", async () => {
    const { server, chart } = world();
    server.add(document(inline("which stay"), { context: undefined }));
    const { draft, notices } = await chart().open();
    assertEquals(draft.text, "which stay");
    assert(notices.some((notice) => /names no encounter/.test(notice)));
  });
  await t.step("a user whom the EHR does not name opens no draft of somebody's", async () => {
    const { server, chart } = world({ user: undefined });
    server.add(document(inline("somebody's")));
    server.add(document(inline("nobody's"), { author: undefined }));
    assertEquals((await chart().open()).draft.text, "nobody's");
  });
});

Deno.test("every field and content that is not the text stays", async () => {
  const { server, chart } = world();
  const pdf = { attachment: { contentType: "application/pdf", url: "Binary/scan" } };
  const format = { system: "urn:oid:1.3", code: "urn:x" };
  const stored = structuredClone(server.add(document({}, {
    extension: [{ url: "https://ehr.example.org/x", valueString: "kept" }],
    securityLabel: [{ text: "restricted" }],
    relatesTo: [{ code: "appends", target: { reference: "DocumentReference/d0" } }],
    content: [pdf, {
      attachment: { ...inline("Text."), title: "Discharge summary", language: "en" },
      format,
    }],
  })));
  const page = chart();
  const { draft, notices } = await page.open();
  assertEquals(draft.text, "Text.");
  assert(notices.some((notice) => /other parts/.test(notice)));
  await page.save(draft, "Text. More.");
  const { content, meta: _meta, date: _date, ...rest } = server.documents[0];
  const { content: before, meta: _before, ...expected } = stored;
  assertEquals(rest, expected);
  assertEquals(content[0], pdf);
  assertEquals(content[1].format, format);
  assertEquals([content[1].attachment.title, content[1].attachment.language], [
    before[1].attachment.title,
    "en",
  ]);
  assertEquals(textIn(server.documents[0], 1), "Text. More.");
});

Deno.test("the second of two windows replaces nothing and is shown the other's text", async (t) => {
  await t.step("of one draft", async () => {
    const { server, chart } = world();
    server.add(document(inline("Start.")));
    const a = chart(), b = chart();
    const [first, second] = [(await a.open()).draft, (await b.open()).draft];
    await a.save(first, "Start. Allergic to penicillin.");
    const conflict = await assertRejects(() => b.save(second, "Start. Plan."), Conflict);
    assertEquals(textIn(server.documents[0]), "Start. Allergic to penicillin.");
    assertEquals(conflict.theirs?.text, "Start. Allergic to penicillin.");
    // Having seen it, the writer may put both together.
    await b.save(conflict.theirs!, "Start. Allergic to penicillin. Plan.");
    assertEquals(textIn(server.documents[0]), "Start. Allergic to penicillin. Plan.");
  });
  await t.step("that both began one", async () => {
    const { server, chart } = world();
    const a = chart(), b = chart();
    const [first, second] = [(await a.open()).draft, (await b.open()).draft];
    await a.save(first, "A's");
    const conflict = await assertRejects(() => b.save(second, "B's"), Conflict);
    assertEquals([conflict.theirs?.text, server.documents.length], ["A's", 1]);
  });
  await t.step("on a server without versions", async () => {
    const { server, chart } = world();
    server.versioned = false;
    server.add(document(inline("Start.")));
    const a = chart(), b = chart();
    const [first, second] = [(await a.open()).draft, (await b.open()).draft];
    const saved = await a.save(first, "Start. A.");
    await assertRejects(() => b.save(second, "Start. B."), Conflict);
    await a.save(saved, "Start. A. More.");
    assertEquals(textIn(server.documents[0]), "Start. A. More.");
  });
  await t.step("of a draft that was signed meanwhile", async () => {
    const { server, chart } = world();
    server.add(document(inline("Start.")));
    const page = chart();
    const { draft } = await page.open();
    server.documents[0] = { ...server.documents[0], docStatus: "final", meta: { versionId: "7" } };
    const conflict = await assertRejects(() => page.save(draft, "Start. B."), Conflict);
    assertEquals([conflict.theirs, server.documents[0].docStatus], [undefined, "final"]);
    await page.save(page.begin(), "Start. B.");
    assertEquals(server.documents.length, 2);
  });
});

Deno.test("one document, whatever the server answers to the first save", async (t) => {
  for (const created of ["resource", "location", "nothing"] as const) {
    for (const conditional of [true, false]) {
      await t.step(`${created}, If-None-Exist ${conditional ? "known" : "ignored"}`, async () => {
        const { server, chart } = world();
        Object.assign(server, { created, conditional });
        const page = chart();
        const saved = await page.save((await page.open()).draft, "One.");
        await page.save(saved, "One. Two.");
        assertEquals(server.documents.map((stored) => textIn(stored)), ["One. Two."]);
      });
    }
  }
  await t.step("an answer that is lost on its way", async () => {
    const { server, chart } = world();
    let lose = true;
    server.disturb = ({ method }) => method === "POST" && lose ? "lost" : undefined;
    const page = chart();
    const { draft } = await page.open();
    const saved = await page.save(draft, "One.");
    lose = false;
    await page.save(saved, "One. Two.");
    assertEquals(server.documents.map((stored) => textIn(stored)), ["One. Two."]);
  });
  await t.step("a network that fails after the note has arrived", async () => {
    const { server, chart } = world();
    let posted = false;
    server.disturb = ({ method }) => {
      if (method === "POST") posted = true;
      return method === "POST" ? "lost" : posted ? "gone" : undefined;
    };
    const page = chart();
    const { draft } = await page.open();
    await assertRejects(() => page.save(draft, "One."), Error, "cannot be reached");
    server.disturb = () => undefined;
    await page.save(draft, "One. Two.");
    assertEquals(server.documents.map((stored) => textIn(stored)), ["One. Two."]);
  });
  await t.step("a later save whose answer is lost", async () => {
    const { server, chart } = world();
    server.add(document(inline("Start.")));
    const page = chart();
    const { draft } = await page.open();
    server.disturb = ({ method }) => method === "PUT" ? "lost" : undefined;
    await assertRejects(() => page.save(draft, "Start. One."), Error, "cannot be reached");
    server.disturb = () => undefined;
    await page.save(draft, "Start. One. Two.");
    assertEquals(textIn(server.documents[0]), "Start. One. Two.");
  });
});

Deno.test("older drafts are found on later pages; a page that is missing is told", async () => {
  const { server, chart } = world();
  server.pageSize = 5;
  for (let i = 0; i < 21; i++) server.add(document(inline("signed"), { docStatus: "final" }));
  server.add(document(inline("the draft")));
  assertEquals((await chart().open()).draft.text, "the draft");
  server.disturb = ({ url }) => /_from=10/.test(url) ? "gone" : undefined;
  const { draft, notices } = await chart().open();
  assertEquals(draft.text, "");
  assertStringIncludes(notices.join(), "Not all documents");
});

Deno.test("what is no DocumentReference is passed over", async () => {
  const { server, chart } = world();
  server.disturb = ({ method }) =>
    method === "GET"
      ? Response.json({
        resourceType: "Bundle",
        entry: [{ resource: { resourceType: "OperationOutcome" } }, { fullUrl: "x" }],
      })
      : undefined;
  assertEquals((await chart().open()).draft.text, "");
});

Deno.test("a refusal says what the chart said; an empty note is not saved", async () => {
  const { server, chart } = world();
  const page = chart();
  const { draft } = await page.open();
  await assertRejects(() => page.save(draft, " \n"), RangeError, "empty note");
  server.disturb = ({ method }) =>
    method === "POST"
      ? Response.json({
        resourceType: "OperationOutcome",
        issue: [{ severity: "error", diagnostics: "no such patient" }],
      }, { status: 422 })
      : undefined;
  await assertRejects(
    () => page.save(draft, "x"),
    Error,
    "the chart answered 422: no such patient",
  );
});

Deno.test("a text with a carriage return or a byte order mark reads as it looks", async () => {
  const { server, chart } = world();
  server.add(document(inline("\ufeffone\r\ntwo\rthree")));
  const { draft } = await chart().open();
  assertEquals(draft.text, "one\ntwo\nthree");
  assertEquals(textIn(noteOf(draft, "one")), "one");
});
