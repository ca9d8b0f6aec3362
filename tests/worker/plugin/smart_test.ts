/// <reference lib="dom" />

// The SMART page, launched by a mock EHR in a frame, in a real Chromium.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { draftOf, noteOf } from "../../../worker/pages/document_reference.ts";
import { buildPages } from "../../../worker/host/build_pages.ts";
import { axeFindings, startBrowser } from "../../helpers/browser.ts";
import { ACCESS_TOKEN, CLIENT_ID, RENEWED_TOKEN, startMockEhr } from "../../helpers/mock_ehr.ts";
import { tinyApp } from "../../helpers/tiny_service.ts";
import { ProblemError } from "../../../worker/src/problem.ts";

const textOf = (document: Record<string, unknown>) =>
  draftOf(
    { entry: [{ resource: document }] },
    "p1",
    null,
  ).text;

Deno.test("a note's text survives the way into a DocumentReference and back", () => {
  const empty = draftOf({ resourceType: "Bundle" }, "p1", "e1");
  assertEquals([empty.id, empty.text], [undefined, ""]);
  const text = "Ménière's disease, 37 °C\n – \u{1F9EA}";
  const note = noteOf(empty, text);
  assertEquals(textOf(note), text);
  assertEquals(note.docStatus, "preliminary");
  const final = { ...note, docStatus: "final" };
  assertEquals(draftOf({ entry: [{ resource: final }] }, "p1", null).id, undefined);
});

Deno.test("launch, complete, save, hand back", async () => {
  let workerUrl = "";
  const ehr = startMockEhr(() => `${workerUrl}/smart/launch`);
  const tokens: (string | null)[] = [];
  let expired = false;
  const { app } = tinyApp({
    pages: await buildPages(),
    allowedOrigins: [ehr.url],
    smart: { clientId: CLIENT_ID, servers: [ehr.fhir] },
    authenticate: (request) => {
      const token = request.headers.get("authorization");
      tokens.push(token);
      if (expired && token === `Bearer ${ACCESS_TOKEN}`) {
        throw new ProblemError(401, "The access token has expired");
      }
      return Promise.resolve("jwt:user");
    },
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => app.fetch(request),
  );
  workerUrl = `http://127.0.0.1:${server.addr.port}`;
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (/Content Security Policy/.test(message.text())) problems.push(message.text());
    });
    await page.goto(`${ehr.url}/ehr`);
    const frame = page.frameLocator("iframe");
    await frame.getByText("Test Person").waitFor();
    const draft = frame.getByLabel("Draft");
    await draft.pressSequentially("The patient");
    await frame.locator("nano-med-ghost .text").filter({ hasText: "has" }).waitFor();
    await page.keyboard.press("Tab");
    const text = "The patient has hypertension and chest pain";
    assertEquals(await draft.inputValue(), text);
    assert(tokens.length > 0 && tokens.every((token) => token === `Bearer ${ACCESS_TOKEN}`));

    await frame.getByRole("button", { name: "Save as preliminary" }).click();
    await frame.getByText("Saved as preliminary.").waitFor();
    const [saved] = ehr.documents;
    assertEquals([textOf(saved), saved.docStatus, saved.status], [text, "preliminary", "current"]);
    assertEquals(saved.subject, { reference: "Patient/p1" });
    assertEquals(saved.context, { encounter: [{ reference: "Encounter/e1" }] });

    await draft.press("End");
    await page.keyboard.type(".");
    await frame.getByRole("button", { name: "Save as preliminary" }).click();
    await frame.getByText("Saved as preliminary.").waitFor();
    while (textOf(ehr.documents[0]) !== `${text}.`) await page.waitForTimeout(10);
    assertEquals(ehr.documents.length, 1, "a second document instead of a newer draft");

    await frame.getByRole("button", { name: "Hand back" }).click();
    await frame.getByText("Handed back.").waitFor();
    const [created, done] = ehr.messages();
    assertEquals([created.messageType, created.messagingHandle, created.from], [
      "scratchpad.create",
      "handle-1",
      workerUrl,
    ]);
    const { resource } = created.payload as { resource: Record<string, unknown> };
    assertEquals(textOf(resource), `${text}.`);
    assertEquals(done.messageType, "ui.done");
    assertEquals(await axeFindings(page), []);

    // A token that has expired is renewed without the writer noticing.
    expired = true;
    await draft.fill("");
    await draft.pressSequentially("The patient");
    await frame.locator("nano-med-ghost .text").filter({ hasText: "has" }).waitFor();
    assertEquals(tokens.at(-1), `Bearer ${RENEWED_TOKEN}`);

    // Launched again, the draft is there.
    await page.goto(`${ehr.url}/ehr`);
    await frame.getByText("Test Person").waitFor();
    assertEquals(await frame.getByLabel("Draft").inputValue(), `${text}.`);
    assertEquals(problems, []);

    // A link with somebody else's address gets nothing.
    const other = await browser.newPage();
    await other.goto(`${workerUrl}/smart/launch?iss=https://evil.example/fhir&launch=xyz`);
    await other.getByText("is not among this worker's SMART_SERVERS").waitFor();
    const policy = (await app.request("/smart/launch")).headers.get("content-security-policy")!;
    assertStringIncludes(policy, `connect-src 'self' ${ehr.url};`);
    assertStringIncludes(policy, `frame-ancestors ${ehr.url}`);
  } finally {
    await browser.close();
    await server.shutdown();
    await ehr.stop();
  }
});
