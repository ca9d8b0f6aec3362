/** Requests to the chart's FHIR server, and to no other: they carry the user's token. */

export interface Resource {
  resourceType?: string;
  id?: string;
  meta?: { versionId?: string };
  // deno-lint-ignore no-explicit-any
  [field: string]: any;
}

export interface Answer {
  status: number;
  headers: Headers;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface FhirRequest {
  method?: "GET" | "POST" | "PUT";
  headers?: Record<string, string>;
  body?: Resource;
}

const TIMEOUT_MS = 30_000;

/** The server refused; `message` is what its OperationOutcome says. */
export class FhirError extends Error {
  constructor(readonly status: number, detail: string) {
    super(`the chart answered ${status}${detail && `: ${detail}`}`);
  }
}

/** The server could not be reached, or its CORS settings do not allow the request. */
export class UnreachableError extends Error {}

export class FhirServer {
  readonly base: string;
  readonly #token: (refused: boolean) => Promise<string | undefined>;
  readonly #fetch: typeof fetch;

  /** `token(true)` is asked for when the server refused the last one. */
  constructor(
    base: string,
    token: (refused: boolean) => Promise<string | undefined>,
    send: typeof fetch = (...given) => fetch(...given),
  ) {
    this.base = base.replace(/\/+$/, "");
    this.#token = token;
    this.#fetch = send;
  }

  /** The absolute address of `path`; a RangeError if it is not on this server. */
  addressOf(path: string): string {
    const { href } = new URL(path, `${this.base}/`);
    const rest = href.startsWith(this.base) ? href.slice(this.base.length) : "";
    if (/^[/?]/.test(rest)) return href;
    throw new RangeError(`${href} is not on the chart's server ${this.base}`);
  }

  /** Throws FhirError for 4xx and 5xx, UnreachableError if there was no answer. */
  async request(path: string, request: FhirRequest = {}): Promise<Answer> {
    const address = this.addressOf(path);
    let response = await this.#send(address, request, false);
    if (response.status === 401) {
      await response.body?.cancel();
      response = await this.#send(address, request, true);
    }
    const bytes = await response.bytes();
    const answer = { status: response.status, headers: response.headers, bytes };
    if (!response.ok) throw new FhirError(response.status, outcomeOf(answer));
    return answer;
  }

  /** The resource at `path`. */
  async read(path: string): Promise<Resource> {
    const resource = resourceOf(await this.request(path));
    if (resource) return resource;
    throw new TypeError(`the chart answered ${path.split("?")[0]} without a resource`);
  }

  async #send(address: string, request: FhirRequest, refused: boolean): Promise<Response> {
    const { method = "GET", headers = {}, body } = request;
    const token = await this.#token(refused);
    try {
      return await this.#fetch(address, {
        method,
        headers: {
          accept: "application/fhir+json",
          ...(body && { "content-type": "application/fhir+json" }),
          ...(token && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: body && JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      const names = Object.keys(headers).join(", ");
      throw new UnreachableError(
        `the chart cannot be reached (${(error as Error).message})` +
          (names && `; if it can be read, its CORS settings have to allow ${names}`),
      );
    }
  }
}

/** The resource in an answer; undefined if there is none. */
export function resourceOf({ bytes }: Answer): Resource | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value?.resourceType === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The first thing that an OperationOutcome objects to. */
function outcomeOf(answer: Answer): string {
  const issues = resourceOf(answer)?.issue;
  if (!Array.isArray(issues)) return "";
  return issues.filter(({ severity }) => severity === "error" || severity === "fatal")
    .map(({ diagnostics, details, code }) => diagnostics ?? details?.text ?? code)
    .filter(Boolean).join("; ").slice(0, 300);
}
