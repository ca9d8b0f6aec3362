/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** A text field as the plugin sees it: the text around the caret, and a way to insert some. */

import { type Completion, MAX_AFTER, MAX_BEFORE } from "./client.ts";
import { isMarked } from "./excluded.ts";
import { contentBox, isInput, rangeCaret, type TextControl } from "./layout.ts";
import { Mirror } from "./mirror.ts";
import { textAround } from "./text.ts";

export interface Field {
  readonly element: HTMLElement;
  /** Text around a collapsed caret; undefined while text is selected or the field is not editable. */
  caret(): { before: string; after: string } | undefined;
  /** The completions as far as they can stand in this field. */
  fitting(completions: Completion[]): Completion[];
  /** Inserts at the caret as if typed: one undo removes it, and native input events fire. */
  insert(text: string): void;
  /** The node that has the caret. */
  holder(): Node | undefined;
  /**
   * Where the caret stands, as high as its line, in viewport coordinates. `overlay` is a shadow
   * tree in which it may be measured.
   */
  caretRect(overlay: ShadowRoot): DOMRect | undefined;
  /** Forgets what it has measured: the writer is elsewhere. */
  rest(): void;
  /** The box within whose width text wraps, in viewport coordinates. */
  textBox(): DOMRect;
  /** The element whose style text at the caret has. */
  styled(): HTMLElement;
}

const TEXT_INPUTS = new Set(["text", "search", ""]);

/** Whether `element` is a field that text can be typed into. */
export const holdsText = (element: HTMLElement) =>
  element.localName === "textarea" || element.isContentEditable ||
  isInput(element) && TEXT_INPUTS.has(element.type);

/** The field for `element`; a TypeError for one that holds no text. */
export function fieldOf(element: HTMLElement): Field {
  if (!holdsText(element)) {
    throw new TypeError(
      `Cannot attach to <${element.localName}>: expected a textarea, a text input or a contenteditable element`,
    );
  }
  return element.isContentEditable ? editableField(element) : controlField(element as TextControl);
}

/**
 * Editors with a document of their own take the text from `beforeinput`, as they do when it is
 * typed. For the rest `insertText` is the only change that the browser's own undo knows of.
 */
function insertText(element: HTMLElement, text: string, otherwise: () => void): void {
  const init: InputEventInit = { bubbles: true, composed: true, inputType: "insertText" };
  const before = new InputEvent("beforeinput", { ...init, cancelable: true, data: text });
  if (!element.dispatchEvent(before)) return;
  if (element.ownerDocument.execCommand("insertText", false, text)) return;
  otherwise();
  element.dispatchEvent(new InputEvent("input", { ...init, data: text }));
}

function controlField(element: TextControl): Field {
  let mirror: Mirror | undefined;
  return {
    element,
    caret() {
      const { selectionStart: start, selectionEnd: end, value } = element;
      if (element.matches(":disabled") || element.readOnly || start === null || start !== end) {
        return;
      }
      return { before: value.slice(0, start), after: value.slice(start) };
    },
    fitting(completions) {
      if (!isInput(element)) return completions;
      // A single line ends where the suggestion's first line does.
      return completions.map((completion) => ({ ...completion, text: firstLine(completion.text) }))
        .filter(({ text }) => text !== "");
    },
    insert(text) {
      // Placing the caret ends the run of typing that one undo would otherwise remove as a whole.
      element.setSelectionRange(element.selectionStart, element.selectionEnd);
      insertText(element, text, () => {
        const at = element.selectionStart ?? element.value.length;
        element.setRangeText(text, at, element.selectionEnd ?? at, "end");
      });
    },
    holder: () => element,
    caretRect(overlay) {
      mirror ??= new Mirror(element, overlay);
      return mirror.caret();
    },
    rest() {
      mirror?.remove();
      mirror = undefined;
    },
    textBox: () => contentBox(element),
    styled: () => element,
  };
}

const firstLine = (text: string) => text.split("\n", 1)[0];

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
  const styled = () => {
    const found = range();
    if (!found) return element;
    const { startContainer: node, startOffset } = found;
    const child = node.childNodes[startOffset] ?? node;
    const holder = child.nodeType === Node.ELEMENT_NODE && child.nodeName !== "BR"
      ? child
      : child.parentElement;
    return element.contains(holder) ? holder as HTMLElement : element;
  };
  /** The nearest element around the caret that breaks lines. */
  const block = () => {
    let holder = styled();
    while (holder !== element && getComputedStyle(holder).display.startsWith("inline")) {
      holder = holder.parentElement!;
    }
    return holder;
  };
  return {
    element,
    caret() {
      const found = element.isContentEditable ? range() : undefined;
      if (!found || isMarked(styled())) return;
      const { startContainer, startOffset } = found;
      const most = { before: MAX_BEFORE, after: MAX_AFTER };
      return textAround(element, startContainer, startOffset, most);
    },
    holder: () => range()?.startContainer,
    rest() {},
    fitting: (completions) => completions,
    insert(text) {
      const found = range();
      if (!found) return;
      // As above.
      selection()!.collapse(found.startContainer, found.startOffset);
      insertText(element, text, () => {
        found.insertNode(element.ownerDocument.createTextNode(text));
        selection()!.collapseToEnd();
      });
    },
    caretRect() {
      const found = range();
      return found && rangeCaret(found, found.getClientRects().length > 0 ? styled() : block());
    },
    textBox: () => contentBox(block()),
    styled,
  };
}
