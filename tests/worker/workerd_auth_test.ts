// What only a real workerd can show: secrets, keys fetched from an identity provider, the rate limit
// binding, CORS, and a worker to which nobody was given access.

import { assert, assertEquals } from "@std/assert";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { join } from "@std/path";
import { startWorker } from "../../worker/host/start_worker.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";

Deno.test("a worker with secrets lets in whom they name, so often, from where they say", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwks = { keys: [{ ...await exportJWK(publicKey), alg: "ES256" }] };
  const provider = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json(jwks),
  );
  const issuer = `http://127.0.0.1:${provider.addr.port}`;
  const key = "nmg_" + "5".repeat(64);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  const root = await Deno.makeTempDir();
  const { exportFolder } = await writeTinyRun(join(root, "runs", "tiny"));
  const worker = await startWorker({
    exportFolder,
    port: 0,
    rateLimit: 20,
    secrets: {
      API_KEYS: JSON.stringify([{ name: "ehr", sha256: new Uint8Array(digest).toHex() }]),
      OIDC_ISSUER: issuer,
      OIDC_AUDIENCE: "nano-med-gpt",
      OIDC_JWKS_URL: `${issuer}/jwks`,
      ALLOWED_ORIGINS: "https://ehr.example",
    },
  });
  const ask = async (authorization?: string) => {
    const response = await fetch(`${worker.url}/model`, {
      headers: { origin: "https://ehr.example", ...(authorization && { authorization }) },
    });
    await response.body?.cancel();
    return response;
  };
  try {
    assertEquals((await ask()).status, 401);
    assertEquals((await ask("Bearer wrong")).status, 401);
    const known = await ask(`Bearer ${key}`);
    assertEquals(known.status, 200);
    assertEquals(known.headers.get("access-control-allow-origin"), "https://ehr.example");

    const jwt = await new SignJWT({}).setProtectedHeader({ alg: "ES256" }).setSubject("dr-7")
      .setIssuer(issuer).setAudience("nano-med-gpt").setExpirationTime("1 minute")
      .sign(privateKey);
    assertEquals((await ask(`Bearer ${jwt}`)).status, 200);

    // A minute may end in between, and counting start again: two limits and some are enough.
    const statuses = new Set<number>();
    for (let sent = 0; sent < 45; sent++) statuses.add((await ask(`Bearer ${key}`)).status);
    assertEquals([...statuses].sort(), [200, 429]);
    assertEquals((await ask(`Bearer ${jwt}`)).status, 200, "one caller's limit is another's");
  } finally {
    await worker.stop();
    await provider.shutdown();
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a worker without any authentication lets nobody in", async () => {
  const root = await Deno.makeTempDir();
  const { exportFolder } = await writeTinyRun(join(root, "runs", "tiny"));
  const worker = await startWorker({ exportFolder, port: 0, secrets: {} });
  try {
    const response = await fetch(`${worker.url}/complete`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: "a" }),
    });
    assertEquals(response.status, 503);
    assert((await response.json()).detail.startsWith("No authentication is configured"));
  } finally {
    await worker.stop();
    await Deno.remove(root, { recursive: true });
  }
});

for (const kind of [[], ["--deno"]]) {
  Deno.test(`${["serve --settings", ...kind].join(" ")} lets in whom the settings name, and nobody else`, async () => {
    const data = await Deno.makeTempDir();
    await writeTinyRun(join(data, "runs", "latest"));
    const key = "nmg_" + "6".repeat(64);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
    const settings = join(data, "deploy.json");
    const sha256 = new Uint8Array(digest).toHex();
    await Deno.writeTextFile(settings, JSON.stringify({ API_KEYS: [{ name: "ehr", sha256 }] }));
    const server = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "worker/host/serve.ts", "--data", data, "--port", "0"]
        .concat("--settings", settings, "--rate-limit", "2", kind),
      stdout: "piped",
    }).spawn();
    const ready = Promise.withResolvers<string>();
    const printing = (async () => {
      let printed = "";
      for await (const part of server.stdout.pipeThrough(new TextDecoderStream())) {
        printed += part;
        const url = /(http:\S+) is ready/.exec(printed)?.[1];
        if (url) ready.resolve(url);
      }
      ready.reject(new Error(`serve ended: ${printed}`));
    })();
    try {
      const url = await ready.promise;
      const ask = async (headers: Record<string, string>) => {
        const response = await fetch(`${url}/model`, { headers });
        await response.body?.cancel();
        return response.status;
      };
      assertEquals(await ask({}), 401);
      const statuses = [];
      for (let i = 0; i < 5; i++) statuses.push(await ask({ authorization: `Bearer ${key}` }));
      assertEquals(statuses[0], 200);
      assertEquals([...new Set(statuses)], [200, 429]);
    } finally {
      server.kill("SIGTERM");
      await server.status;
      await printing;
      await Deno.remove(data, { recursive: true });
    }
  });
}
