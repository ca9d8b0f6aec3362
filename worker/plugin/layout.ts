/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** Where a field's text stands on the screen, in viewport coordinates. */

export type TextControl = HTMLInputElement | HTMLTextAreaElement;

/** Not `instanceof`: a field may belong to the document of a frame. */
export const isInput = (element: Element): element is HTMLInputElement =>
  element.localName === "input";

/** The element around `node`, also out of a shadow tree. */
export const parentOf = (node: Element): Element | null =>
  node.parentElement ?? (node.getRootNode() as Partial<ShadowRoot>).host ?? null;

/** Line height in pixels of the element; `normal` is about 1.2 times the font size. */
export function lineHeight(element: Element): number {
  const { lineHeight, fontSize } = getComputedStyle(element);
  return parseFloat(lineHeight) || 1.2 * parseFloat(fontSize);
}

/** CSS zoom of `element` and all around it; a browser that cannot tell is taken to have none. */
export const zoomOf = (element: Element): number => element.currentCSSZoom ?? 1;

/** Pixels of the viewport per pixel of `element`: its zoom, and the transforms of all around it. */
export function scaleOf(element: HTMLElement): number {
  const zoom = zoomOf(element);
  const untransformed = zoom * element.offsetWidth;
  const { width } = element.getBoundingClientRect();
  // offsetWidth is rounded: what differs by less than that is not transformed.
  if (Math.abs(width - untransformed) <= zoom) return zoom;
  return zoom * width / untransformed;
}

/** Gives `element` the effective zoom of `model`, so that both have the same glyph widths. */
export function copyZoom(model: Element, element: HTMLElement): void {
  const around = parentOf(element);
  const zoom = zoomOf(model) / (around ? zoomOf(around) : 1);
  element.style.setProperty("zoom", `${zoom}`);
}

/** The box within whose width the text of `element` wraps. */
export function contentBox(element: HTMLElement): DOMRect {
  const box = element.getBoundingClientRect();
  const scale = scaleOf(element);
  const style = getComputedStyle(element);
  const left = element.clientLeft + parseFloat(style.paddingLeft);
  const top = element.clientTop + parseFloat(style.paddingTop);
  const inner = element.clientWidth - parseFloat(style.paddingLeft) -
    parseFloat(style.paddingRight);
  const height = element.clientHeight - parseFloat(style.paddingTop) -
    parseFloat(style.paddingBottom);
  return new DOMRect(
    box.left + scale * left,
    box.top + scale * top,
    scale * inner,
    scale * height,
  );
}

/** Properties that decide how text looks and where its lines break. */
const TEXT_STYLE = [
  "color-scheme",
  "direction",
  "font-family",
  "font-size",
  "font-size-adjust",
  "font-stretch",
  "font-style",
  "font-variant",
  "font-weight",
  "font-kerning",
  "font-feature-settings",
  "letter-spacing",
  "line-height",
  "overflow-wrap",
  "tab-size",
  "text-align",
  "text-indent",
  "text-transform",
  "word-break",
  "word-spacing",
] as const;

/** Gives `to` the text style of `from`. */
export function copyTextStyle(from: Element, to: HTMLElement): void {
  const style = getComputedStyle(from);
  for (const name of TEXT_STYLE) to.style.setProperty(name, style.getPropertyValue(name));
}

/** Sets styles through the CSS object model, which a strict content security policy allows. */
export function setStyle(element: HTMLElement, properties: Record<string, string>): void {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
}

/** The caret of a range; as high as its line. */
export function rangeCaret(range: Range, styled: HTMLElement): DOMRect {
  const scale = scaleOf(styled), transform = scale / zoomOf(styled);
  const height = scale * lineHeight(styled);
  const [rect] = range.getClientRects();
  if (rect) {
    // Half of the leading stands above the letters; engines round it down.
    const leading = transform * Math.floor((height - rect.height) / transform / 2);
    return new DOMRect(rect.left, rect.top - leading, 0, height);
  }
  // An empty line has no rectangle; the element that holds it has.
  const box = contentBox(styled);
  const rtl = getComputedStyle(styled).direction === "rtl";
  return new DOMRect(rtl ? box.right : box.left, box.top, 0, height);
}
