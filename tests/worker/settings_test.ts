// Settings that could not work are refused by name, before anything is served with them.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { writeJson } from "../../pipeline/lib/base/files.ts";
import { readSettings } from "../../worker/host/settings.ts";
import { settingsOf } from "../../worker/src/main.ts";
import { settingMistakes, type Settings } from "../../worker/src/settings.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { post, tinyApp } from "../helpers/tiny_service.ts";

const API_KEYS = JSON.stringify([{ name: "ehr", sha256: "0".repeat(64) }]);
const oidc = {
  OIDC_ISSUER: "https://idp.example.org",
  OIDC_AUDIENCE: "nano",
  OIDC_JWKS_URL: "https://idp.example.org/jwks",
};

const refused: [Settings, string][] = [
  [{ ALLOWED_ORIGINS: "https://ehr.example.org/" }, 'write "https://ehr.example.org"'],
  [{ ALLOWED_ORIGINS: "https://a.example, HTTPS://B.example" }, 'write "https://b.example"'],
  [{ ALLOWED_ORIGINS: "https://ehr.example:443" }, 'write "https://ehr.example"'],
  [{ ALLOWED_ORIGINS: "https://ehr.example/app" }, "no browser sends"],
  [
    { ALLOWED_ORIGINS: "ehr.example.org" },
    'ALLOWED_ORIGINS has "ehr.example.org", expected scheme',
  ],
  [{ ALLOWED_ORIGINS: "*" }, 'ALLOWED_ORIGINS has "*"'],
  [{ ALLOWED_ORIGINS: '["https://a.example"]' }, "ALLOWED_ORIGINS begins with [, expected names"],
  [{ SMART_SERVERS: "fhir.ehr.example.org" }, 'SMART_SERVERS has "fhir.ehr.example.org"'],
  [{ SMART_SERVERS: "http://fhir.ehr.example.org" }, "expected an https:// address"],
  [{ HOSTS: "https://ehr.example" }, "HOSTS has"],
  [{ HOSTS: "Ehr.example" }, "in lower case"],
  [{ HOSTS: "ehr.example:8443" }, "without scheme and port"],
  [{ RATE_LIMIT: "many" }, "RATE_LIMIT"],
  [{ RATE_LIMIT: "0" }, "at least 1"],
  [{ ...oidc, OIDC_AUDIENCE: '["one","two"]' }, "OIDC_AUDIENCE begins with ["],
  [{ ...oidc, OIDC_JWKS_URL: "http://idp.example.org/jwks" }, "OIDC_JWKS_URL has"],
  [{ ...oidc, OIDC_JWKS_URL: undefined }, "set OIDC_ISSUER, OIDC_AUDIENCE and one of"],
  [{ ...oidc, OIDC_ISSUER: "idp" }, "OIDC_ISSUER has"],
  [
    { ...oidc, OIDC_INTROSPECTION_URL: "https://idp.example.org/i" },
    "OIDC_CLIENT_SECRET go with it",
  ],
];

Deno.test("what could not work is named, in the worker as on the command line", async () => {
  for (const [settings, expected] of refused) {
    const [mistake] = settingMistakes(settings);
    assertStringIncludes(mistake, expected);
  }
  const { app } = tinyApp(settingsOf({ API_KEYS, ALLOWED_ORIGINS: "https://ehr.example.org/" }));
  const answer = await app.request("/complete", post({ text: "a" }));
  assertEquals(answer.status, 503);
  assertEquals((await answer.json()).detail, "The settings are wrong; see the worker's log");
  assertEquals((await app.request("/healthz")).status, 200);
});

Deno.test("what works is taken", () => {
  const taken: Settings = {
    API_KEYS,
    ...oidc,
    OIDC_AUDIENCE: "one, two",
    ALLOWED_ORIGINS: "https://ehr.example.org, http://localhost:3000",
    SMART_SERVERS: "https://fhir.ehr.example.org/r4, http://127.0.0.1:9000",
    HOSTS: "notes.hospital.example, 10.0.0.1",
    RATE_LIMIT: "1200",
  };
  assertEquals(settingMistakes(taken), []);
  assertEquals(settingMistakes({}), []);
});

Deno.test(
  "a settings file may hold lists where several values are meant, and nothing else but texts",
  inFolder(async (root) => {
    const path = join(root, "deploy.json");
    const read = async (settings: unknown) => {
      await writeJson(path, settings);
      return await readSettings(path);
    };
    const keys = JSON.parse(API_KEYS);
    const { secrets, engine } = await read({
      API_KEYS: keys,
      ALLOWED_ORIGINS: ["https://a.example.org", "https://b.example.org"],
      ENGINE: "onnxruntime-web",
    });
    assertEquals(secrets.ALLOWED_ORIGINS, "https://a.example.org,https://b.example.org");
    assertEquals(secrets.API_KEYS, API_KEYS);
    assertEquals(engine, "onnxruntime-web");
    for (
      const [settings, expected] of [
        [{ ALLOWED_ORIGINS: ["https://a.example/"] }, "which no browser sends"],
        [{ OIDC_SCOPE: ["a"] }, "sets OIDC_SCOPE to a list, expected a text"],
        [
          { SMART_SERVERS: [1] },
          "sets SMART_SERVERS to a list, expected a text or a list of texts",
        ],
        [{ HOSTS: null }, "sets HOSTS to null"],
        [{ RATE_LIMIT: "5" }, "sets RATE_LIMIT, expected only ENGINE, API_KEYS"],
        [{ ENGINE: "torch" }, "ENGINE in"],
      ] as const
    ) {
      const error = await assertRejects(() => read({ API_KEYS: keys, ...settings }), TypeError);
      assertStringIncludes(error.message, expected);
      assertEquals(error.message.split("\n").length, 1);
    }
  }),
);

Deno.test("only its own host names are answered, but for the probes", async () => {
  const { app } = tinyApp({ hosts: ["localhost", "127.0.0.1", "[::1]", "notes.example"] });
  const status = async (url: string, init?: RequestInit) =>
    (await app.request(new Request(url, init))).status;
  for (const host of ["localhost:8787", "127.0.0.1:1", "[::1]:8787", "notes.example"]) {
    assertEquals(await status(`http://${host}/model`), 200, host);
  }
  for (
    const host of ["evil.example", "localhost.evil.example", "127.0.0.1.nip.example", "10.0.0.1"]
  ) {
    assertEquals(await status(`http://${host}/model`), 421, host);
    assertEquals(await status(`http://${host}/complete`, post({ text: "a" })), 421, host);
    assertEquals(await status(`http://${host}/`), 421, host);
    assertEquals(await status(`http://${host}/healthz`), 200, host);
  }
  assertEquals(await (await tinyApp().app.request("http://any.example/healthz")).status, 200);
});
