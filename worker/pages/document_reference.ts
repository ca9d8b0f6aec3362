/** A discharge summary as a FHIR R4 DocumentReference with its text inside. */

export interface Draft {
  /** Undefined until it was saved. */
  id?: string;
  text: string;
  /** The resource as the server knows it: what we do not understand is kept. */
  resource: Record<string, unknown>;
}

const LOINC = "http://loinc.org";
const DISCHARGE_SUMMARY = "18842-5";

/** The search for a patient's discharge summaries. R4 cannot search by docStatus. */
export const searchOf = (patient: string) =>
  `DocumentReference?patient=${encodeURIComponent(patient)}` +
  `&type=${encodeURIComponent(`${LOINC}|${DISCHARGE_SUMMARY}`)}&_sort=-date&_count=20`;

interface DocumentReference {
  id?: string;
  docStatus?: string;
  content?: { attachment?: { contentType?: string; data?: string } }[];
}

/** The first preliminary text among the results, or a new draft. */
export function draftOf(bundle: unknown, patient: string, encounter: string | null): Draft {
  const entries = (bundle as { entry?: { resource: DocumentReference }[] }).entry ?? [];
  const found = entries.map(({ resource }) => resource).find(({ docStatus, content }) =>
    docStatus === "preliminary" && content?.[0]?.attachment?.contentType?.startsWith("text/plain")
  );
  if (found) {
    const text = decode(found.content![0].attachment!.data ?? "");
    return { id: found.id, text, resource: { ...found } };
  }
  return {
    text: "",
    resource: {
      resourceType: "DocumentReference",
      status: "current",
      docStatus: "preliminary",
      type: {
        coding: [{ system: LOINC, code: DISCHARGE_SUMMARY, display: "Discharge summary" }],
      },
      subject: { reference: `Patient/${patient}` },
      ...(encounter && { context: { encounter: [{ reference: `Encounter/${encounter}` }] } }),
    },
  };
}

/** The resource with `text` in it; never more than preliminary: a person signs. */
export const noteOf = (draft: Draft, text: string): Record<string, unknown> => ({
  ...draft.resource,
  ...(draft.id !== undefined && { id: draft.id }),
  docStatus: "preliminary",
  date: new Date().toISOString(),
  content: [{ attachment: { contentType: "text/plain; charset=utf-8", data: encode(text) } }],
});

/** Base64 of UTF-8. */
function encode(text: string): string {
  return btoa(
    Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""),
  );
}

function decode(data: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0)));
}
