/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * Grey text at the caret. It is drawn in an overlay of its own, inside a shadow root: the
 * document's text never holds it, the page's styles do not reach it, and nothing can submit it.
 */

import { legible } from "./colour.ts";
import type { Field } from "./field.ts";
import { copyTextStyle, copyZoom, isInput, parentOf, scaleOf, setStyle, zoomOf } from "./layout.ts";

const CSS = `
:host {
  all: initial; position: fixed; inset: 0 auto auto 0; overflow: visible; pointer-events: none;
}
@media print { :host { display: none !important; } }
.ghost {
  position: fixed; margin: 0; padding: 0; border: 0; pointer-events: none; user-select: none;
}
.ghost[hidden] { display: none; }
.key {
  display: inline-block; margin-inline-start: .6em; padding: 0 .35em; border: 1px solid;
  border-radius: .3em; text-indent: 0; font: 600 .7em/1.3 system-ui, sans-serif;
  vertical-align: middle;
}
.from { margin-inline-start: .6em; text-indent: 0; font: .75em/1.3 system-ui, sans-serif; }
.said { position: fixed; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (forced-colors: active) { .text { color: GrayText; } }
`;

/** Milliseconds for which a suggestion has to stand before it is read out. */
const SAY_AFTER_MS = 600;
/** Pixels around the suggestion that a finger may touch. */
const FINGER = 8;
/** Below this width of the window a suggestion stays within its field. */
const NARROW = 640;

export class Ghost {
  readonly #field: Field;
  readonly #host: HTMLElement;
  readonly #root: ShadowRoot;
  readonly #box: HTMLElement;
  readonly #text: HTMLElement;
  readonly #key: HTMLElement;
  readonly #from: HTMLElement;
  readonly #said: HTMLElement;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown = "";

  constructor(field: Field) {
    this.#field = field;
    const { ownerDocument: document } = field.element;
    const make = (parent: Node, name: string, className: string) => {
      const element = document.createElement(name);
      element.className = className;
      parent.appendChild(element);
      return element;
    };
    this.#host = document.createElement("nano-med-ghost");
    const root = this.#root = this.#host.attachShadow({ mode: "open" });
    const sheet = new document.defaultView!.CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    this.#box = make(root, "div", "ghost");
    this.#box.setAttribute("aria-hidden", "true");
    this.#text = make(this.#box, "span", "text");
    this.#key = make(this.#box, "span", "key");
    this.#from = make(this.#box, "span", "from");
    this.#said = make(root, "div", "said");
    this.#said.setAttribute("role", "status");
    this.#said.setAttribute("aria-live", "polite");
    this.#box.hidden = true;
    this.#host.setAttribute("popover", "manual");
    this.#mount();
  }

  #mount(): void {
    this.#home.append(this.#host);
    this.#host.showPopover?.();
  }

  /** Where the overlay is seen, is read out, and is no part of a note. */
  get #home(): Element {
    const { element } = this.#field, { body, documentElement } = element.ownerDocument;
    // Outside a modal dialog, or what fills the screen, all is inert.
    const outermost = dialogAround(element) ?? fullscreenAround(element);
    if (outermost) return outermost;
    return body.isContentEditable ? documentElement : body;
  }

  /** What stands in grey; shorter than what was to be shown where there is no room for all. */
  get shown(): string {
    return this.#box.hidden ? "" : this.#text.textContent ?? "";
  }

  /** Whether the suggestion is on the screen now: connected, painted, on top, in the viewport. */
  get visible(): boolean {
    if (this.#shown === "" || !this.#host.isConnected) return false;
    this.place();
    if (this.#box.hidden) return false;
    const view = this.#field.element.ownerDocument.defaultView!;
    const [first] = this.#text.getClientRects();
    if (!first || this.#host.checkVisibility?.({ visibilityProperty: true }) === false) {
      return false;
    }
    const x = (Math.max(first.left, 0) + Math.min(first.right, view.innerWidth)) / 2;
    const y = (first.top + first.bottom) / 2;
    if (x < first.left || x > first.right || y < 0 || y > view.innerHeight) return false;
    // What is hit there is seen there.
    setStyle(this.#text, { "pointer-events": "auto" });
    const hit = this.#root.elementFromPoint(x, y);
    setStyle(this.#text, { "pointer-events": "none" });
    return hit !== null && this.#root.contains(hit);
  }

  /** Draws `text`; `from` is where it comes from, in a word. */
  show(text: string, from = ""): void {
    const appears = this.#shown === "" && text !== "";
    this.#shown = text;
    this.#from.textContent = from && `from: ${from}`;
    clearTimeout(this.#timer);
    this.#said.textContent = "";
    if (appears) this.raise();
    this.place();
    if (this.#shown !== "") this.#timer = setTimeout(() => this.say(), SAY_AFTER_MS);
  }

  /** Back into a page that has thrown it out, and above whatever was opened since. */
  raise(): void {
    if (this.#shown === "") return;
    const home = this.#home;
    if (this.#host.parentNode !== home) return this.#mount();
    const opened = /^(body|html)$/.test(home.localName)
      ? home.ownerDocument.fullscreenElement
      : home;
    if (!this.#host.showPopover || !opened) return;
    this.#host.hidePopover();
    this.#host.showPopover();
  }

  /** Has assistive technology read the suggestion; nothing is accepted by that. */
  say(): void {
    if (this.#shown === "") return;
    this.#said.textContent = "";
    // Emptied and filled in different frames, or the same text would not be read a second time.
    requestAnimationFrame(() => {
      if (this.shown === "") return;
      const accepts = this.#byTouch ? "A tap on it" : "Tab";
      const from = this.#from.textContent && `, ${this.#from.textContent.replace(":", "")}`;
      this.#said.textContent =
        `Suggestion: ${this.shown.trim()}${from}. ${accepts} accepts, Escape dismisses.`;
    });
  }

  get #byTouch(): boolean {
    return this.#field.element.ownerDocument.defaultView!.matchMedia("(pointer: coarse)").matches;
  }

  /** Whether a finger at this place of the viewport means the suggestion. */
  touchedAt(x: number, y: number): boolean {
    return [...this.#text.getClientRects(), ...this.#key.getClientRects()].some((rect) =>
      x >= rect.left - FINGER && x <= rect.right + FINGER &&
      y >= rect.top - FINGER && y <= rect.bottom + FINGER
    );
  }

  /** Draws the suggestion where the caret is now; hides it while the caret is out of sight. */
  place(): void {
    const caret = this.#shown === "" ? undefined : this.#field.caretRect(this.#root);
    const area = caret && this.#field.textBox();
    this.#box.hidden = !(caret && area && this.#inSight(caret, area));
    if (!caret || !area || this.#box.hidden) return;
    const { element } = this.#field;
    const styled = this.#field.styled();
    const rtl = getComputedStyle(styled).direction === "rtl";
    copyTextStyle(styled, this.#box);
    // Zoomed like the field, and as large as transforms make it.
    copyZoom(element, this.#host);
    const zoom = zoomOf(this.#host), scale = scaleOf(element);
    // An overlay may be larger than a field of one line; nobody should accept what was cut off.
    const shape: Record<string, string> = isInput(element)
      ? {
        left: rtl ? "auto" : `${caret.left / zoom}px`,
        right: rtl ? `calc(100% - ${caret.left / zoom}px)` : "auto",
        width: "max-content",
        "text-indent": "0",
        "line-height": `${caret.height / scale}px`,
        "white-space": "pre",
      }
      : {
        left: `${area.left / zoom}px`,
        right: "auto",
        width: `${area.width / scale}px`,
        "text-indent": `${(rtl ? area.right - caret.left : caret.left - area.left) / scale}px`,
        "white-space": "pre-wrap",
      };
    const top = `${caret.top / zoom}px`;
    setStyle(this.#box, { ...shape, top, transform: "none" });
    if (scale !== zoom) this.#transform(scale / zoom, shape.left, top);
    const { paper, ghost } = legible(styled, this.#box);
    setStyle(this.#text, { "background-color": paper, color: ghost });
    setStyle(this.#key, { "background-color": paper, color: ghost });
    setStyle(this.#from, { "background-color": paper, color: ghost });
    this.#key.textContent = this.#byTouch ? "Tap" : "Tab";
    this.#text.textContent = this.#shown;
    this.#fit(caret);
  }

  /** On a small screen it may not run over the next section: as many words as the field has room. */
  #fit(caret: DOMRect): void {
    const { element } = this.#field;
    if (element.ownerDocument.defaultView!.innerWidth >= NARROW && !this.#byTouch) return;
    const floor = Math.max(element.getBoundingClientRect().bottom, caret.bottom) + 1;
    const bottom = () => Math.max(...[...this.#text.getClientRects()].map((rect) => rect.bottom));
    const words = this.#shown.match(/\s*\S+/g) ?? [];
    while (words.length > 1 && bottom() > floor) {
      words.pop();
      this.#text.textContent = words.join("");
    }
  }

  /** Enlarges the box where it stands; placed by the transform, as what is before it is rounded. */
  #transform(scale: number, left: string, top: string): void {
    const fromRight = left === "auto";
    setStyle(this.#box, {
      top: "0",
      left: fromRight ? "auto" : "0",
      transform: `translate(${fromRight ? "0" : left}, ${top}) scale(${scale})`,
      "transform-origin": fromRight ? "100% 0" : "0 0",
    });
  }

  /** Whether the caret is within the field, and the field not covered or scrolled away there. */
  #inSight(caret: DOMRect, area: DOMRect): boolean {
    const y = caret.top + caret.height / 2;
    const within = y >= area.top && y <= area.bottom + 1 && caret.left >= area.left - 1 &&
      caret.left <= area.right + 1;
    if (!within) return false;
    const { element } = this.#field;
    const root = element.getRootNode() as Document | ShadowRoot;
    const x = Math.min(Math.max(caret.left, area.left), area.right - 1);
    return element.contains(root.elementFromPoint(x, y));
  }

  remove(): void {
    clearTimeout(this.#timer);
    this.#host.remove();
  }
}

/** The dialog or popover that holds `element`. */
function dialogAround(element: Element): Element | null {
  for (let node: Element | null = element; node; node = parentOf(node)) {
    if (node.localName === "dialog" || node.hasAttribute("popover")) return node;
  }
  return null;
}

/** What fills the screen and holds `element` in it. */
function fullscreenAround(element: Element): Element | null {
  const root = element.getRootNode() as Document | ShadowRoot;
  const full = root.fullscreenElement ?? element.ownerDocument.fullscreenElement;
  const holds = full?.contains(element) && full !== element &&
    full !== element.ownerDocument.documentElement && !(full as HTMLElement).isContentEditable;
  return holds ? full : null;
}
