/**
 * What the chart says of the patient, as texts that suggestions may copy from: problem list,
 * medications, allergies, results of this stay, earlier notes. Searches are those of US Core 8; each
 * is made only where its scope was granted, and one that fails costs nothing but itself.
 */

import type { ContextItem } from "../plugin/patient.ts";
import type { FhirServer, Resource } from "./fhir.ts";
import { decodeBase64, formatOf, readText } from "./note_text.ts";

/** Whose record is read, and for which stay. */
export interface RecordOf {
  patient: string;
  encounter?: string;
  /** Scopes that were granted, as the token answer has them; undefined means all that were asked. */
  scope?: string;
}

/** What became of one part of the record. */
export interface Found {
  /** What people call it. */
  name: string;
  /** How many entries; undefined while it is read, or where it could not be. */
  count?: number;
  /** Why it was not read. */
  reason?: string;
}

const CATEGORY = "http://terminology.hl7.org/CodeSystem";
const NOTE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category";
/** Earlier notes that are read, the latest first: each is a request of its own. */
const NOTES = 5;
const PAGES = 10;
/** Characters of all texts together, as the worker takes them. */
const MAX_CHARACTERS = 200_000;

interface Part {
  name: string;
  type: string;
  /** Category that a granular scope may be limited to. */
  category?: string;
  query: string;
  kind: ContextItem["kind"];
  /** The entry's line in a list; undefined leaves it out. */
  line(resource: Resource, of: RecordOf): string | undefined;
}

const list: readonly Part[] = [
  {
    name: "Problems",
    type: "Condition",
    category: `${CATEGORY}/condition-category|problem-list-item`,
    query: "category=problem-list-item",
    kind: "problems",
    line: (condition) => isOver(condition) ? undefined : textOf(condition.code),
  },
  {
    name: "Medications",
    type: "MedicationRequest",
    query: "intent=order,plan&status=active&_include=MedicationRequest:medication",
    kind: "medications",
    line: medicationLine,
  },
  {
    name: "Allergies",
    type: "AllergyIntolerance",
    query: "",
    kind: "allergies",
    line: (allergy) => isOver(allergy) ? undefined : allergyLine(allergy),
  },
  {
    name: "Laboratory results",
    type: "Observation",
    category: `${CATEGORY}/observation-category|laboratory`,
    query: "category=laboratory",
    kind: "results",
    line: resultLine,
  },
  {
    name: "Vital signs",
    type: "Observation",
    category: `${CATEGORY}/observation-category|vital-signs`,
    query: "category=vital-signs",
    kind: "results",
    line: resultLine,
  },
];

const NOTES_CATEGORY = `${NOTE_CATEGORY}|clinical-note`;

/** Scopes that the parts need, in SMART's second version, limited to what is read. */
export const recordScopes: readonly string[] = [
  ...list.map(({ type, category }) =>
    `patient/${type}.rs${category ? `?category=${category}` : ""}`
  ),
  `patient/DocumentReference.rs?category=${NOTES_CATEGORY}`,
];

/** Reads the parts one beside the other; `onFound` is told of each as it begins and ends. */
export async function readRecord(
  fhir: FhirServer,
  of: RecordOf,
  onFound: (found: Found) => void,
): Promise<ContextItem[]> {
  const part = async (
    name: string,
    granted: boolean,
    read: () => Promise<{ items: ContextItem[]; count: number }>,
  ): Promise<ContextItem[]> => {
    if (!granted) {
      onFound({ name, reason: "not granted" });
      return [];
    }
    onFound({ name });
    try {
      const { items, count } = await read();
      onFound({ name, count });
      return items;
    } catch (error) {
      onFound({ name, reason: `cannot be read: ${(error as Error).message}` });
      return [];
    }
  };
  const parts = await Promise.all([
    ...list.map((one) =>
      part(one.name, isGranted(of.scope, one.type, one.category), () => readList(fhir, one, of))
    ),
    part(
      "Earlier notes",
      isGranted(of.scope, "DocumentReference", NOTES_CATEGORY),
      () => readNotes(fhir, of),
    ),
  ]);
  return fitting(parts.flat());
}

/** Whether `scope` lets entries of `type` be searched, all of them or those of `category`. */
export function isGranted(scope: string | undefined, type: string, category?: string): boolean {
  if (scope === undefined || scope.trim() === "") return true;
  return scope.split(/\s+/).some((one) => {
    const [, name, access, limit] =
      /^(?:patient|user)\/(\w+|\*)\.(\*|read|[cruds]+)(?:\?category=(\S+))?$/.exec(one) ?? [];
    if (name !== type && name !== "*") return false;
    if (!(access === "*" || access === "read" || access.includes("s"))) return false;
    return limit === undefined || decodeURIComponent(limit) === category;
  });
}

async function readList(fhir: FhirServer, part: Part, of: RecordOf) {
  const { resources, included } = await searched(fhir, part.type, part.query, of.patient);
  const lines = new Set<string>();
  let newest = "";
  for (const resource of resources) {
    const medication = resource.medicationReference?.reference;
    const known = medication && included.find(({ id }) => medication.endsWith(`/${id}`));
    const line = part.line(known ? { ...resource, medication: known } : resource, of);
    if (line) lines.add(line);
    if (line && dateOf(resource) > newest) newest = dateOf(resource);
  }
  const text = [...lines].join("\n");
  const dated = part.kind === "results" && newest !== "" ? { date: newest.slice(0, 10) } : {};
  const item = { source: part.name, kind: part.kind, text, ...dated };
  return { items: text === "" ? [] : [item], count: lines.size };
}

/** The latest notes that somebody has finished; the text of each is behind an address of its own. */
async function readNotes(fhir: FhirServer, { patient }: RecordOf) {
  const query = `category=${encodeURIComponent(NOTES_CATEGORY)}&_sort=-date&_count=${4 * NOTES}`;
  const { resources } = await searched(fhir, "DocumentReference", query, patient, 1);
  const notes = resources.filter(({ status, docStatus }) =>
    status === "current" && docStatus !== "preliminary" && docStatus !== "entered-in-error"
  ).toSorted((a, b) => dateOf(b).localeCompare(dateOf(a))).slice(0, NOTES);
  const items = await Promise.all(notes.map(async (note): Promise<ContextItem | undefined> => {
    const text = await noteText(fhir, note).catch(() => undefined);
    if (!text?.trim()) return;
    const source = textOf(note.type) ?? "Note";
    return { source, kind: "note", date: dateOf(note).slice(0, 10), text };
  }));
  const read = items.filter((item) => item !== undefined);
  if (read.length === 0 && notes.length > 0) throw new Error("none of their texts can be read");
  return { items: read, count: read.length };
}

async function noteText(fhir: FhirServer, note: Resource): Promise<string | undefined> {
  const parts: Resource[] = note.content ?? [];
  const readable = parts.find(({ attachment }) => formatOf(attachment?.contentType));
  const { data, url, contentType } = readable?.attachment ?? {};
  if (data !== undefined) return readText(decodeBase64(data), contentType);
  if (url === undefined) return;
  const answer = await fhir.request(url);
  const type = answer.headers.get("content-type") ?? "";
  if (!/json/.test(type)) return readText(answer.bytes, type || contentType);
  const binary = JSON.parse(new TextDecoder().decode(answer.bytes));
  return readText(decodeBase64(binary.data ?? ""), binary.contentType ?? contentType);
}

/** All pages of a search, and what they include beside. */
async function searched(
  fhir: FhirServer,
  type: string,
  query: string,
  patient: string,
  pages = PAGES,
): Promise<{ resources: Resource[]; included: Resource[] }> {
  const all: Resource[] = [];
  let next: string | undefined = `${type}?patient=${encodeURIComponent(patient)}` +
    (query === "" ? "" : `&${query}`);
  for (let page = 0; next !== undefined && page < pages; page++) {
    const bundle: Resource = await fhir.read(next);
    const entries: Resource[] = Array.isArray(bundle.entry) ? bundle.entry : [];
    all.push(...entries.map(({ resource }) => resource).filter(Boolean));
    const links: { relation?: string; url?: string }[] = bundle.link ?? [];
    next = links.find(({ relation }) => relation === "next")?.url;
  }
  return {
    resources: all.filter(({ resourceType }) => resourceType === type),
    included: all.filter(({ resourceType }) => resourceType !== type),
  };
}

/** As many of the texts as the worker takes: lists first, notes from the latest on. */
function fitting(items: readonly ContextItem[]): ContextItem[] {
  let room = MAX_CHARACTERS;
  return items.toSorted((a, b) => Number(a.kind === "note") - Number(b.kind === "note"))
    .flatMap((item) => {
      const text = item.text.slice(0, Math.max(0, room - (item.source?.length ?? 0)));
      room -= text.length + (item.source?.length ?? 0);
      return text === "" ? [] : [{ ...item, text }];
    });
}

/** What people call a coded concept. */
function textOf(concept: Resource | undefined): string | undefined {
  const coding: Resource[] = concept?.coding ?? [];
  return concept?.text ?? coding.find(({ display }) => display)?.display;
}

/** Whether a problem or an allergy is no longer one, or never was. */
function isOver({ clinicalStatus, verificationStatus }: Resource): boolean {
  const codes = [clinicalStatus, verificationStatus].flatMap((status) =>
    (status?.coding ?? []).map(({ code }: Resource) => code)
  );
  return codes.some((code) =>
    /^(inactive|remission|resolved|refuted|entered-in-error)$/.test(code)
  );
}

function medicationLine(request: Resource): string | undefined {
  const name = textOf(request.medicationCodeableConcept) ?? textOf(request.medication?.code) ??
    request.medicationReference?.display;
  if (!name) return;
  const [dosage] = (request.dosageInstruction ?? []) as Resource[];
  return dosage?.text ? `${name} ${dosage.text}` : name;
}

function allergyLine(allergy: Resource): string | undefined {
  const name = textOf(allergy.code);
  const [reaction] = (allergy.reaction ?? []) as Resource[];
  const [manifestation] = (reaction?.manifestation ?? []) as Resource[];
  const how = textOf(manifestation);
  return name && how ? `${name}: ${how}` : name;
}

/** Name, value and unit of a result of this stay, or of each of its components. */
function resultLine(observation: Resource, { encounter }: RecordOf): string | undefined {
  const { status, encounter: own } = observation;
  if (status === "entered-in-error" || status === "cancelled") return;
  if (encounter && own?.reference && !own.reference.endsWith(`Encounter/${encounter}`)) return;
  const name = textOf(observation.code), value = valueOf(observation);
  if (name && value) return `${name}: ${value}`;
  const components: Resource[] = observation.component ?? [];
  const parts = components.map((part) => [textOf(part.code), valueOf(part)])
    .filter(([name, value]) => name && value);
  return parts.length === 0 ? undefined : parts.map((pair) => pair.join(": ")).join("\n");
}

function valueOf({ valueQuantity, valueString, valueCodeableConcept }: Resource): string {
  if (valueQuantity?.value !== undefined) {
    return `${valueQuantity.value} ${valueQuantity.unit ?? valueQuantity.code ?? ""}`.trim();
  }
  return valueString ?? textOf(valueCodeableConcept) ?? "";
}

const dateOf = (resource: Resource): string =>
  String(
    resource.effectiveDateTime ?? resource.effectivePeriod?.start ?? resource.issued ??
      resource.date ?? "",
  );
