/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * Grey text at the caret. It is drawn in an overlay of its own, inside a shadow root: the
 * document's text never holds it, the page's styles do not reach it, and nothing can submit it.
 * Styles are set through the CSS object model, which a strict content security policy allows.
 */

import { copyTextStyle, type Field, lineHeight } from "./field.ts";

const CSS = `
:host { all: initial; }
.ghost {
  position: fixed; margin: 0; padding: 0; border: 0; z-index: 2147483000;
  pointer-events: none; user-select: none; white-space: pre-wrap; overflow: hidden;
}
.text { background: var(--paper); color: var(--ghost); }
.key {
  margin-inline-start: .5em; padding: 0 .35em; border: 1px solid currentColor; border-radius: .3em;
  font: 600 .7em system-ui, sans-serif; vertical-align: middle; opacity: .75;
}
.said { position: fixed; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (forced-colors: active) { .text { color: GrayText; } }
`;

/** Milliseconds for which a suggestion has to stand before it is read out. */
const SAY_AFTER_MS = 600;

export class Ghost {
  readonly #field: Field;
  readonly #host: HTMLElement;
  readonly #box: HTMLElement;
  readonly #text: HTMLElement;
  readonly #key: HTMLElement;
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
    const root = this.#host.attachShadow({ mode: "open" });
    const sheet = new (document.defaultView ?? globalThis).CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    this.#box = make(root, "div", "ghost");
    this.#box.setAttribute("aria-hidden", "true");
    this.#text = make(this.#box, "span", "text");
    this.#key = make(this.#text, "span", "key");
    this.#said = make(root, "div", "said");
    this.#said.setAttribute("role", "status");
    this.#said.setAttribute("aria-live", "polite");
    this.#box.hidden = true;
    document.body.append(this.#host);
  }

  /** What stands in grey; empty if nothing does. */
  get shown(): string {
    return this.#shown;
  }

  show(text: string): void {
    this.#shown = text;
    clearTimeout(this.#timer);
    this.#said.textContent = "";
    this.place();
    if (this.#shown !== "") this.#timer = setTimeout(() => this.say(), SAY_AFTER_MS);
  }

  /** Has assistive technology read the suggestion; nothing is accepted by that. */
  say(): void {
    if (this.#shown === "") return;
    this.#said.textContent = "";
    // Emptied and filled in different frames, or the same text would not be read a second time.
    requestAnimationFrame(() => {
      if (this.#shown !== "") {
        this.#said.textContent = `Suggestion: ${this.#shown.trim()}. Tab accepts.`;
      }
    });
  }

  /** Draws the suggestion where the caret is now; hides it while the caret is out of sight. */
  place(): void {
    const caret = this.#shown === "" ? undefined : this.#field.caretRect();
    const area = this.#field.textBox();
    const height = lineHeight(this.#field.element);
    const visible = caret !== undefined && caret.top + caret.height / 2 >= area.top &&
      caret.top + caret.height / 2 <= area.bottom + 1 && caret.left >= area.left - 1 &&
      caret.left <= area.right + 1;
    this.#box.hidden = !visible;
    if (!visible) return;
    const { element } = this.#field;
    const rtl = getComputedStyle(element).direction === "rtl";
    const single = element instanceof HTMLInputElement;
    const indent = rtl ? area.right - caret.left : caret.left - area.left;
    copyTextStyle(element, this.#box);
    this.#style({
      left: `${area.left}px`,
      top: `${caret.top}px`,
      width: `${area.width}px`,
      "max-height": `${Math.max(height, single ? height : area.bottom - caret.top)}px`,
      "text-indent": `${indent}px`,
      "line-height": `${single ? caret.height : height}px`,
      "white-space": single ? "pre" : "pre-wrap",
      ...colours(element),
    });
    this.#text.replaceChildren(this.#shown, this.#key);
    this.#key.textContent = "Tab";
  }

  #style(properties: Record<string, string>): void {
    for (const [name, value] of Object.entries(properties)) {
      this.#box.style.setProperty(name, value);
    }
  }

  remove(): void {
    clearTimeout(this.#timer);
    this.#host.remove();
  }
}

/** The field's own background, and its text colour at 62%: at least 4.5:1 for black on white. */
function colours(element: HTMLElement): Record<string, string> {
  const { color } = getComputedStyle(element);
  let paper = "transparent";
  for (let holder: Element | null = element; holder; holder = holder.parentElement) {
    paper = getComputedStyle(holder).backgroundColor;
    if (!/^(transparent|rgba\(.*, 0\))$/.test(paper)) break;
  }
  return { "--paper": paper, "--ghost": `color-mix(in srgb, ${color} 62%, ${paper})` };
}
