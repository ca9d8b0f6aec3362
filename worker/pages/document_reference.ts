/** A discharge summary as a FHIR R4 DocumentReference, shaped as US Core 8 asks. */

import type { Resource } from "./fhir.ts";
import { type Format, formatOf, writeText } from "./note_text.ts";

/** Whose note it is, as the launch has it. */
export interface Launch {
  patient: string;
  encounter?: string;
  /** The user's own resource, e.g. `Practitioner/12`, if the EHR tells it. */
  user?: string;
  /** The organization that keeps the note, e.g. `Organization/3`. */
  custodian?: string;
  /** What new notes are written in. */
  format: Format;
}

/** A note that is being written. */
export interface Draft {
  /** As the server has it; one without an id has yet to be created. */
  resource: Resource;
  /** Which of its contents holds the text. */
  at: number;
  /** Its text as the server has it; empty for a new one. */
  text: string;
  /** Texts that were sent since: an answer may have been lost on its way. */
  sent: Set<string>;
}

const LOINC = "http://loinc.org";
const DISCHARGE_SUMMARY = "18842-5";

/** The search for a patient's discharge summaries. R4 cannot search by docStatus. */
export const searchOf = (patient: string) =>
  `DocumentReference?patient=${encodeURIComponent(patient)}` +
  `&type=${encodeURIComponent(`${LOINC}|${DISCHARGE_SUMMARY}`)}&_sort=-date&_count=50`;

/** A new draft; its identifier makes it one document however often its creation is tried. */
export function newDraft(launch: Launch): Draft {
  const { patient, encounter, user, custodian, format } = launch;
  return {
    at: 0,
    text: "",
    sent: new Set(),
    resource: {
      resourceType: "DocumentReference",
      identifier: [{
        system: "urn:ietf:rfc:3986",
        value: `urn:uuid:${crypto.randomUUID()}`,
      }],
      status: "current",
      docStatus: "preliminary",
      type: {
        coding: [{ system: LOINC, code: DISCHARGE_SUMMARY, display: "Discharge summary" }],
      },
      category: [{
        coding: [{
          system: "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
          code: "clinical-note",
          display: "Clinical Note",
        }],
      }],
      subject: { reference: `Patient/${patient}` },
      ...(user && { author: [{ reference: user }] }),
      ...(custodian && { custodian: { reference: custodian } }),
      content: [{
        attachment: { contentType: `${format}; charset=utf-8`, title: "Discharge summary" },
        format: {
          system: "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
          code: "urn:ihe:iti:xds:2017:mimeTypeSufficient",
          display: "mimeType Sufficient",
        },
      }],
      ...(encounter && { context: { encounter: [{ reference: `Encounter/${encounter}` }] } }),
    },
  };
}

/**
 * The resource with `text` in the place of its own; everything else stays as it was. Never more
 * than preliminary: a person signs.
 */
export function noteOf({ resource, at }: Draft, text: string): Resource {
  const content = (resource.content as Resource[]).map((part, index) => {
    if (index !== at) return part;
    // What described the old text describes the new one no longer.
    const { url: _url, size: _size, hash: _hash, ...attachment } = part.attachment;
    const format = formatOf(attachment.contentType)!;
    return { ...part, attachment: { ...attachment, ...writeText(text, format) } };
  });
  return { ...resource, docStatus: "preliminary", date: new Date().toISOString(), content };
}

/** Why a document is not opened as the user's draft; undefined if it is. */
export function objectionTo(resource: Resource, launch: Launch): string | undefined {
  if (resource.status !== "current") return `it is ${resource.status ?? "without a status"}`;
  if (resource.docStatus !== "preliminary") return `it is ${resource.docStatus ?? "no draft"}`;
  const authors = referencesOf(resource.author);
  const own = launch.user ? authors.includes(tailOf(launch.user)) : authors.length === 0;
  if (!own) return authors.length > 0 ? "it has another author" : "it names no author";
  const encounters = referencesOf(resource.context?.encounter);
  // A draft that names none may be of this one: it is opened, and the page says so.
  if (encounters.length > 0 && !encounters.includes(`Encounter/${launch.encounter}`)) {
    return "it belongs to another encounter";
  }
  if (contentOf(resource) < 0) return "its format cannot be edited here";
}

/** The content that can be edited, −1 if none can. */
export const contentOf = ({ content }: Resource): number =>
  (Array.isArray(content) ? content as Resource[] : [])
    .findIndex((part) => formatOf(part?.attachment?.contentType) !== undefined);

/** Whose a document is and of when, for people. */
export function describe(resource: Resource): string {
  const [author] = (resource.author ?? []) as Resource[];
  const by = author?.display ?? author?.reference;
  const date = String(resource.date ?? "").slice(0, 10);
  return ["a draft", by && `by ${by}`, date && `of ${date}`].filter(Boolean).join(" ");
}

/** `Practitioner/12` of an absolute or versioned reference. */
const tailOf = (reference: string) =>
  /([A-Z]\w+\/[\w.-]+)(\/_history\/[\w.-]+)?$/.exec(reference)?.[1] ?? reference;

const referencesOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : []).flatMap((part) =>
    typeof part?.reference === "string" ? [tailOf(part.reference)] : []
  );
