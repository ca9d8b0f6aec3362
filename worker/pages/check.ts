/// <reference lib="dom" />

/**
 * Says what keeps a page from getting suggestions, and what to change: origin, content security
 * policy, CORS, token and speed. To be run in the integrator's page, from its console or a script:
 * `(await import("https://notes.example.org/check.js")).check({ getToken })`.
 */

/** What one test found. */
export interface Finding {
  test: "page" | "policy" | "origin" | "token" | "suggestions" | "speed";
  ok: boolean;
  /** What was found and, where it is not ok, what to change. */
  says: string;
}

export interface CheckOptions {
  /** The worker; by default where this module came from. */
  endpoint?: string;
  /** As `attach` gets it. */
  getToken?: (refused: boolean) => string | undefined | Promise<string | undefined>;
}

/** Key to answer, beyond which suggestions come too late for most typists. */
const SLOW_MS = 200;
const REQUESTS = 5;

/** Tests one after the other, up to the first that fails; also writes them to the console. */
export async function check(
  { endpoint = new URL(import.meta.url).origin, getToken }: CheckOptions = {},
): Promise<Finding[]> {
  const worker = endpoint.replace(/\/+$/, "");
  const token = async () => await getToken?.(false);
  const findings: Finding[] = [];
  const tests = [
    () => checkPage(worker),
    () => checkPolicy(worker),
    () => checkOrigin(worker),
    () => checkToken(worker, token),
    () => checkSuggestions(worker, token),
  ];
  for (const test of tests) {
    const found = await test();
    findings.push(...found);
    if (found.some(({ ok }) => !ok)) break;
  }
  console.table(findings);
  return findings;
}

const finding = (test: Finding["test"], ok: boolean, says: string): Finding[] => [
  { test, ok, says },
];

function checkPage(worker: string): Finding[] {
  const { protocol, origin } = location;
  if (origin === "null") {
    return finding(
      "page",
      false,
      "This page has no origin of its own, as in a sandboxed frame: add allow-same-origin to its sandbox attribute.",
    );
  }
  const { protocol: its, hostname } = new URL(worker);
  const local = /^(localhost|127\.|\[::1\])/.test(hostname);
  if (protocol === "https:" && its === "http:" && !local) {
    return finding(
      "page",
      false,
      `This page has TLS and ${worker} has not: browsers refuse that. Give the worker a certificate.`,
    );
  }
  return finding("page", true, `${origin} may call ${worker} as far as TLS is concerned.`);
}

/** A violation of the page's policy is an event; everything else looks alike to a script. */
async function checkPolicy(worker: string): Promise<Finding[]> {
  let violated = "";
  const note = (event: SecurityPolicyViolationEvent) => violated ||= event.effectiveDirective;
  document.addEventListener("securitypolicyviolation", note);
  try {
    await fetch(`${worker}/healthz`, { mode: "no-cors", cache: "no-store" });
    return finding("policy", true, `The page's content security policy lets it reach ${worker}.`);
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return violated
      ? finding(
        "policy",
        false,
        `The page's content security policy forbids it: add ${worker} to its ${violated}.`,
      )
      : finding(
        "policy",
        false,
        `${worker} cannot be reached: is it running, is its certificate valid, and does this network reach it?`,
      );
  } finally {
    document.removeEventListener("securitypolicyviolation", note);
  }
}

async function checkOrigin(worker: string): Promise<Finding[]> {
  try {
    await fetch(`${worker}/plugin.js`, { cache: "no-store" });
    return finding("origin", true, `${location.origin} is allowed.`);
  } catch {
    return finding(
      "origin",
      false,
      `${worker} does not know this page: add ${location.origin} to ALLOWED_ORIGINS in the worker's settings.`,
    );
  }
}

type GetToken = () => Promise<string | undefined>;

async function checkToken(worker: string, getToken: GetToken): Promise<Finding[]> {
  let token: string | undefined;
  try {
    token = await getToken();
  } catch (error) {
    return finding("token", false, `getToken has thrown: ${(error as Error).message}`);
  }
  const { status } = await fetch(`${worker}/model`, { headers: bearer(token), cache: "no-store" });
  if (status === 401 || status === 403) {
    return finding(
      "token",
      false,
      token
        ? `The worker refuses the token (${status}): compare its issuer, audience and scope with OIDC_ISSUER, OIDC_AUDIENCE and OIDC_SCOPE in the worker's settings.`
        : "The worker wants a token and getToken gave none.",
    );
  }
  if (status !== 200) {
    return finding(
      "token",
      false,
      `${worker}/model answered ${status}: is this the worker's address? Its log says more.`,
    );
  }
  return finding(
    "token",
    true,
    token ? "The worker takes the token." : "The worker wants no token.",
  );
}

const bearer = (token: string | undefined): Record<string, string> =>
  token ? { authorization: `Bearer ${token}` } : {};

async function checkSuggestions(worker: string, getToken: GetToken): Promise<Finding[]> {
  const times: number[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    const started = performance.now();
    const response = await fetch(`${worker}/complete`, {
      method: "POST",
      headers: { "content-type": "application/json", ...bearer(await getToken()) },
      body: JSON.stringify({ text: "The patient was seen and has", session: "check", n: 1 }),
      cache: "no-store",
    });
    if (!response.ok) {
      return finding(
        "suggestions",
        false,
        `${worker}/complete answered ${response.status}${
          response.status === 429
            ? ": too many requests, try again in a minute."
            : "; the worker's log says why."
        }`,
      );
    }
    await response.json();
    times.push(performance.now() - started);
  }
  const middle = times.sort((a, b) => a - b)[REQUESTS >> 1];
  const ms = `${Math.round(middle)} ms`;
  return [
    ...finding("suggestions", true, "The worker answers."),
    ...finding(
      "speed",
      middle <= SLOW_MS,
      middle <= SLOW_MS
        ? `An answer takes ${ms} here.`
        : `An answer takes ${ms} here, longer than a pause in typing: serve the worker nearer to this page, or on faster processors.`,
    ),
  ];
}
