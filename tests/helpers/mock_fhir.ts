// A FHIR R4 server in memory, as far as notes need one: versions, If-Match, If-None-Exist, paging.
// Switches make it behave like servers in the field.

// deno-lint-ignore no-explicit-any
export type Json = Record<string, any>;

export class MockFhir {
  /** As they are stored, with their versions. */
  readonly documents: Json[] = [];
  /** Texts by id. A string is answered as a Binary resource, a response as it is. */
  readonly binaries: Record<string, string | (() => Response)> = {};
  /** Method, path and query of each request, with If-Match or If-None-Exist. */
  readonly log: string[] = [];
  /** What a 201 holds: the resource, only its address, or nothing that a browser can read. */
  created: "resource" | "location" | "nothing" = "resource";
  /** Whether If-None-Exist is known. */
  conditional = true;
  /** Whether resources have versions. */
  versioned = true;
  pageSize = 50;
  /** Answers in the place of the server: "lost" does the work and loses the answer. */
  disturb: (request: Request) => "lost" | "gone" | Response | undefined = () => undefined;

  constructor(readonly base: string) {}

  /** Puts a document into the chart. */
  add(document: Json): Json {
    const stored: Json = { ...document, id: document.id ?? `d${this.documents.length + 1}` };
    if (this.versioned) stored.meta = { versionId: "1" };
    this.documents.push(stored);
    return stored;
  }

  async answer(request: Request): Promise<Response> {
    const { pathname, search, searchParams } = new URL(request.url);
    const header = (name: string) => {
      const value = request.headers.get(name);
      return value ? ` ${name} ${value}` : "";
    };
    const path = pathname.slice(new URL(this.base).pathname.length + 1);
    this.log.push(
      `${request.method} ${path}${search}${header("if-match")}${header("if-none-exist")}`,
    );
    const disturbed = this.disturb(request.clone());
    if (disturbed instanceof Response) return disturbed;
    if (disturbed === "gone") throw new TypeError("Failed to fetch");
    const response = await this.#do(request, path, searchParams);
    if (disturbed === "lost") throw new TypeError("Failed to fetch");
    return response;
  }

  async #do(request: Request, path: string, given: URLSearchParams): Promise<Response> {
    const [type, id] = path.split("/");
    if (type === "Patient") {
      return json({ resourceType: "Patient", id, name: [{ text: "Test Person" }] });
    }
    if (type === "Encounter") {
      const serviceProvider = { reference: "Organization/ward" };
      return json({ resourceType: "Encounter", id, serviceProvider });
    }
    if (type === "Binary") return this.#binary(id);
    if (type !== "DocumentReference") return outcome(404, `no ${type}`);
    if (request.method === "POST") return this.#create(await request.json(), request);
    if (id === undefined) return this.#search(given);
    const at = this.documents.findIndex((document) => document.id === id);
    if (at < 0) return outcome(404, `DocumentReference/${id} is not known`);
    if (request.method === "PUT") return this.#update(at, await request.json(), request);
    return json(this.documents[at]);
  }

  #binary(id: string): Response {
    const found = this.binaries[id];
    if (found === undefined) return outcome(404, `Binary/${id} is not known`);
    if (typeof found === "function") return found();
    const data = new TextEncoder().encode(found).toBase64();
    return json({ resourceType: "Binary", contentType: "text/plain", data });
  }

  #create(document: Json, request: Request): Response {
    const once = new URLSearchParams(request.headers.get("if-none-exist") ?? "").get("identifier");
    const same = ({ identifier }: Json) =>
      identifier?.some(({ system, value }: Json) => `${system}|${value}` === once);
    const found = this.conditional && once ? this.documents.find(same) : undefined;
    if (found) return json(found);
    if (!document.category) return outcome(422, "category: minimum required = 1");
    const stored = this.add(document);
    if (this.created === "resource") return json(stored, 201);
    const location = `${this.base}/DocumentReference/${stored.id}/_history/1`;
    return new Response(null, {
      status: 201,
      headers: {
        location,
        ...(this.created === "location" && { "access-control-expose-headers": "location" }),
        ...(this.created === "nothing" && { location: "" }),
      },
    });
  }

  #update(at: number, document: Json, request: Request): Response {
    const version = this.documents[at].meta?.versionId;
    const expected = request.headers.get("if-match");
    if (expected && expected !== `W/"${version}"`) return outcome(412, "another version");
    const meta = this.versioned ? { versionId: String(Number(version) + 1) } : undefined;
    this.documents[at] = { ...document, meta };
    return json(this.documents[at]);
  }

  #search(given: URLSearchParams): Response {
    const from = Number(given.get("_from") ?? 0), to = from + this.pageSize;
    const next = new URLSearchParams(given);
    next.set("_from", `${to}`);
    return json({
      resourceType: "Bundle",
      type: "searchset",
      link: to < this.documents.length
        ? [{ relation: "next", url: `${this.base}/DocumentReference?${next}` }]
        : [],
      entry: this.documents.slice(from, to).map((resource) => ({ resource })),
    });
  }
}

const json = (value: Json, status = 200) =>
  Response.json(value, { status, headers: { "content-type": "application/fhir+json" } });

const outcome = (status: number, diagnostics: string) =>
  json({ resourceType: "OperationOutcome", issue: [{ severity: "error", diagnostics }] }, status);
