import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from "jose";
import { authenticator, type AuthSettings } from "../../worker/src/auth.ts";
import { ProblemError } from "../../worker/src/problem.ts";
import { post, tinyApp } from "../helpers/tiny_service.ts";

const sha256 = async (text: string) => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
};

const withKeys = async (): Promise<AuthSettings> => ({
  API_KEYS: JSON.stringify([
    { name: "ehr", sha256: await sha256("correct horse") },
    { name: "portal", sha256: await sha256("battery staple") },
  ]),
});

const request = (headers: Record<string, string> = {}) =>
  new Request("https://worker/complete", { method: "POST", headers });

const bearer = (token: string) => request({ authorization: `Bearer ${token}` });

async function refusal(settings: AuthSettings, given: Request, keySet?: never): Promise<string> {
  const error = await assertRejects(
    () => authenticator(settings, keySet)(given),
    ProblemError,
  );
  return `${error.status} ${error.message}`;
}

Deno.test("API keys name their caller, in either header", async () => {
  const authenticate = authenticator(await withKeys());
  assertEquals(await authenticate(request({ "x-api-key": "battery staple" })), "key:portal");
  const spaceless = {
    API_KEYS: JSON.stringify([{ name: "ehr", sha256: await sha256("k-123") }]),
  };
  assertEquals(await authenticator(spaceless)(bearer("k-123")), "key:ehr");
});

Deno.test("without or with wrong credentials: 401", async () => {
  const settings = await withKeys();
  assertEquals(
    await refusal(settings, request()),
    "401 Credentials are missing; send Authorization: Bearer with an API key or an access token",
  );
  assertEquals(
    await refusal(settings, bearer("wrong")),
    "401 Credentials are unknown; send Authorization: Bearer with an API key or an access token",
  );
});

Deno.test("nothing configured lets nobody in; the development flag everybody", async () => {
  assertEquals(
    await refusal({}, request()),
    "503 No authentication is configured; see worker/README.md",
  );
  assertEquals(
    await refusal({ DEVELOPMENT_NO_AUTH: "1" }, request()),
    await refusal({}, request()),
  );
  assertEquals(
    await authenticator({ DEVELOPMENT_NO_AUTH: "true" })(request()),
    "development",
  );
});

Deno.test("malformed settings are refused without quoting them", () => {
  for (const API_KEYS of ["secret", '{"a":1}', '[{"name":"a"}]', '[{"name":"","sha256":"00"}]']) {
    const error = assertThrows(
      () => authenticator({ API_KEYS }),
      TypeError,
      "Cannot read API_KEYS",
    );
    assertEquals(error.message.includes("secret"), false);
  }
  assertThrows(() => authenticator({ OIDC_ISSUER: "https://idp" }), TypeError, "set OIDC_ISSUER,");
});

const oidc = {
  OIDC_ISSUER: "https://idp.example",
  OIDC_AUDIENCE: "nano-med-gpt",
  OIDC_JWKS_URL: "https://idp.example/jwks",
  OIDC_SCOPE: "note.complete",
};

const { publicKey, privateKey } = await generateKeyPair("ES256");
const keySet = createLocalJWKSet({ keys: [{ ...await exportJWK(publicKey), alg: "ES256" }] });

interface TokenOptions {
  issuer?: string;
  audience?: string;
  expires?: number | string;
  scope?: unknown;
  key?: CryptoKey;
}

function token(
  { issuer, audience, expires, scope, key }: TokenOptions = {},
): Promise<string> {
  return new SignJWT(scope === undefined ? { scope: "openid note.complete" } : { scope })
    .setProtectedHeader({ alg: "ES256" })
    .setSubject("clinician-7")
    .setIssuer(issuer ?? oidc.OIDC_ISSUER)
    .setAudience(audience ?? oidc.OIDC_AUDIENCE)
    .setExpirationTime(expires ?? "5 minutes")
    .sign(key ?? privateKey);
}

const jwtRefusal = async (options: TokenOptions) => {
  const error = await assertRejects(
    async () => authenticator(oidc, keySet)(bearer(await token(options))),
    ProblemError,
  );
  return `${error.status} ${error.message.split(";")[0]}`;
};

Deno.test("a valid access token names its subject", async () => {
  assertEquals(await authenticator(oidc, keySet)(bearer(await token())), "jwt:clinician-7");
  const listed = await token({ scope: ["note.complete"] });
  assertEquals(await authenticator(oidc, keySet)(bearer(listed)), "jwt:clinician-7");
});

Deno.test("issuer, audience, expiry, signature and scope are checked", async () => {
  assertEquals(
    await jwtRefusal({ issuer: "https://evil" }),
    "401 The access token's iss is not accepted",
  );
  assertEquals(
    await jwtRefusal({ audience: "other" }),
    "401 The access token's aud is not accepted",
  );
  const past = Math.floor(Date.now() / 1000) - 120;
  assertEquals(await jwtRefusal({ expires: past }), "401 The access token has expired");
  const { privateKey: foreign } = await generateKeyPair("ES256");
  assertEquals(await jwtRefusal({ key: foreign }), "401 The access token is not valid");
  assertEquals(
    await jwtRefusal({ scope: "openid" }),
    "403 The access token lacks the scope note.complete",
  );
});

Deno.test("a token whose header asks for no or a shared-secret signature is refused", async () => {
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
  const claims = {
    sub: "x",
    iss: oidc.OIDC_ISSUER,
    aud: oidc.OIDC_AUDIENCE,
    exp: 4e9,
    scope: "note.complete",
  };
  const unsigned = `${part({ alg: "none" })}.${part(claims)}.`;
  const shared = await new SignJWT(claims).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode("0123456789abcdef0123456789abcdef"));
  for (const forged of [unsigned, shared]) {
    const error = await assertRejects(
      () => authenticator(oidc, keySet)(bearer(forged)),
      ProblemError,
    );
    assertEquals(error.status, 401);
  }
});

Deno.test("keys are fetched from the provider, and its failure is not the caller's fault", async () => {
  const jwk = { ...await exportJWK(publicKey), alg: "ES256" };
  let status = 500;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json({ keys: [jwk] }, { status }),
  );
  const settings = { ...oidc, OIDC_JWKS_URL: `http://127.0.0.1:${server.addr.port}/jwks` };
  const error = await assertRejects(
    async () => authenticator(settings)(bearer(await token())),
    ProblemError,
  );
  assertEquals(error.status, 503);
  status = 200;
  assertEquals(await authenticator(settings)(bearer(await token())), "jwt:clinician-7");
  await server.shutdown();
});

const KINDS = ["RS256", "PS256", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];

Deno.test("every usual signature, with a key id or without one among several keys", async () => {
  const pairs = await Promise.all(
    KINDS.map(async (alg) => ({ alg, ...await generateKeyPair(alg, { extractable: true }) })),
  );
  const other = await generateKeyPair("ES256", { extractable: true });
  const jwks = await Promise.all(
    [...pairs.map(({ publicKey }) => publicKey), other.publicKey].map(async (key, i) => ({
      ...await exportJWK(key),
      kid: `${i}`,
    })),
  );
  const authenticate = authenticator(oidc, createLocalJWKSet({ keys: jwks }));
  for (const [i, { alg, privateKey }] of pairs.entries()) {
    for (const kid of [`${i}`, undefined]) {
      const signed = await new SignJWT({ scope: "note.complete" })
        .setProtectedHeader({ alg, kid })
        .setSubject("clinician-7")
        .setIssuer(oidc.OIDC_ISSUER)
        .setAudience(oidc.OIDC_AUDIENCE)
        .setExpirationTime("5 minutes")
        .sign(privateKey);
      assertEquals(await authenticate(bearer(signed)), "jwt:clinician-7", `${alg} ${kid}`);
    }
  }
  const foreign = await generateKeyPair("ES256");
  const forged = token({ key: foreign.privateKey });
  const error = await assertRejects(async () => authenticate(bearer(await forged)), ProblemError);
  assertEquals((error as ProblemError).status, 401);
});

Deno.test("one of several audiences is enough", async () => {
  const settings = { ...oidc, OIDC_AUDIENCE: "other, nano-med-gpt" };
  assertEquals(await authenticator(settings, keySet)(bearer(await token())), "jwt:clinician-7");
});

/** An introspection endpoint that knows `answers` by token, and who asked. */
async function withIntrospection(
  answers: Record<string, unknown>,
  body: (settings: AuthSettings, asked: string[]) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const token = new URLSearchParams(await request.text()).get("token")!;
    asked.push(token);
    if (request.headers.get("authorization") !== `Basic ${btoa("worker:s%3Acret")}`) {
      return new Response("", { status: 401 });
    }
    return Response.json(answers[token] ?? { active: false });
  });
  const settings: AuthSettings = {
    OIDC_ISSUER: oidc.OIDC_ISSUER,
    OIDC_AUDIENCE: oidc.OIDC_AUDIENCE,
    OIDC_SCOPE: oidc.OIDC_SCOPE,
    OIDC_INTROSPECTION_URL: `http://127.0.0.1:${server.addr.port}/introspect`,
    OIDC_CLIENT_ID: "worker",
    OIDC_CLIENT_SECRET: "s:cret",
  };
  try {
    await body(settings, asked);
  } finally {
    await server.shutdown();
  }
}

Deno.test("opaque access tokens are asked about, once a minute", async () => {
  const scope = "openid note.complete", sub = "clinician-7";
  const answers = {
    good: { active: true, sub, scope, aud: ["nano-med-gpt"], iss: oidc.OIDC_ISSUER },
    named: { active: true, username: "jane", scope },
    narrow: { active: true, sub, scope: "openid" },
    foreign: { active: true, sub, scope, aud: "other" },
    expired: { active: true, sub, scope, exp: 1 },
    issuer: { active: true, sub, scope, iss: "https://evil" },
    nobody: { active: true, scope },
    odd: { active: "true", sub, scope },
  };
  await withIntrospection(answers, async (settings, asked) => {
    const authenticate = authenticator(settings);
    const refused = async (token: string) => {
      const error = await assertRejects(() => authenticate(bearer(token)), ProblemError);
      return `${(error as ProblemError).status} ${error.message.split(";")[0]}`;
    };
    assertEquals(await authenticate(bearer("good")), "token:clinician-7");
    assertEquals(await authenticate(bearer("good")), "token:clinician-7");
    assertEquals(asked, ["good"]);
    assertEquals(await authenticate(bearer("named")), "token:jane");
    assertEquals(await refused("unknown"), "401 The access token is not active");
    assertEquals(await refused("odd"), "401 The access token is not active");
    assertEquals(await refused("narrow"), "403 The access token lacks the scope note.complete");
    assertEquals(await refused("foreign"), "401 The access token's aud is not accepted");
    assertEquals(await refused("expired"), "401 The access token has expired");
    assertEquals(await refused("issuer"), "401 The access token's iss is not accepted");
    assertEquals(await refused("nobody"), "401 The access token names no subject");
    const unscoped = authenticator({ ...settings, OIDC_SCOPE: "" });
    const error = await assertRejects(() => unscoped(bearer("named")), ProblemError, "aud");
    assertEquals((error as ProblemError).status, 401, "no audience, and no scope of ours");
    const stranger = authenticator({ ...settings, OIDC_CLIENT_SECRET: "wrong" });
    await assertRejects(() => stranger(bearer("good")), ProblemError, "cannot be asked");
  });
});

Deno.test("every path that computes or tells about the model is guarded, the others are not", async () => {
  const { app } = tinyApp({ authenticate: authenticator(await withKeys()) });
  for (const path of ["/complete", "/v1/completions"]) {
    const response = await app.request(path, post({ text: "a", prompt: "a" }));
    assertEquals(response.status, 401, path);
    assertEquals(response.headers.get("www-authenticate"), "Bearer");
  }
  for (const path of ["/model", "/v1/models"]) {
    assertEquals((await app.request(path)).status, 401, path);
    assertEquals(
      (await app.request(path, { headers: { "x-api-key": "correct horse" } })).status,
      200,
    );
  }
  for (const path of ["/healthz", "/readyz", "/openapi.json", "/docs"]) {
    assertEquals((await app.request(path)).status, 200, path);
  }
});
