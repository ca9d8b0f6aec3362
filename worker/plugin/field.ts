/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** A text field as the plugin sees it: the text around the caret, and a way to insert some. */

export interface Field {
  readonly element: HTMLElement;
  /** Text around a collapsed caret; undefined while text is selected or the field is not editable. */
  caret(): { before: string; after: string } | undefined;
  /** Inserts at the caret as if typed: one undo removes it, and native input events fire. */
  insert(text: string): void;
  /** Where the caret stands, in viewport coordinates. */
  caretRect(): DOMRect | undefined;
  /** The box within whose width text wraps, in viewport coordinates. */
  textBox(): DOMRect;
}

type TextControl = HTMLInputElement | HTMLTextAreaElement;

const TEXT_INPUTS = new Set(["text", "search", ""]);

/** The field for `element`; a TypeError for one that holds no text or must not be read. */
export function fieldOf(element: HTMLElement): Field {
  if (element instanceof HTMLTextAreaElement) return controlField(element);
  if (element instanceof HTMLInputElement && TEXT_INPUTS.has(element.type)) {
    return controlField(element);
  }
  if (element.isContentEditable) return editableField(element);
  throw new TypeError(
    `Cannot attach to <${element.localName}>: expected a textarea, a text input or a contenteditable element`,
  );
}

/** `insertText` is the only way to change a field that the browser's own undo knows of. */
function insertText(element: HTMLElement, text: string, otherwise: () => void): void {
  if (element.ownerDocument.execCommand("insertText", false, text)) return;
  otherwise();
  element.dispatchEvent(
    new InputEvent("input", { bubbles: true, inputType: "insertText", data: text }),
  );
}

function controlField(element: TextControl): Field {
  return {
    element,
    caret() {
      const { selectionStart: start, selectionEnd: end, value } = element;
      if (element.readOnly || element.disabled || start === null || start !== end) return;
      return { before: value.slice(0, start), after: value.slice(start) };
    },
    insert(text) {
      insertText(element, text, () => {
        const at = element.selectionStart ?? element.value.length;
        element.setRangeText(text, at, element.selectionEnd ?? at, "end");
      });
    },
    caretRect: () => mirrorCaret(element),
    textBox: () => contentBox(element),
  };
}

function editableField(element: HTMLElement): Field {
  const selection = () => {
    const root = element.getRootNode() as Document & { getSelection?: () => Selection | null };
    return root.getSelection?.() ?? element.ownerDocument.getSelection();
  };
  const range = () => {
    const current = selection();
    if (!current?.isCollapsed || current.rangeCount === 0) return;
    const found = current.getRangeAt(0);
    return element.contains(found.startContainer) ? found : undefined;
  };
  /** The text between two points, with a line break between blocks. */
  const textOf = (from: "start" | "caret", caret: Range) => {
    const part = element.ownerDocument.createRange();
    part.selectNodeContents(element);
    if (from === "start") part.setEnd(caret.startContainer, caret.startOffset);
    else part.setStart(caret.endContainer, caret.endOffset);
    return blockText(part.cloneContents());
  };
  return {
    element,
    caret() {
      const found = element.isContentEditable ? range() : undefined;
      return found && { before: textOf("start", found), after: textOf("caret", found) };
    },
    insert(text) {
      insertText(element, text, () => {
        const found = range();
        if (!found) return;
        found.insertNode(element.ownerDocument.createTextNode(text));
        selection()!.collapseToEnd();
      });
    },
    caretRect() {
      const found = range();
      if (!found) return;
      const [rect] = found.getClientRects();
      if (rect) return rect;
      // An empty line has no rectangle; the element that holds it has.
      const node = found.startContainer;
      const holder = node instanceof Element ? node.childNodes[found.startOffset] ?? node : node;
      const box = (holder instanceof Element ? holder : holder.parentElement!)
        .getBoundingClientRect();
      return new DOMRect(box.left, box.top, 0, lineHeight(element));
    },
    textBox: () => contentBox(element),
  };
}

const BLOCKS = /^(ADDRESS|ARTICLE|BLOCKQUOTE|DD|DIV|DL|DT|H[1-6]|LI|OL|P|PRE|SECTION|TR|UL)$/;

function blockText(node: Node): string {
  if (node.nodeType === Node.TEXT_NODE) return node.textContent ?? "";
  if (node.nodeName === "BR") return "\n";
  let text = "";
  for (const child of node.childNodes) {
    const block = BLOCKS.test(child.nodeName);
    if (block && text !== "" && !text.endsWith("\n")) text += "\n";
    text += blockText(child);
  }
  return text.replaceAll("\u00a0", " ");
}

/** Line height in pixels; `normal` is about 1.2 times the font size. */
export function lineHeight(element: HTMLElement): number {
  const { lineHeight, fontSize } = getComputedStyle(element);
  return parseFloat(lineHeight) || 1.2 * parseFloat(fontSize);
}

function contentBox(element: HTMLElement): DOMRect {
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const left = box.left + element.clientLeft + parseFloat(style.paddingLeft);
  const top = box.top + element.clientTop + parseFloat(style.paddingTop);
  const inner = element.clientWidth - parseFloat(style.paddingLeft) -
    parseFloat(style.paddingRight);
  const height = element.clientHeight - parseFloat(style.paddingTop) -
    parseFloat(style.paddingBottom);
  return new DOMRect(left, top, inner, height);
}

/** Properties that decide where a text control breaks its lines. */
const TEXT_STYLE = [
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
export function copyTextStyle(from: HTMLElement, to: HTMLElement): void {
  const style = getComputedStyle(from);
  for (const name of TEXT_STYLE) to.style.setProperty(name, style.getPropertyValue(name));
}

/**
 * Text controls do not tell where their caret is. A hidden element of the same width and style,
 * filled with the same text, breaks its lines alike; a marker in it shows the place.
 */
function mirrorCaret(element: TextControl): DOMRect {
  const { ownerDocument: document } = element;
  const box = contentBox(element);
  const mirror = document.createElement("div");
  const marker = document.createElement("span");
  copyTextStyle(element, mirror);
  const single = element instanceof HTMLInputElement;
  for (
    const [name, value] of Object.entries({
      position: "fixed",
      left: "0",
      top: "0",
      visibility: "hidden",
      "pointer-events": "none",
      width: single ? "max-content" : `${box.width}px`,
      "white-space": single ? "pre" : "pre-wrap",
    })
  ) mirror.style.setProperty(name, value);
  mirror.textContent = element.value.slice(0, element.selectionStart ?? element.value.length);
  marker.textContent = "\u200b";
  mirror.append(marker);
  document.body.append(mirror);
  const place = marker.getBoundingClientRect();
  const origin = mirror.getBoundingClientRect();
  mirror.remove();
  const height = single ? place.height : lineHeight(element);
  const top = single ? box.top + (box.height - height) / 2 : box.top + place.top - origin.top;
  const rtl = getComputedStyle(element).direction === "rtl";
  const left = single && rtl
    ? box.right - (origin.right - place.left)
    : box.left + place.left - origin.left;
  return new DOMRect(left - element.scrollLeft, top - element.scrollTop, 0, height);
}
