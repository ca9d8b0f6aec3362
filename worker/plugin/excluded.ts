/// <reference lib="dom" />

/** Fields and parts of fields that are never read, whatever becomes of them later. */

import { isInput, parentOf } from "./layout.ts";

/** Secrets by their autocomplete token, https://html.spec.whatwg.org/#autofill. */
const SECRET_TOKEN = /^(one-time-code|(current|new)-password|cc-.*)$/;
/** Secrets by their name, for the moment in which a page reveals what it had masked. */
const SECRET_NAME = /passw|passcode|passphrase|pwd|otp\b|cvv|cvc/i;

/** Excluded once, excluded for the life of the field: "Show" turns a password into plain text. */
const forLife = new WeakSet<Element>();

/** Whether `element` or anything around it, shadow hosts included, may not be read. */
export function isExcluded(element: Element): boolean {
  if (forLife.has(element)) return true;
  if (!isSecret(element) && !isMarked(element)) return false;
  forLife.add(element);
  return true;
}

/** Whether `element` is in something with `data-no-complete`. */
export function isMarked(element: Element): boolean {
  for (let node: Element | null = element; node; node = parentOf(node)) {
    if (node.hasAttribute("data-no-complete")) return true;
  }
  return false;
}

function isSecret(element: Element): boolean {
  const tokens = (element.getAttribute("autocomplete") ?? "").toLowerCase().split(/\s+/);
  if (tokens.some((token) => SECRET_TOKEN.test(token))) return true;
  // Text that the page masks with discs of its own.
  const masked = getComputedStyle(element).getPropertyValue("-webkit-text-security");
  if (masked !== "" && masked !== "none") return true;
  return isInput(element) &&
    (element.type === "password" || SECRET_NAME.test(`${element.id} ${element.name}`));
}
