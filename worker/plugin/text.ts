/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * The text around a place in a document, as a person sees it: what `innerText` would say, but with
 * one line break between blocks, without what is hidden, excluded or no written text (controls,
 * islands of `contenteditable="false"`), and only as much as is asked for. The time depends on that
 * much, not on the length of the document.
 */

/** A run of characters, a line break, the edge of a block or of a table cell, or an object. */
type Part =
  | { text: string; space: Space }
  | "line break"
  | "edge"
  | "cell"
  | "object";

/** What becomes of white space: CSS white-space-collapse. */
type Space = "collapse" | "preserve" | "preserve-breaks";

/** Stands for what is seen on the line but is no text. */
const OBJECT = "\ufffc";

/** Elements that show something else than the text inside them. */
const REPLACED =
  /^(audio|button|canvas|embed|iframe|img|input|math|meter|object|progress|select|svg|textarea|video)$/;
/** Elements whose text is never shown. */
const SILENT = /^(script|style|template|noscript|head|title|datalist|rp)$/;
/** Characters without a width: fillers of editors, soft hyphens. */
const ZERO_WIDTH = /[\u00ad\u200b\u2060\ufeff]/g;

/** A window begins at a multiple of this many characters: typing on must not shift it each time. */
const STEP = 1024;

/** What stands around a place. */
export interface Around {
  /** At least `most` characters, or all there are. */
  before: string;
  after: string;
}

/** The text of `root` around the place `offset` in `node`. */
export function textAround(
  root: Element,
  node: Node,
  offset: number,
  { before: mostBefore, after: mostAfter }: { before: number; after: number },
): Around {
  const behind = upTo(mostAfter, parts(root, node, offset, 1), (text, most) => text.slice(0, most));
  const front = upTo(
    mostBefore,
    parts(root, node, offset, -1),
    (text, most) => text.slice(Math.max(0, Math.floor((text.length - most) / STEP) * STEP)),
  );
  const line = new Line();
  for (const part of front.reverse()) line.add(part);
  const at = line.mark();
  for (const part of behind) line.add(part);
  return {
    before: cleaned(line.text.slice(0, at)).replace(/\s*\ufffc\s*/g, " ").trimStart(),
    after: cleaned(line.text.slice(at)),
  };
}

const cleaned = (text: string) => text.replaceAll("\u00a0", " ");

/** Parts until they hold `most` characters; `cut` shortens the last one. */
function upTo(
  most: number,
  parts: Iterable<Part>,
  cut: (text: string, most: number) => string,
): Part[] {
  const taken: Part[] = [];
  for (const part of parts) {
    if (typeof part === "string") {
      taken.push(part);
      most--;
    } else {
      const text = part.text.length > most ? cut(part.text, most) : part.text;
      taken.push({ ...part, text });
      most -= text.length;
    }
    if (most <= 0) break;
  }
  return taken;
}

/** Puts parts together in document order. */
class Line {
  text = "";
  /** A space that is there only if something follows on its line. */
  #space = false;
  /** A block has ended or begun: a line break if something follows. */
  #edge = false;

  add(part: Part): void {
    if (part === "line break") this.#break();
    else if (part === "edge") {
      this.#edge = true;
      this.#space = false;
    } else if (part === "cell") {
      this.#startLine();
      if (!this.#atStart) this.text += "\t";
      this.#space = false;
    } else if (part === "object") this.#put(OBJECT);
    else this.#addText(part.text.replace(ZERO_WIDTH, ""), part.space);
  }

  /** Where the text ends now; what follows stays apart. */
  mark(): number {
    this.#put("");
    return this.text.length;
  }

  get #atStart(): boolean {
    return this.text === "" || this.text.endsWith("\n");
  }

  #startLine(): void {
    if (this.#edge && !this.#atStart) this.text += "\n";
    this.#edge = false;
  }

  #break(): void {
    this.#startLine();
    this.text += "\n";
    this.#space = false;
  }

  #put(text: string): void {
    this.#startLine();
    if (this.#space && !/^[ \t\n]?$/.test(this.text.slice(-1))) this.text += " ";
    this.#space = false;
    this.text += text;
  }

  #addText(text: string, space: Space): void {
    if (space === "preserve") {
      if (text !== "") this.#put(text.replace(/\r\n?/g, "\n"));
      return;
    }
    const lines = space === "preserve-breaks" ? text.split(/\r\n?|\n/) : [text];
    lines.forEach((line, index) => {
      if (index > 0) this.#break();
      const words = line.replace(/[ \t\n\r\f]+/g, " ");
      if (words.startsWith(" ")) this.#space = true;
      const inner = words.replace(/^ | $/g, "");
      if (inner === "") return;
      this.#put(inner);
      this.#space = words.endsWith(" ");
    });
  }
}

/** What is on one side of a place, from there outwards: `step` 1 behind it, −1 before it. */
function* parts(root: Element, node: Node, offset: number, step: 1 | -1): Generator<Part> {
  let next: Node | null;
  if (node.nodeType === Node.TEXT_NODE) {
    const { data } = node as Text;
    const text = step > 0 ? data.slice(offset) : data.slice(0, offset);
    const { parentElement } = node;
    if (parentElement) yield* textPart(text, getComputedStyle(parentElement));
    next = sibling(node, step);
  } else next = node.childNodes[step > 0 ? offset : offset - 1] ?? null;
  for (let inside: Node = node;;) {
    for (; next; next = sibling(next, step)) yield* whole(next, step);
    // Out of the element that has been read to its end.
    const around = inside.nodeType === Node.TEXT_NODE ? inside.parentElement : inside as Element;
    if (!around || around === root) return;
    // A caret in an island, as in the caption of a picture: the note around it is another text.
    if (around.getAttribute("contenteditable") === "false") return;
    const { display } = getComputedStyle(around);
    if (isBlock(display)) yield "edge";
    else if (display === "table-cell" && step < 0) yield "cell";
    next = sibling(around, step);
    inside = around.parentElement ?? root;
  }
}

const sibling = (node: Node, step: 1 | -1) => step > 0 ? node.nextSibling : node.previousSibling;

/** All of `node`. */
function* whole(node: Node, step: 1 | -1): Generator<Part> {
  if (node.nodeType === Node.TEXT_NODE) {
    yield* textPart((node as Text).data, getComputedStyle(node.parentElement!));
    return;
  }
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  const element = node as HTMLElement, { localName } = element;
  if (localName === "br") yield "line break";
  if (localName === "br" || SILENT.test(localName)) return;
  const style = getComputedStyle(element), { display } = style;
  if (display !== "contents" && isHidden(element, style)) return;
  const block = isBlock(display);
  if (
    REPLACED.test(localName) || element.hasAttribute("data-no-complete") ||
    element.getAttribute("contenteditable") === "false"
  ) {
    yield block ? "edge" : "object";
    return;
  }
  const cell = display === "table-cell";
  if (block) yield "edge";
  if (cell && step > 0) yield "cell";
  const { firstChild, lastChild } = element;
  for (let child = step > 0 ? firstChild : lastChild; child; child = sibling(child, step)) {
    yield* whole(child, step);
  }
  if (cell && step < 0) yield "cell";
  if (block) yield "edge";
}

function* textPart(text: string, style: CSSStyleDeclaration): Generator<Part> {
  if (text === "" || style.visibility !== "visible" || parseFloat(style.fontSize) === 0) return;
  yield { text, space: spaceOf(style) };
}

function spaceOf(style: CSSStyleDeclaration): Space {
  const collapse = style.getPropertyValue("white-space-collapse");
  if (collapse === "collapse" || collapse === "preserve-breaks") return collapse;
  if (collapse !== "") return "preserve";
  // Browsers without the longhand.
  const { whiteSpace } = style;
  if (whiteSpace === "pre-line") return "preserve-breaks";
  return /^(pre|break)/.test(whiteSpace) ? "preserve" : "collapse";
}

const isBlock = (display: string) => !/^(inline|contents|none|ruby|table-cell)/.test(display);

function isHidden(element: HTMLElement, style: CSSStyleDeclaration): boolean {
  if (style.display === "none" || style.opacity === "0") return true;
  // Said to screen readers only.
  const clipped = style.clip !== "auto" || /inset\((50|100)%/.test(style.clipPath);
  if (clipped && /absolute|fixed/.test(style.position)) return true;
  // In a closed <details>, or content-visibility: hidden around it.
  return element.checkVisibility?.() === false;
}
