/**
 * FHIR R4: DocumentReference and DiagnosticReport resources, one a line (NDJSON, as bulk export
 * writes them) or in a Bundle. The note is the attachment; only base64 text/plain can be read.
 */

import { Binaries, type Content } from "./fhir_binaries.ts";
import { isWholeDocument, readJsonItems } from "./json_items.ts";
import { readLines } from "./lines.ts";
import { InputError, type NoteFile, type RawNote, type ReadContext } from "./note_source.ts";

interface Attachment extends Content {
  url?: string;
  creation?: string;
}

interface Reference {
  reference?: string;
  type?: string;
  identifier?: { value?: string };
}

interface Concept {
  text?: string;
  coding?: { code?: string; display?: string }[];
}

/** The parts of the resource types that are used here. */
interface Resource extends Content {
  resourceType: string;
  id?: string;
  status?: string;
  docStatus?: string;
  subject?: Reference;
  date?: string;
  type?: Concept;
  content?: { attachment?: Attachment }[];
  context?: { encounter?: Reference[]; period?: { start?: string } };
  effectiveDateTime?: string;
  effectivePeriod?: { start?: string };
  issued?: string;
  code?: Concept;
  encounter?: Reference;
  presentedForm?: Attachment[];
  entry?: { resource?: Resource }[];
}

/** What a status says against a document; null: only that it is not final. */
const WITHDRAWN = new Set(["entered-in-error", "superseded", "cancelled", "deprecated"]);
const NOT_FINAL = new Set(["preliminary", "registered", "partial"]);

/** Reads every attachment as a note; `row` is the line, or the entry of the Bundle. */
export async function* readFhir(file: NoteFile, context: ReadContext): AsyncGenerator<RawNote[]> {
  context.mapped({
    note_id: "id",
    subject_id: "subject",
    hadm_id: "encounter",
    note_type: "type | code",
    charttime: "date | effective",
    storetime: "attachment.creation | issued",
    text: "attachment.data",
  });
  const reader = new FhirNotes(file, context);
  if (await isWholeDocument(file.path, context.encoding)) {
    let found = false;
    for await (const items of readJsonItems(file, context, "entry")) {
      found ||= items.length > 0;
      yield items.flatMap(({ number, text }) => reader.notes(text, number, "entry"));
    }
    if (!found) throw new InputError(`Cannot read ${file.name}: it holds no FHIR resource`);
    return;
  }
  for await (const lines of readLines(file.path, context.intake, context.encoding)) {
    yield lines.flatMap(({ number, text }) => reader.notes(text, number, "line"));
  }
}

/** The resource in `text`, if it is one. */
export function parseResource(text: string): Resource | undefined {
  try {
    const value = JSON.parse(text) as Resource | null;
    return typeof value?.resourceType === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

class FhirNotes {
  readonly #file: NoteFile;
  readonly #context: ReadContext;
  /** Nothing but Binary resources so far: such files are read after those that refer to them. */
  #onlyBinaries = true;

  constructor(file: NoteFile, context: ReadContext) {
    this.#file = file;
    this.#context = context;
  }

  notes(text: string, number: number, unit: "line" | "entry"): RawNote[] {
    const resource = parseResource(text) ?? parseEntry(text);
    if (resource) return [...this.#notesOf(resource, number)];
    this.#context.reject(number, "malformed row", `the ${unit} is not a FHIR resource`);
    return [];
  }

  *#notesOf(resource: Resource, row: number): Generator<RawNote> {
    const { resourceType } = resource;
    if (resourceType === "Bundle") {
      for (const [index, { resource: inner }] of (resource.entry ?? []).entries()) {
        if (inner) yield* this.#notesOf(inner, index + 1);
      }
      return;
    }
    if (resourceType === "Binary") return yield* this.#binary(resource, row);
    const attachments = attachmentsOf(resource);
    if (attachments === undefined) return this.#context.reject(row, "no note", resourceType);
    this.#onlyBinaries = false;
    const withdrawn = this.#withdrawn(resource);
    if (withdrawn) return this.#context.reject(row, withdrawn, resourceType);
    if (attachments.length === 0) {
      this.#context.reject(row, "attachment missing", `${resourceType} without an attachment`);
    }
    for (const [index, attachment] of attachments.entries()) {
      const suffix = attachments.length > 1 ? `#${index + 1}` : "";
      yield* this.#attachment(fieldsOf(resource, attachment, row, suffix), attachment);
    }
  }

  /** Why a document does not count, by its status. */
  #withdrawn({ status, docStatus }: Resource): string | undefined {
    for (const value of [status, docStatus]) {
      if (value === undefined) continue;
      if (WITHDRAWN.has(value)) return `status ${value}`;
      if (NOT_FINAL.has(value) && !this.#context.preliminary) return `status ${value}`;
    }
    return undefined;
  }

  *#attachment(note: Omit<RawNote, "text">, attachment: Attachment): Generator<RawNote> {
    const { data, url, contentType } = attachment;
    const binaries = this.#context.binaries;
    const id = data === undefined && url !== undefined ? Binaries.idIn(url) : undefined;
    if (id !== undefined && binaries) {
      const found = binaries.ask(id, { note, contentType, source: this.#file.name });
      if (found) {
        yield* this.#text(note, { ...found, contentType: contentType ?? found.contentType });
      }
      return;
    }
    yield* this.#text(note, attachment);
  }

  *#binary({ id, contentType, data }: Resource, row: number): Generator<RawNote> {
    const binaries = this.#context.binaries;
    if (id === undefined || !binaries) return this.#context.reject(row, "no note", "Binary");
    const waiting = binaries.give(id, { contentType, data }, !this.#onlyBinaries);
    if (waiting.length === 0 && this.#onlyBinaries) {
      this.#context.reject(row, "no note", "Binary that no document names");
    }
    for (const { note, contentType: wanted } of waiting) {
      yield* this.#text({ ...note, row }, { contentType: wanted ?? contentType, data });
    }
  }

  *#text(note: Omit<RawNote, "text">, attachment: Attachment): Generator<RawNote> {
    const decoded = attachmentText(attachment);
    if ("reason" in decoded) this.#context.reject(note.row, decoded.reason, decoded.detail);
    else yield { ...note, ...decoded };
  }
}

/** An entry of a Bundle: a resource and what is said about it. */
function parseEntry(text: string): Resource | undefined {
  try {
    const { resource } = JSON.parse(text) as { resource?: Resource };
    return typeof resource?.resourceType === "string" ? resource : undefined;
  } catch {
    return undefined;
  }
}

function fieldsOf(
  resource: Resource,
  { creation }: Attachment,
  row: number,
  suffix: string,
): Omit<RawNote, "text"> {
  const { id, resourceType } = resource;
  return {
    row,
    note_id: id === undefined ? null : id + suffix,
    scope: resourceType,
    subject_id: idOf(resource.subject, "Patient"),
    hadm_id: idOf(resource.encounter ?? resource.context?.encounter?.[0], "Encounter"),
    note_type: conceptName(resource.type ?? resource.code),
    note_seq: null,
    charttime: resource.date ?? resource.effectiveDateTime ?? resource.effectivePeriod?.start ??
      resource.context?.period?.start ?? null,
    storetime: creation ?? resource.issued ?? null,
  };
}

/** Undefined for resource types that carry no note (Patient, Encounter, ...). */
function attachmentsOf(resource: Resource): Attachment[] | undefined {
  if (resource.resourceType === "DocumentReference") {
    return (resource.content ?? []).flatMap(({ attachment }) => attachment ?? []);
  }
  return resource.resourceType === "DiagnosticReport" ? resource.presentedForm ?? [] : undefined;
}

/** The text of an attachment, or why there is none to be had. */
function attachmentText(
  { contentType, data, url }: Attachment,
): { text: Uint8Array } | { reason: string; detail: string } {
  const [type, ...parameters] = (contentType ?? "text/plain").split(";").map((part) => part.trim());
  if (type.toLowerCase() !== "text/plain") {
    return { reason: "attachment is not plain text", detail: type.slice(0, 80) };
  }
  if (data === undefined) {
    const detail = url === undefined ? "neither data nor url" : "only a url, which is not followed";
    return { reason: "attachment missing", detail };
  }
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  } catch {
    return { reason: "malformed row", detail: "the attachment is not valid base64" };
  }
  const charset = /^charset="?([^"]+)"?$/i.exec(
    parameters.find((part) => /^charset=/i.test(part)) ?? "",
  )?.[1].toLowerCase();
  if (charset === undefined || charset === "utf-8") return { text: bytes };
  try {
    return { text: new TextEncoder().encode(new TextDecoder(charset).decode(bytes)) };
  } catch {
    return { reason: "malformed row", detail: `unknown charset "${charset.slice(0, 40)}"` };
  }
}

/**
 * The id that a reference names: of `Patient/123`, absolute or of one version, and of
 * `urn:uuid:123` it is 123. A contained resource (`#p`) and one of another type (`Group/7`) is
 * nobody that other notes could be about.
 */
export function idOf(reference: Reference | undefined, type: string): string | null {
  const value = reference?.reference?.trim();
  const identifier = reference?.identifier?.value?.trim() || null;
  if (!value || value.startsWith("#")) return identifier;
  const urn = /^urn:(?:uuid|oid):(.+)$/i.exec(value)?.[1];
  if (urn) return urn;
  const path = value.replace(/\?.*$/, "").replace(/\/_history\/[^/]*$/, "").replace(/\/+$/, "");
  const parts = path.split("/");
  const id = parts.at(-1) || null;
  const named = parts.length > 1 ? parts.at(-2) : reference?.type;
  if (named !== undefined && named !== type && /^[A-Z][A-Za-z]+$/.test(named)) return identifier;
  return id;
}

const conceptName = (concept: Concept | undefined): string | null =>
  concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code ?? null;
