/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

import {
  contentBox,
  copyTextStyle,
  copyZoom,
  isInput,
  lineHeight,
  scaleOf,
  setStyle,
  type TextControl,
} from "./layout.ts";

/**
 * Text controls do not tell where their caret is. A hidden element of the same width and style,
 * filled with the same text, breaks its lines alike; a marker in it shows the place. Each line of
 * the text is an element of its own, so that a key lays out one line and not the whole note.
 */
export class Mirror {
  readonly #control: TextControl;
  readonly #element: HTMLElement;
  readonly #marker: HTMLElement;
  #lines: string[] = [];

  /** Stands in `root`, a shadow tree: the page must neither style it nor read it. */
  constructor(control: TextControl, root: ShadowRoot) {
    const { ownerDocument: document } = control;
    this.#control = control;
    this.#element = document.createElement("div");
    this.#marker = document.createElement("span");
    // Aligned with the top of its line, not with the letters in it.
    setStyle(this.#marker, { display: "inline-block", height: "1px", "vertical-align": "top" });
    root.append(this.#element);
  }

  /** The caret, as high as its line, in viewport coordinates. */
  caret(): DOMRect {
    const control = this.#control, mirror = this.#element;
    const box = contentBox(control);
    const scale = scaleOf(control);
    const single = isInput(control);
    copyTextStyle(control, mirror);
    setStyle(mirror, {
      position: "fixed",
      left: "0",
      top: "0",
      visibility: "hidden",
      "pointer-events": "none",
      width: single ? "max-content" : `${box.width / scale}px`,
      "white-space": single ? "pre" : "pre-wrap",
    });
    copyZoom(control, mirror);
    const { value } = control, at = control.selectionStart ?? value.length;
    const from = single ? 0 : startOf(control, at);
    this.#fill(value.slice(from, at), from === 0 ? "" : value.slice(at));
    const place = this.#marker.getBoundingClientRect();
    const origin = mirror.getBoundingClientRect();
    // The field may be transformed, and so may what holds the mirror.
    const ratio = scale / scaleOf(mirror);
    const height = single ? ratio * origin.height : scale * lineHeight(control);
    // Measured from the bottom of the text where its beginning is left out.
    const above = from === 0 ? 0 : scale * textHeight(control) - ratio * origin.height;
    const top = single
      ? box.top + (box.height - height) / 2
      : box.top + above + ratio * (place.top - origin.top);
    const rtl = getComputedStyle(control).direction === "rtl";
    const left = single && rtl
      ? box.right - ratio * (origin.right - place.left)
      : box.left + ratio * (place.left - origin.left);
    const { scrollLeft, scrollTop } = control;
    return new DOMRect(left - scale * scrollLeft, top - scale * scrollTop, 0, height);
  }

  #fill(before: string, after: string): void {
    const mirror = this.#element, { ownerDocument: document } = mirror;
    const old = this.#lines, lines = before.split("\n"), caret = lines.length - 1;
    // Nothing but spaces is behind the caret on its own line.
    lines.push(...after.split("\n").slice(1));
    this.#marker.remove();
    for (let i = 0; i < lines.length; i++) {
      if (lines[i] === old[i]) continue;
      const line = mirror.children[i] ?? mirror.appendChild(document.createElement("div"));
      // An empty line needs something to stand in.
      line.textContent = `${lines[i]}\u200b`;
    }
    while (mirror.children.length > lines.length) mirror.lastChild!.remove();
    mirror.children[caret].append(this.#marker);
    this.#lines = lines;
  }

  remove(): void {
    this.#element.remove();
  }
}

/** Longer texts are not laid out as a whole. */
const LONG = 20_000;
/** Lines before the caret that are. */
const LINES = 40;

/** Where the part of a text begins that has to be laid out to find the caret at `at`. */
function startOf({ value, scrollHeight, clientHeight }: TextControl, at: number): number {
  const endKnown = scrollHeight > clientHeight && value.length - at < LONG;
  if (value.length < LONG || !endKnown) return 0;
  let start = at;
  for (let line = 0; line < LINES && start > 0; line++) start = value.lastIndexOf("\n", start - 1);
  return Math.max(0, start + 1);
}

function textHeight(control: TextControl): number {
  const { paddingTop, paddingBottom } = getComputedStyle(control);
  return control.scrollHeight - parseFloat(paddingTop) - parseFloat(paddingBottom);
}
