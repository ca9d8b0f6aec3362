/// <reference lib="dom" />

// The self-test of the worker: in an integrator's page that something is wrong with, and at /check.

import { assert, assertEquals } from "@std/assert";
import { buildPages } from "../../../worker/host/build_pages.ts";
import type { Finding } from "../../../worker/pages/check.ts";
import { ProblemError } from "../../../worker/src/problem.ts";
import { axeFindings, startBrowser } from "../../helpers/browser.ts";
import { tinyApp } from "../../helpers/tiny_service.ts";

const listen = (answer: (request: Request) => Response | Promise<Response>) =>
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);

Deno.test("the self-test says what is wrong and what to change", async (t) => {
  const pages = await buildPages();
  let policy = "";
  const integrator = listen(() =>
    new Response('<!doctype html><html lang="en"><title>EHR</title></html>', {
      headers: { "content-type": "text/html", "content-security-policy": policy },
    })
  );
  const origin = `http://127.0.0.1:${integrator.addr.port}`;
  const authenticate = (request: Request) =>
    request.headers.get("authorization") === "Bearer good"
      ? Promise.resolve("jwt:user")
      : Promise.reject(new ProblemError(401, "No token"));
  let { app } = tinyApp({ pages, allowedOrigins: [origin], authenticate });
  const server = listen((request) => app.fetch(request));
  const worker = `http://127.0.0.1:${server.addr.port}`;
  const browser = await startBrowser();

  /** The findings in the integrator's page. */
  const findings = async (token?: string, endpoint = worker): Promise<Finding[]> => {
    const page = await browser.newPage();
    try {
      await page.goto(origin);
      return await page.evaluate(async ([worker, endpoint, token]) => {
        const { check } = await import(`${worker}/check.js`);
        return await check({ endpoint, getToken: () => token });
      }, [worker, endpoint, token] as const);
    } finally {
      await page.close();
    }
  };
  const lastOf = async (...given: Parameters<typeof findings>) =>
    (await findings(...given)).at(-1)!;

  try {
    await t.step("everything right", async () => {
      const found = await findings("good");
      const tests = ["page", "policy", "origin", "token", "suggestions", "speed"];
      assertEquals(found.map(({ test }) => test), tests);
      assert(found.slice(0, 5).every(({ ok }) => ok), JSON.stringify(found));
    });

    await t.step("a token that is missing or refused", async () => {
      const without = await lastOf();
      assertEquals([without.test, without.ok], ["token", false]);
      assert(/getToken gave none/.test(without.says), without.says);
      const { says } = await lastOf("bad");
      assert(/refuses the token \(401\).*OIDC_AUDIENCE/.test(says), says);
    });

    await t.step("an origin that the worker does not know", async () => {
      app = tinyApp({ pages, allowedOrigins: [], authenticate }).app;
      const { test, ok, says } = await lastOf("good");
      assertEquals([test, ok], ["origin", false]);
      assert(says.includes(`add ${origin} to ALLOWED_ORIGINS`), says);
      app = tinyApp({ pages, allowedOrigins: [origin], authenticate }).app;
    });

    await t.step("a content security policy that forbids the request", async () => {
      policy = `default-src 'self'; script-src ${worker}`;
      const { test, ok, says } = await lastOf("good");
      assertEquals([test, ok], ["policy", false]);
      assert(says.includes(`add ${worker} to its connect-src`), says);
      policy = "";
    });

    await t.step("a worker that is not there", async () => {
      const { test, says } = await lastOf("good", "http://127.0.0.1:1");
      assert(test === "policy" && /cannot be reached/.test(says), says);
    });

    await t.step("the page at /check", async () => {
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on("pageerror", ({ message }) => problems.push(message));
      await page.goto(`${worker}/check`);
      await page.getByText(`import("${worker}/check.js")`).waitFor();
      await page.getByRole("button", { name: "Test" }).click();
      await page.getByText("Not working: token.").waitFor();
      await page.getByLabel("Token").fill("good");
      await page.getByRole("button", { name: "Test" }).click();
      await page.getByText("The worker answers.").waitFor();
      assertEquals([await axeFindings(page), problems], [[], []]);
      await page.close();
    });
  } finally {
    await browser.close();
    await server.shutdown();
    await integrator.shutdown();
  }
});
