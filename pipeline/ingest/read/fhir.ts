/**
 * FHIR R4: DocumentReference and DiagnosticReport resources, one a line (NDJSON, as bulk export
 * writes them) or in a Bundle. The note is the attachment; only base64 text/plain can be read.
 */

import { head, wholeText } from "./byte_stream.ts";
import { readLines } from "./lines.ts";
import { InputError, type NoteFile, type RawNote, type ReadContext } from "./note_source.ts";

interface Attachment {
  contentType?: string;
  data?: string;
  url?: string;
  creation?: string;
}

interface Reference {
  reference?: string;
  identifier?: { value?: string };
}

interface Concept {
  text?: string;
  coding?: { code?: string; display?: string }[];
}

/** The parts of the two resource types that are used here. */
interface Resource {
  resourceType: string;
  id?: string;
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
}

interface Bundle {
  resourceType: "Bundle";
  entry?: { resource?: Resource }[];
}

/** Enough to tell one JSON document over many lines from one resource a line. */
const HEAD_BYTES = 1 << 16;

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
  if (await isPrettyPrinted(file.path)) {
    const { text } = await wholeText(file.path, context.intake);
    const resource = parseResource(text);
    if (!resource) throw new InputError(`Cannot read ${file.name}: it is not valid JSON`);
    yield [...notesOf(resource, 1, context)];
    return;
  }
  for await (const lines of readLines(file.path, context.intake)) {
    yield lines.flatMap(({ number, text }) => {
      const resource = parseResource(text);
      if (resource) return [...notesOf(resource, number, context)];
      context.reject(number, "malformed row", "the line is not a FHIR resource");
      return [];
    });
  }
}

async function isPrettyPrinted(path: string): Promise<boolean> {
  const start = new TextDecoder().decode(await head(path, HEAD_BYTES));
  const lineEnd = start.indexOf("\n");
  return lineEnd >= 0 && start.slice(lineEnd).trim() !== "" &&
    parseResource(start.slice(0, lineEnd)) === undefined;
}

/** The resource in `text`, if it is one. */
export function parseResource(text: string): Resource | Bundle | undefined {
  try {
    const value = JSON.parse(text) as Resource | Bundle | null;
    return typeof value?.resourceType === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

function* notesOf(
  resource: Resource | Bundle,
  row: number,
  context: ReadContext,
): Generator<RawNote> {
  if (isBundle(resource)) {
    for (const [index, { resource: inner }] of (resource.entry ?? []).entries()) {
      if (inner) yield* notesOf(inner, index + 1, context);
    }
    return;
  }
  const attachments = attachmentsOf(resource);
  if (attachments === undefined) return context.reject(row, "no note", resource.resourceType);
  if (attachments.length === 0) {
    context.reject(row, "attachment missing", `${resource.resourceType} without an attachment`);
  }
  for (const [index, attachment] of attachments.entries()) {
    const decoded = attachmentText(attachment);
    if ("reason" in decoded) {
      context.reject(row, decoded.reason, decoded.detail);
      continue;
    }
    const suffix = attachments.length > 1 ? `#${index + 1}` : "";
    yield {
      row,
      note_id: resource.id === undefined ? null : resource.id + suffix,
      subject_id: idOf(resource.subject),
      hadm_id: idOf(resource.encounter ?? resource.context?.encounter?.[0]),
      note_type: conceptName(resource.type ?? resource.code),
      note_seq: null,
      charttime: resource.date ?? resource.effectiveDateTime ?? resource.effectivePeriod?.start ??
        resource.context?.period?.start ?? null,
      storetime: attachment.creation ?? resource.issued ?? null,
      ...decoded,
    };
  }
}

const isBundle = (resource: Resource | Bundle): resource is Bundle =>
  resource.resourceType === "Bundle";

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
    return { reason: "attachment is not plain text", detail: type };
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

/** `Patient/123` and `urn:uuid:123` become `123`. */
function idOf(reference: Reference | undefined): string | null {
  const value = reference?.reference ?? reference?.identifier?.value;
  return value?.replace(/^.*[/:]/, "") || null;
}

const conceptName = (concept: Concept | undefined): string | null =>
  concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code ?? null;
