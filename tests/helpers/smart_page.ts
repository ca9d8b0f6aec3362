// The SMART page as an EHR launches it, in a real Chromium.

import type { Browser } from "playwright-core";
import { buildPages } from "../../worker/host/build_pages.ts";
import { ProblemError } from "../../worker/src/problem.ts";
import { startBrowser } from "./browser.ts";
import { ACCESS_TOKEN, CLIENT_ID, type MockEhr, startMockEhr } from "./mock_ehr.ts";
import { tinyApp } from "./tiny_service.ts";

export interface World {
  ehr: MockEhr;
  browser: Browser;
  workerUrl: string;
  app: ReturnType<typeof tinyApp>["app"];
  tokens: (string | null)[];
  /** Refuses the first access token from now on. */
  expire(): void;
}

export interface WorldOptions {
  /** What new notes are written in. */
  format?: string;
  /** Answers in the place of the FHIR server in memory. */
  fhir?: (request: Request) => Promise<Response>;
}

/** An EHR, a worker and a browser. */
export async function inWorld(
  test: (world: World) => Promise<void>,
  { format, fhir }: WorldOptions = {},
): Promise<void> {
  let workerUrl = "", expired = false;
  const ehr = startMockEhr(() => `${workerUrl}/smart/launch`, fhir);
  const tokens: (string | null)[] = [];
  const { app } = tinyApp({
    pages: await buildPages(),
    allowedOrigins: [ehr.url],
    smart: { clientId: CLIENT_ID, servers: [ehr.fhir], format },
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
    await test({ ehr, browser, workerUrl, app, tokens, expire: () => expired = true });
  } finally {
    await browser.close();
    await server.shutdown();
    await ehr.stop();
  }
}

/** The page in the EHR's frame. */
export async function launch({ ehr }: World, context: { newPage: Browser["newPage"] }) {
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) problems.push(message.text());
  });
  await page.goto(`${ehr.url}/ehr`);
  const frame = page.frameLocator("iframe");
  await frame.getByText("Test Person").waitFor();
  const save = async (said = "Saved as preliminary.") => {
    await frame.getByRole("button", { name: "Save as preliminary" }).click();
    await frame.getByText(said).waitFor();
  };
  return { page, frame, problems, draft: frame.getByLabel("Draft"), save };
}
