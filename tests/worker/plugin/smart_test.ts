/// <reference lib="dom" />

// The SMART page, launched by a mock EHR in a frame, in a real Chromium.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { axeFindings } from "../../helpers/browser.ts";
import { ACCESS_TOKEN, RENEWED_TOKEN } from "../../helpers/mock_ehr.ts";
import type { Json } from "../../helpers/mock_fhir.ts";
import { inWorld, launch } from "../../helpers/smart_page.ts";

const base64 = (text: string) => new TextEncoder().encode(text).toBase64();
const textOf = (document: Json) =>
  new TextDecoder().decode(Uint8Array.fromBase64(document.content[0].attachment.data));

const draftWith = (text: string, more: Json = {}): Json => ({
  resourceType: "DocumentReference",
  status: "current",
  docStatus: "preliminary",
  author: [{ reference: "Practitioner/dr1" }],
  context: { encounter: [{ reference: "Encounter/e1" }] },
  content: [{ attachment: { contentType: "text/plain", data: base64(text) } }],
  ...more,
});

Deno.test("launch, complete, save, hand back", () =>
  inWorld(async (world) => {
    const { ehr, browser, workerUrl, app, tokens } = world;
    const { documents } = ehr.server;
    const { page, frame, problems, draft, save } = await launch(world, browser);
    await draft.pressSequentially("The patient");
    await frame.locator("nano-med-ghost .text").filter({ hasText: "has" }).waitFor();
    await page.keyboard.press("Tab");
    const text = "The patient has hypertension and chest pain";
    assertEquals(await draft.inputValue(), text);
    assert(tokens.length > 0 && tokens.every((token) => token === `Bearer ${ACCESS_TOKEN}`));

    await save();
    const [saved] = documents;
    assertEquals([textOf(saved), saved.docStatus, saved.status], [text, "preliminary", "current"]);
    assertEquals(saved.subject, { reference: "Patient/p1" });
    assertEquals(saved.author, [{ reference: "Practitioner/dr1" }]);
    assertEquals(saved.custodian, { reference: "Organization/ward" });
    assertEquals(saved.context, { encounter: [{ reference: "Encounter/e1" }] });

    await draft.press("End");
    await page.keyboard.type(".");
    await save();
    while (textOf(documents[0]) !== `${text}.`) await page.waitForTimeout(10);
    assertEquals(documents.length, 1, "a second document instead of a newer draft");

    await frame.getByRole("button", { name: "Hand back" }).click();
    await frame.getByText("Handed back.").waitFor();
    const [created, done] = ehr.messages();
    assertEquals([created.messageType, created.messagingHandle, created.from], [
      "scratchpad.create",
      "handle-1",
      workerUrl,
    ]);
    const { resource } = created.payload as { resource: Json };
    assertEquals(textOf(resource), `${text}.`);
    assertEquals(done.messageType, "ui.done");
    assertEquals(await axeFindings(page), []);

    // A token that has expired is renewed without the writer noticing.
    world.expire();
    await draft.fill("");
    await draft.pressSequentially("The patient");
    await frame.locator("nano-med-ghost .text").filter({ hasText: "has" }).waitFor();
    assertEquals(tokens.at(-1), `Bearer ${RENEWED_TOKEN}`);
    assertEquals(problems, []);

    // Launched again elsewhere, the saved draft is there.
    const again = await launch(world, browser);
    assertEquals(await again.draft.inputValue(), `${text}.`);

    // A link with somebody else's address gets nothing.
    const other = await browser.newPage();
    await other.goto(`${workerUrl}/smart/launch?iss=https://evil.example/fhir&launch=xyz`);
    await other.getByText("is not among this worker's SMART_SERVERS").waitFor();
    const policy = (await app.request("/smart/launch")).headers.get("content-security-policy")!;
    assertStringIncludes(policy, `connect-src 'self' ${ehr.url};`);
    assertStringIncludes(policy, `frame-ancestors ${ehr.url}`);
  }));

Deno.test("two windows: both texts are shown, and the writer is asked", () =>
  inWorld(async (world) => {
    const { documents } = world.ehr.server;
    world.ehr.server.add(draftWith("Start."));
    for (
      const [button, field, chart] of [
        ["Put it below mine", "Start. Plan.\n\nStart. Allergic to penicillin.", "Start. Allergic"],
        ["Take the chart's text", "Start. Allergic to penicillin.", "Start. Allergic"],
        ["Save mine in its place", "Start. Plan.", "Start. Plan."],
      ]
    ) {
      Object.assign(documents[0], draftWith("Start."));
      const a = await launch(world, world.browser), b = await launch(world, world.browser);
      await a.draft.fill("Start. Allergic to penicillin.");
      await a.save();
      await b.draft.fill("Start. Plan.");
      await b.save("Not saved: see below.");
      assertEquals(textOf(documents[0]), "Start. Allergic to penicillin.");
      assertEquals(await b.frame.locator("#theirs").innerText(), "Start. Allergic to penicillin.");
      assertEquals(await b.draft.inputValue(), "Start. Plan.");
      assert(await b.frame.getByRole("button", { name: "Save as preliminary" }).isDisabled());
      assertEquals(await axeFindings(b.page), []);
      await b.frame.getByRole("button", { name: button }).click();
      await b.frame.locator("#choice").waitFor({ state: "hidden" });
      await b.frame.getByRole("button", { name: "Save as preliminary", disabled: false }).waitFor();
      assertEquals(await b.draft.inputValue(), field);
      assert(textOf(documents[0]).startsWith(chart), textOf(documents[0]));
      await b.save();
      assertEquals([textOf(documents[0]), documents.length], [field, 1]);
      await a.page.close();
      await b.page.close();
    }
  }));

Deno.test("text stays on the page and in the browser until it is saved", () =>
  inWorld(async (world) => {
    const { ehr } = world;
    ehr.server.add(draftWith("Start."));
    const context = await world.browser.newContext();
    const a = await launch(world, context);
    ehr.server.disturb = ({ method }) =>
      method === "PUT" ? new Response("", { status: 503 }) : undefined;
    await a.draft.press("End");
    await a.page.keyboard.type(" Not in the chart.");
    await a.save("Not saved: the chart answered 503");
    assertEquals(await a.draft.inputValue(), "Start. Not in the chart.");
    const asked = new Promise<string>((resolve) =>
      a.page.on("dialog", (dialog) => {
        resolve(dialog.type());
        void dialog.accept();
      })
    );
    await a.page.close({ runBeforeUnload: true });
    assertEquals(await asked, "beforeunload");

    const b = await launch(world, context);
    assertEquals(await b.draft.inputValue(), "Start. Not in the chart.");
    await b.frame.getByText("has been restored").waitFor();

    // Somebody else at the same computer is not shown it.
    ehr.user = "Practitioner/dr2";
    const other = await launch(world, context);
    assertEquals(await other.draft.inputValue(), "");
    await other.page.close();
    ehr.user = "Practitioner/dr1";

    // The chart has changed in between: both are shown.
    const { documents } = ehr.server;
    Object.assign(documents[0], draftWith("Changed."), { meta: { versionId: "9" } });
    const c = await launch(world, context);
    await c.frame.getByText("the chart has changed").waitFor();
    assertEquals(await c.frame.locator("#theirs").innerText(), "Changed.");
    ehr.server.disturb = () => undefined;
    await c.frame.getByRole("button", { name: "Put it below mine" }).click();
    await c.save();
    assertEquals(textOf(documents[0]), "Start. Not in the chart.\n\nChanged.");
    const kept = await c.page.frames()[1].evaluate(() => JSON.stringify({ ...localStorage }));
    assert(!kept.includes("Not in the chart"), "kept after it was saved");
    let dialogs = 0;
    c.page.on("dialog", (dialog) => (dialogs++, dialog.accept()));
    await c.page.close({ runBeforeUnload: true });
    await c.page.waitForEvent("close").catch(() => {});
    assertEquals(dialogs, 0, "asked although everything is saved");
    await context.close();
  }));

Deno.test("XHTML by configuration; formatting that would be lost is left alone", () =>
  inWorld(async (world) => {
    const { server } = world.ehr;
    const a = await launch(world, world.browser);
    const text = "Temp < 37 °C & stable\n\n  indented";
    await a.draft.fill(text);
    await a.save();
    const { contentType } = server.documents[0].content[0].attachment;
    assertEquals(contentType, "application/xhtml+xml; charset=utf-8");
    assertStringIncludes(textOf(server.documents[0]), "Temp &lt; 37 °C &amp; stable<br/>");
    const b = await launch(world, world.browser);
    assertEquals(await b.draft.inputValue(), text);

    const rich = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>a <b>b</b></p></body></html>';
    const attachment = { contentType, data: base64(rich) };
    server.documents[0].content = [{ attachment }];
    const c = await launch(world, world.browser);
    await c.frame.getByText("its formatting (b) would be lost").waitFor();
    assertEquals(await c.draft.inputValue(), "");
  }, { format: "application/xhtml+xml" }));
