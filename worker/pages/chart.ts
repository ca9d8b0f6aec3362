/**
 * Opens and saves the user's draft. What is in the chart is replaced only by somebody who has seen
 * it: every save names the version that was read.
 */

import {
  contentOf,
  describe,
  type Draft,
  type Launch,
  newDraft,
  noteOf,
  objectionTo,
  searchOf,
} from "./document_reference.ts";
import {
  type Answer,
  FhirError,
  type FhirServer,
  type Resource,
  resourceOf,
  UnreachableError,
} from "./fhir.ts";
import { decodeBase64, readText, UnreadableError } from "./note_text.ts";

/** A draft, and what the user has to know about the chart. */
export interface Opened {
  draft: Draft;
  notices: string[];
}

/** The chart holds something that the writer has not seen; nothing was replaced. */
export class Conflict extends Error {
  /** `theirs`: the draft in the chart; undefined if it can no longer be edited. */
  constructor(reason: string, readonly theirs?: Draft) {
    super(reason);
  }
}

/** A search that goes on for longer has no end. */
const MOST_PAGES = 100;
/** How servers say that a document is not the one that was read. */
const CHANGED = new Set([404, 409, 410, 412]);

export class Chart {
  readonly #fhir: FhirServer;
  readonly #launch: Launch;
  /** Documents that were there when the draft was opened. */
  readonly #seen = new Set<string | undefined>();

  constructor(fhir: FhirServer, launch: Launch) {
    this.#fhir = fhir;
    this.#launch = launch;
  }

  /** The user's newest draft of this encounter, or a new one. */
  async open(): Promise<Opened> {
    const { documents, whole } = await this.#search();
    const notices = whole ? [] : [
      "Not all documents of this patient could be read: there may be a draft that is not shown.",
    ];
    let draft: Draft | undefined;
    for (const document of documents) {
      this.#seen.add(document.id);
      if (document.docStatus !== "preliminary") continue;
      let objection = objectionTo(document, this.#launch);
      if (!objection && draft) objection = "a newer one is open";
      try {
        if (!objection) draft = await this.#draftOf(document);
      } catch (error) {
        objection = (error as Error).message;
      }
      if (objection) notices.push(`Not opened: ${describe(document)}; ${objection}.`);
    }
    if (draft) notices.push(...remarksOn(draft.resource));
    return { draft: draft ?? newDraft(this.#launch), notices };
  }

  /** A new draft beside those that are in the chart. */
  begin(): Draft {
    return newDraft(this.#launch);
  }

  /** Saves `text` and returns the draft as the chart now has it. Throws Conflict, never replaces. */
  async save(draft: Draft, text: string): Promise<Draft> {
    if (text.trim() === "") {
      throw new RangeError("an empty note cannot be saved; delete a draft in the chart");
    }
    if (draft.resource.id !== undefined) return await this.#update(draft, text);
    const { documents } = await this.#search();
    const own = documents.find((document) => sameIdentifier(document, draft.resource));
    if (own) return await this.#updateOwn(own, draft, text);
    const other = documents.find((document) =>
      !this.#seen.has(document.id) && objectionTo(document, this.#launch) === undefined
    );
    // Another window has begun one since this page was opened.
    if (other) throw new Conflict("There is another draft by now.", await this.#draftOf(other));
    return await this.#create(draft, text);
  }

  async #create(draft: Draft, text: string): Promise<Draft> {
    const note = noteOf(draft, text);
    const [{ system, value }] = draft.resource.identifier;
    const once = { "if-none-exist": `identifier=${encodeURIComponent(`${system}|${value}`)}` };
    draft.sent.add(text);
    let answer: Answer;
    try {
      answer = await this.#fhir.request("DocumentReference", {
        method: "POST",
        body: note,
        headers: once,
      });
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      // Gone, or a server whose CORS settings do not know the header: the search tells.
      const { documents } = await this.#search();
      const own = documents.find((document) => sameIdentifier(document, draft.resource));
      if (own) return await this.#updateOwn(own, draft, text);
      answer = await this.#fhir.request("DocumentReference", { method: "POST", body: note });
    }
    const created = resourceOf(answer) ?? await this.#located(answer, draft);
    // 200: an earlier try had arrived.
    if (answer.status === 200) return await this.#updateOwn(created, draft, text);
    return await this.#saved(created, answer, note, text);
  }

  /** The document that a save without a body has made. */
  async #located({ headers }: Answer, draft: Draft): Promise<Resource> {
    const id = /DocumentReference\/([\w.-]+)/.exec(headers.get("location") ?? "")?.[1];
    if (id) return await this.#fhir.read(`DocumentReference/${id}`);
    const { documents } = await this.#search();
    const own = documents.find((document) => sameIdentifier(document, draft.resource));
    if (own) return own;
    throw new Error("the chart took the note but does not show it yet; save again to look for it");
  }

  /** `found` is this draft, created by a save whose answer was lost. */
  async #updateOwn(found: Resource, draft: Draft, text: string): Promise<Draft> {
    const theirs = await this.#draftOf(found);
    if (theirs.text === text) return theirs;
    if (!draft.sent.has(theirs.text)) throw new Conflict("The draft was changed.", theirs);
    return await this.#update({ ...theirs, sent: draft.sent }, text);
  }

  async #update(draft: Draft, text: string): Promise<Draft> {
    const { id, meta } = draft.resource;
    const version = meta?.versionId;
    const path = `DocumentReference/${id}`;
    // A server without versions: as near as it gets to seeing what would be replaced.
    if (version === undefined) await this.#expectUnchanged(draft, path);
    const body = noteOf(draft, text);
    let answer: Answer;
    try {
      answer = await this.#fhir.request(path, {
        method: "PUT",
        body,
        headers: version === undefined ? {} : { "if-match": `W/"${version}"` },
      });
    } catch (error) {
      if (error instanceof UnreachableError) draft.sent.add(text);
      if (!(error instanceof FhirError) || !CHANGED.has(error.status)) throw error;
      const theirs = await this.#current(path);
      if (!theirs) throw new Conflict("The draft can no longer be edited in the chart.");
      if (theirs.text === text) return theirs;
      if (version !== undefined && theirs.resource.meta?.versionId === version) throw error;
      // An earlier save had arrived, only its answer was lost.
      if (draft.sent.has(theirs.text)) return await this.#update(theirs, text);
      throw new Conflict("The draft was changed in the chart.", theirs);
    }
    const saved = resourceOf(answer) ?? await this.#fhir.read(path);
    return await this.#saved(saved, answer, body, text);
  }

  /** The draft after a save; `body` is what was sent. */
  async #saved(saved: Resource, answer: Answer, body: Resource, text: string): Promise<Draft> {
    if (saved.resourceType !== "DocumentReference") {
      throw new TypeError(`the chart answered the save with ${saved.resourceType}`);
    }
    const { id, meta } = withVersion(saved, answer);
    // Servers that answer with less than they keep.
    const resource = contentOf(saved) < 0 ? { ...body, ...saved, content: body.content } : saved;
    return await this.#draftOf({ ...resource, id: id ?? body.id, meta }, text);
  }

  async #expectUnchanged(draft: Draft, path: string): Promise<void> {
    const theirs = await this.#current(path);
    if (!theirs) throw new Conflict("The draft can no longer be edited in the chart.");
    if (theirs.text === draft.text || draft.sent.has(theirs.text)) return;
    throw new Conflict("The draft was changed in the chart.", theirs);
  }

  /** The draft as it is in the chart; undefined if it is none any more. */
  async #current(path: string): Promise<Draft | undefined> {
    try {
      const resource = await this.#fhir.read(path);
      return objectionTo(resource, this.#launch) ? undefined : await this.#draftOf(resource);
    } catch (error) {
      if (error instanceof UnreadableError) return undefined;
      if (error instanceof FhirError && [404, 410].includes(error.status)) return undefined;
      throw error;
    }
  }

  /** `text` where it is known, as after a save. */
  async #draftOf(resource: Resource, text?: string): Promise<Draft> {
    let at = contentOf(resource);
    const { attachment } = resource.content?.[at] ?? {};
    // What a search finds may be abridged.
    const short = !attachment || attachment.data === undefined && attachment.url === undefined ||
      resource.meta?.versionId === undefined;
    if (short && text === undefined) {
      resource = await this.#fhir.read(`DocumentReference/${resource.id}`);
      at = contentOf(resource);
    }
    text ??= await this.#textOf(resource.content?.[at]?.attachment);
    return { resource, at, text, sent: new Set() };
  }

  /** The text in an attachment or behind its address; an UnreadableError if it cannot be read. */
  async #textOf(attachment: Resource | undefined): Promise<string> {
    const { contentType, data, url } = attachment ?? {};
    if (data !== undefined) return readText(decodeBase64(data), contentType);
    if (url === undefined) throw new UnreadableError("its text is missing");
    try {
      const answer = await this.#fhir.request(url);
      const binary = resourceOf(answer);
      if (binary && binary.resourceType !== "Binary") throw new TypeError("it is no Binary");
      if (binary) {
        return readText(decodeBase64(binary.data ?? ""), binary.contentType ?? contentType);
      }
      return readText(answer.bytes, answer.headers.get("content-type") ?? contentType);
    } catch (error) {
      if (error instanceof UnreadableError) throw error;
      throw new UnreadableError(`its text cannot be read: ${(error as Error).message}`);
    }
  }

  /** All discharge summaries of the patient, newest first; not `whole` if a page was missing. */
  async #search(): Promise<{ documents: Resource[]; whole: boolean }> {
    const documents: Resource[] = [];
    let page: string | undefined = searchOf(this.#launch.patient);
    for (let count = 0; page !== undefined; count++) {
      let bundle: Resource;
      try {
        if (count === MOST_PAGES) return { documents, whole: false };
        bundle = await this.#fhir.read(page);
      } catch (error) {
        if (count === 0) throw error;
        return { documents, whole: false };
      }
      const entries: Resource[] = Array.isArray(bundle.entry) ? bundle.entry : [];
      documents.push(
        ...entries.map(({ resource }) => resource)
          .filter((resource) => resource?.resourceType === "DocumentReference"),
      );
      const links: { relation?: string; url?: string }[] = bundle.link ?? [];
      page = links.find(({ relation }) => relation === "next")?.url;
    }
    // Servers need not sort.
    documents.sort((a, b) => String(b.date ?? "").localeCompare(String(a.date ?? "")));
    return { documents, whole: true };
  }
}

function sameIdentifier(a: Resource, b: Resource): boolean {
  const values = (resource: Resource): string[] =>
    (resource.identifier ?? []).map(({ system, value }: Resource) => `${system}|${value}`);
  return values(b).some((value) => values(a).includes(value));
}

/** Servers may tell the new version in the ETag only. */
function withVersion(resource: Resource, { headers }: Answer): Resource {
  const version = /^(?:W\/)?"(.+)"$/.exec(headers.get("etag") ?? "")?.[1];
  if (version === undefined || resource.meta?.versionId !== undefined) return resource;
  return { ...resource, meta: { ...resource.meta, versionId: version } };
}

/** What the user should know about a draft before going on with it. */
function remarksOn(resource: Resource): string[] {
  const remarks: string[] = [];
  if (!resource.context?.encounter?.length) {
    remarks.push(
      `Opened: ${describe(resource)} that names no encounter. See that it is of this stay.`,
    );
  }
  const others = resource.content.length - 1;
  if (others > 0) {
    remarks.push("The document has other parts as well, such as a PDF. A save leaves them alone.");
  }
  return remarks;
}
