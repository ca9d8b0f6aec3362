/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** The text of a note inside an attachment: its characters, and the formats that can be edited. */

/** What new notes are written in; Oracle Health takes XHTML only. */
export type Format = "text/plain" | "application/xhtml+xml";

/** The text is in a form that cannot be edited here without loss; the message says which. */
export class UnreadableError extends Error {}

const typeOf = (contentType: string) => contentType.split(";")[0].trim().toLowerCase();

/** The format of a content type, if it is one that can be edited. */
export function formatOf(contentType: string | undefined): Format | undefined {
  const type = typeOf(contentType ?? "");
  return type === "text/plain" || type === "application/xhtml+xml" ? type : undefined;
}

/** The text in `bytes`; an UnreadableError if it cannot be told, or holds more than text. */
export function readText(bytes: Uint8Array<ArrayBuffer>, contentType: string): string {
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1] ?? "utf-8";
  let text: string;
  try {
    text = new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableError(`its characters are not ${charset}`);
  }
  return (formatOf(contentType) === "text/plain" ? text : fromXhtml(text)).replace(/\r\n?/g, "\n");
}

/** `text` as an attachment's content type and base64 data. */
export function writeText(text: string, format: Format): { contentType: string; data: string } {
  const body = format === "text/plain" ? text : toXhtml(text);
  return { contentType: `${format}; charset=utf-8`, data: encodeBase64(body) };
}

/** Base64 of UTF-8. */
function encodeBase64(text: string): string {
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte));
  return btoa(bytes.join(""));
}

/** The bytes of base64; an UnreadableError if it is none. */
export function decodeBase64(data: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0));
  } catch {
    throw new UnreadableError("its text is not base64");
  }
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** One paragraph per block of lines. */
function toXhtml(text: string): string {
  const safe = text
    // deno-lint-ignore no-control-regex
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, " ")
    .replace(/[&<>]/g, (character) => ESCAPES[character]);
  return '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Discharge summary</title></head>' +
    `<body><div style="white-space: pre-wrap">${
      safe.split("\n").join("<br/>")
    }</div></body></html>`;
}

/** Elements that carry nothing but lines: whatever else there is would be lost by a save. */
const PLAIN = /^(html|head|title|meta|body|div|p|br|span)$/;

function fromXhtml(markup: string): string {
  const page = new DOMParser().parseFromString(markup, "application/xhtml+xml");
  const rich = [...page.querySelectorAll("*")].find(({ localName }) => !PLAIN.test(localName));
  if (!page.body || rich) {
    throw new UnreadableError(
      rich ? `its formatting (${rich.localName}) would be lost` : "its XHTML is damaged",
    );
  }
  return linesOf(page.body);
}

function linesOf(node: Node): string {
  if (node.nodeType === Node.TEXT_NODE) return node.nodeValue ?? "";
  if (node.nodeName.toLowerCase() === "br") return "\n";
  let text = "";
  for (const child of node.childNodes) {
    const block = /^(div|p)$/i.test(child.nodeName);
    if (block && text !== "" && !text.endsWith("\n")) text += "\n";
    text += linesOf(child);
    if (block && child.nextSibling && !text.endsWith("\n")) text += "\n";
  }
  return text;
}
