/**
 * As much of an EHR as a SMART launch needs, over HTTP: a FHIR R4 server with a patient and
 * DocumentReferences, an authorization server that insists on PKCE, and a page with the app in a
 * frame that answers SMART Web Messaging.
 */

import { MockFhir } from "./mock_fhir.ts";

export interface MockEhr {
  url: string;
  /** Address of the FHIR server. */
  fhir: string;
  server: MockFhir;
  /** The user's own resource, as the identity token has it. */
  user: string;
  /** What the frame has sent, in order. */
  messages(): Record<string, unknown>[];
  /** Path and authorization of every FHIR request. */
  requests: { method: string; path: string; authorization: string | null }[];
  stop(): Promise<void>;
}

export const ACCESS_TOKEN = "access.token.signed";
/** What a refresh gives in its place. */
export const RENEWED_TOKEN = "renewed.token.signed";
export const CLIENT_ID = "nano-med-gpt";

const challengeOf = async (verifier: string) => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return new Uint8Array(digest).toBase64({ alphabet: "base64url", omitPadding: true });
};

/** fhirclient reads the claims and leaves the signature to the server that gets the token. */
const unsignedToken = (claims: object) =>
  ["e30", btoa(JSON.stringify(claims)).replaceAll("=", ""), ""].join(".");

/**
 * `appUrl`: the app's launch address, which the EHR page shows in a frame. `fhir` answers in the
 * place of the server in memory.
 */
export function startMockEhr(
  appUrl: () => string,
  fhir?: (request: Request) => Promise<Response>,
): MockEhr {
  const codes = new Map<string, string>();
  const messages: Record<string, unknown>[] = [];

  const answer = async (request: Request): Promise<Response> => {
    const { pathname, searchParams, origin } = new URL(request.url);
    if (request.method === "OPTIONS") return new Response(null, { status: 204 });
    if (pathname === "/ehr") return html(framePage(`${appUrl()}?iss=${origin}/fhir&launch=xyz`));
    if (pathname === "/message") {
      messages.push(await request.json());
      return Response.json({});
    }
    if (pathname === "/authorize") return authorize(searchParams, origin);
    if (pathname === "/token") return await token(new URLSearchParams(await request.text()));
    if (pathname === "/fhir/.well-known/smart-configuration") {
      return Response.json({
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        code_challenge_methods_supported: ["S256"],
        capabilities: ["launch-ehr", "client-public", "context-ehr-patient", "permission-v2"],
      });
    }
    if (pathname === "/fhir/metadata") {
      return Response.json({ resourceType: "CapabilityStatement", fhirVersion: "4.0.1" });
    }
    const authorization = request.headers.get("authorization");
    ehr.requests.push({ method: request.method, path: pathname, authorization });
    const known = [ACCESS_TOKEN, RENEWED_TOKEN].map((token) => `Bearer ${token}`);
    if (!known.includes(authorization ?? "")) return new Response(null, { status: 401 });
    return await (fhir ? fhir(request) : ehr.server.answer(request));
  };

  const authorize = (given: URLSearchParams, origin: string): Response => {
    const wrong = given.get("client_id") !== CLIENT_ID || given.get("launch") !== "xyz" ||
      given.get("aud") !== `${origin}/fhir` || given.get("code_challenge_method") !== "S256";
    if (wrong) return new Response("invalid_request", { status: 400 });
    const code = crypto.randomUUID();
    codes.set(code, given.get("code_challenge")!);
    const back = new URL(given.get("redirect_uri")!);
    back.search = `${new URLSearchParams({ code, state: given.get("state")! })}`;
    return Response.redirect(back.href, 302);
  };

  const token = async (given: URLSearchParams): Promise<Response> => {
    if (given.get("grant_type") === "refresh_token") {
      if (given.get("refresh_token") !== "refresh-1") {
        return Response.json({ error: "invalid_grant" }, { status: 400 });
      }
      return Response.json({ access_token: RENEWED_TOKEN, token_type: "Bearer", expires_in: 3600 });
    }
    const challenge = codes.get(given.get("code") ?? "");
    codes.delete(given.get("code") ?? "");
    if (challenge !== await challengeOf(given.get("code_verifier") ?? "")) {
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    }
    return Response.json({
      access_token: ACCESS_TOKEN,
      token_type: "Bearer",
      expires_in: 3600,
      refresh_token: "refresh-1",
      scope: "launch online_access patient/DocumentReference.crus",
      patient: "p1",
      encounter: "e1",
      id_token: unsignedToken({ fhirUser: ehr.user }),
      smart_web_messaging_handle: "handle-1",
      smart_web_messaging_origin: ehr.url,
    });
  };

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const response = await answer(request);
      const headers = new Headers(response.headers);
      headers.set("access-control-allow-origin", "*");
      headers.set(
        "access-control-allow-headers",
        "authorization, content-type, if-match, if-none-exist",
      );
      headers.set("access-control-allow-methods", "*");
      return new Response(response.body, { status: response.status, headers });
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const ehr: MockEhr = {
    url,
    fhir: `${url}/fhir`,
    user: "Practitioner/dr1",
    server: new MockFhir(`${url}/fhir`),
    requests: [],
    messages: () => messages,
    stop: () => server.shutdown(),
  };
  return ehr;
}

const html = (body: string) => new Response(body, { headers: { "content-type": "text/html" } });

const framePage = (app: string) =>
  `<!doctype html><html lang="en"><title>EHR</title>
<main><h1>Chart</h1><iframe title="Note" width="900" height="600" src="${app}"></iframe></main>
<script>addEventListener("message", async ({ data, origin, source }) => {
  await fetch("/message", { method: "POST", body: JSON.stringify({ ...data, from: origin }) });
  const payload = data.messageType === "scratchpad.create" ? { status: "201 Created" } : {};
  source.postMessage({ messageId: "r", responseToMessageId: data.messageId, payload }, origin);
});</script></html>`;
