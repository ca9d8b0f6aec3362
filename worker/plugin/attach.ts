/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** Binds suggestions to one text field. */

import { CompletionClient } from "./client.ts";
import { isExcluded } from "./excluded.ts";
import { type Field, fieldOf, holdsText } from "./field.ts";
import { Ghost } from "./ghost.ts";
import type { AttachOptions, Handle, Stats } from "./handle.ts";
import { hasListOpen, saysListOpen } from "./open_list.ts";
import { placeOf } from "./patient.ts";
import { report, safely } from "./problems.ts";
import { SuggestionSession } from "./session.ts";
import { closeUndoStep } from "./undo.ts";

/** Where the off switch is remembered. */
const SWITCH = "nano-med-gpt.off";

/** Milliseconds between looks at a field that may change without an event, as by `form.reset()`. */
const LOOK_MS = 150;

/** Marks attached elements, also for another copy of this module in the same page. */
const ATTACHED = Symbol.for("nano-med-gpt.attached");
type Attachable = HTMLElement & { [ATTACHED]?: Attachment };

/** Attributes that decide whether a field may be read and written. */
const DECISIVE = ["disabled", "readonly", "contenteditable", "type", "autocomplete"]
  .concat("data-no-complete", "aria-expanded", "aria-activedescendant");

/**
 * Shows suggestions in `element` until the handle's `detach`. Attaching again takes the new options.
 * Throws a TypeError for other elements.
 */
export function attach(element: HTMLElement, options: AttachOptions): Handle {
  if (isExcluded(element)) {
    throw new TypeError(
      `Cannot attach to <${element.localName}>: it is excluded (a password or payment field, or data-no-complete)`,
    );
  }
  return new Attachment(fieldOf(element), options);
}

/** Whether `attach` takes `element`. */
export const canAttach = (element: HTMLElement) => !isExcluded(element) && holdsText(element);

class Attachment implements Handle {
  readonly #field: Field;
  readonly #options: AttachOptions;
  readonly #client: CompletionClient;
  readonly #ghost: Ghost;
  readonly #session: SuggestionSession;
  readonly #detached = new AbortController();
  readonly #counts = { shown: 0, accepted: 0, acceptedCharacters: 0, dismissed: 0 };
  #paused = false;
  #off = false;
  #composing = false;
  /** Whether Tab is still down since it has taken a suggestion. */
  #tabHeld = false;
  #look: ReturnType<typeof setInterval> | undefined;
  #frame = 0;
  /** The patient whom the suggestion was asked for. */
  #asked: string | undefined;

  constructor(field: Field, options: AttachOptions) {
    this.#field = field;
    this.#options = options;
    this.#client = new CompletionClient(options);
    const element: Attachable = field.element;
    element[ATTACHED]?.detach();
    element[ATTACHED] = this;
    this.#ghost = new Ghost(field);
    this.#session = new SuggestionSession({
      complete: async (context) => {
        this.#asked = context.patient;
        const completions = await this.#client.complete(context);
        if (completions) this.#tellStats();
        return completions && field.fitting(completions);
      },
      cancel: () => this.#client.cancel(),
      show: (text, sources) => this.#show(text, placeOf(sources, this.#language)),
      onShown: () => this.#count("shown"),
    });
    this.#listen();
  }

  #listen(): void {
    const { element } = this.#field;
    const { signal } = this.#detached;
    const active = new Set(["keydown", "touchend"]);
    const on = (target: EventTarget, names: string, listener: (event: Event) => void) => {
      for (const name of names.split(" ")) {
        target.addEventListener(name, listener, {
          signal,
          capture: true,
          passive: !active.has(name),
        });
      }
    };
    const { ownerDocument: document } = element, view = document.defaultView!;
    on(element, "keydown", (event) => this.#keydown(event as KeyboardEvent));
    on(view, "keyup blur", () => this.#tabHeld = false);
    on(document, "touchend", (event) => this.#touchend(event as TouchEvent));
    on(element, "input", () => this.#update());
    on(element, "compositionstart", () => {
      this.#composing = true;
      this.#session.dismiss();
    });
    on(element, "compositionend", () => {
      this.#composing = false;
      this.#update();
    });
    on(element, "blur", () => {
      this.#session.dismiss();
      this.#field.rest();
    });
    on(view, "resize", () => this.#ghost.place());
    on(document, "fullscreenchange", () => this.#ghost.raise());
    // Neither event leaves a shadow tree.
    for (const root of new Set([document, element.getRootNode()])) {
      on(root, "selectionchange", () => this.#caretMoved());
      on(root, "scroll", () => this.#ghost.place());
    }
    const resized = new ResizeObserver(() => this.#ghost.place());
    resized.observe(element);
    const changed = new MutationObserver(() => this.#caretMoved());
    changed.observe(element, { attributes: true, attributeFilter: DECISIVE });
    signal.addEventListener("abort", () => {
      resized.disconnect();
      changed.disconnect();
    });
  }

  #show(text: string, from: string): void {
    this.#ghost.show(text, from);
    clearInterval(this.#look);
    if (text === "") return;
    this.#look = setInterval(() => this.#caretMoved(), LOOK_MS);
    if (this.#options.patient !== undefined) this.#watchPatient();
  }

  /** A suggestion for one patient does not outlive the frame in which another chart is opened. */
  #watchPatient(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      if (this.#session.suggestion === "") return;
      if (this.#client.patient === this.#asked) this.#watchPatient();
      else this.#session.dismiss();
    });
  }

  get #language(): string {
    return this.#field.element.closest<HTMLElement>("[lang]")?.lang ?? "";
  }

  #keydown(event: KeyboardEvent): void {
    const { key, code, altKey, ctrlKey, metaKey, shiftKey, isComposing, repeat } = event;
    const plain = !altKey && !ctrlKey && !metaKey && !shiftKey;
    // Held a little too long, Tab takes a suggestion once and does not leave the field.
    if (key === "Tab" && this.#tabHeld && repeat) return this.#swallow(event);
    // Nobody accepts what he cannot see, or what was meant for a text that has changed since.
    if (isComposing || this.#composing || this.#session.suggestion === "") return;
    if (!this.#session.isAt(this.#context())) return void this.#session.dismiss();
    if (!this.#ghost.visible || hasListOpen(this.#field.element)) return;
    if (key === "Tab" && plain && !repeat) {
      this.#tabHeld = true;
      this.#accept();
    } else if (key === "Escape" && plain) this.#dismiss();
    else if (key === "ArrowRight" && (ctrlKey || metaKey) && !altKey && !shiftKey) {
      this.#accept(/^\s*\S+/);
    } else if (altKey && !ctrlKey && !metaKey && !shiftKey && /^Arrow(Up|Down)$/.test(key)) {
      if (!this.#session.cycle(key === "ArrowDown" ? 1 : -1)) return;
    } else {
      // These type a character on some layouts of a Mac: the text has the first claim to them.
      if (altKey && !ctrlKey && !metaKey) this.#option(key, code);
      return;
    }
    this.#swallow(event);
  }

  #option(key: string, code: string): void {
    if (code === "BracketRight" && key === "]") this.#session.cycle(1);
    else if (code === "BracketLeft" && key === "[") this.#session.cycle(-1);
    else if (code === "Slash" && key === "/") this.#ghost.say();
  }

  #swallow(event: Event): void {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** A tap on the suggestion accepts it. */
  #touchend(event: TouchEvent): void {
    const [finger] = event.changedTouches;
    if (this.#session.suggestion === "" || !finger || event.touches.length > 0) return;
    if (!this.#ghost.touchedAt(finger.clientX, finger.clientY) || !event.cancelable) return;
    if (!this.#session.isAt(this.#context()) || !this.#ghost.visible) return;
    this.#swallow(event);
    this.#accept();
  }

  /** Inserts what is seen of the suggestion, or the `part` of it. */
  #accept(part = /^[^]*/): void {
    const seen = this.#ghost.shown;
    const text = part.exec(seen)?.[0] ?? seen;
    if (text === "") return;
    const { before } = this.#field.caret() ?? {};
    if (text === this.#session.suggestion) this.#session.accept();
    closeUndoStep(this.#field.element);
    safely(() => this.#options.beforeInsert?.());
    this.#field.insert(text);
    this.#counts.acceptedCharacters += text.length;
    this.#count("accepted");
    // Editors with a document of their own render it later.
    setTimeout(() => this.#expectChanged(before), 100);
  }

  #expectChanged(before: string | undefined): void {
    if (this.#detached.signal.aborted || this.#field.caret()?.before !== before) return;
    report({
      kind: "not inserted",
      message: "The editor did not take an accepted suggestion. See the editors in the plugin's " +
        "README, and there how an editor with a document of its own is bound.",
    }, this.#options.onError);
  }

  #dismiss(): void {
    this.#session.dismiss();
    this.#count("dismissed");
  }

  /** Moving the caret away ends a suggestion; typing moves it too, but has been dealt with. */
  #caretMoved(): void {
    if (!this.#composing) this.#session.moved(this.#context());
  }

  #update(): void {
    if (!this.#composing) void this.#session.update(this.#context());
  }

  /** The caret, or undefined where no suggestion is wanted. */
  #context() {
    const { element } = this.#field;
    // First, as what is excluded once stays so.
    if (isExcluded(element) || this.#paused || !this.enabled) return;
    if (saysListOpen(element) || !this.#hasCaret()) return;
    const caret = this.#field.caret();
    // Grey text in front of black text cannot be read: only where the line is empty behind the caret.
    if (!caret || caret.before.trim() === "" || !/^[ \t]*(\n|$)/.test(caret.after)) return;
    const { section } = this.#options;
    let name: string | null | undefined;
    safely(() => name = typeof section === "function" ? section() : section);
    return {
      ...caret,
      after: caret.after.replaceAll("\ufffc", ""),
      section: name ?? undefined,
      patient: this.#client.patient,
    };
  }

  /** Whether the caret is in this field, and in none inside it that has suggestions of its own. */
  #hasCaret(): boolean {
    const { element } = this.#field;
    const { activeElement } = element.getRootNode() as Document | ShadowRoot;
    if (!activeElement?.contains(element) && !element.contains(activeElement)) return false;
    for (let node = this.#field.holder() ?? null; node; node = node.parentNode) {
      if ((node as Attachable)[ATTACHED]) return node === element;
    }
    return false;
  }

  #count(name: "shown" | "accepted" | "dismissed"): void {
    this.#counts[name]++;
    this.#tellStats();
  }

  #tellStats(): void {
    safely(() => this.#options.onStats?.(this.stats));
  }

  get stats(): Stats {
    const { latencies, requests, failures } = this.#client;
    const sorted = [...latencies].sort((a, b) => a - b);
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { ...this.#counts, requests, failures, latency: { p50: at(0.5), p95: at(0.95) } };
  }

  get enabled(): boolean {
    try {
      return localStorage.getItem(SWITCH) === null;
    } catch {
      return !this.#off; // A frame without storage remembers for as long as it stands.
    }
  }

  set enabled(on: boolean) {
    this.#off = !on;
    try {
      if (on) localStorage.removeItem(SWITCH);
      else localStorage.setItem(SWITCH, "1");
    } catch {
      // See above.
    }
    if (!on) this.#session.dismiss();
  }

  pause(): void {
    this.#paused = true;
    this.#session.dismiss();
  }

  resume(): void {
    this.#paused = false;
  }

  detach(): void {
    this.#session.dismiss();
    this.#detached.abort();
    this.#field.rest();
    cancelAnimationFrame(this.#frame);
    this.#client.forget();
    this.#ghost.remove();
    const element: Attachable = this.#field.element;
    if (element[ATTACHED] === this) delete element[ATTACHED];
  }
}
