/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** Binds suggestions to one text field. */

import { type ClientOptions, CompletionClient } from "./client.ts";
import { type Field, fieldOf, holdsText } from "./field.ts";
import { Ghost } from "./ghost.ts";
import { parentOf } from "./layout.ts";
import { SuggestionSession } from "./session.ts";

/** What `attach` needs to know; only `endpoint` is a must. */
export interface AttachOptions extends ClientOptions {
  /** Name of the section the field belongs to, or a function that tells it. */
  section?: string | (() => string | undefined);
  /** Called after every change of the figures. */
  onStats?: (stats: Stats) => void;
}

/** What the plugin did in one field; figures only, never text. */
export interface Stats {
  /** Suggestions that were shown; one that stays while it is typed through counts once. */
  shown: number;
  /** Suggestions, or words of them, that were accepted: one key each. */
  accepted: number;
  /** Characters that were inserted by accepting. */
  acceptedCharacters: number;
  /** Suggestions that Escape removed. */
  dismissed: number;
  /** Requests that were sent, also those that were overtaken. */
  requests: number;
  /** Requests that failed, were refused or timed out. */
  failures: number;
  /** Milliseconds from request to answer: median and 95th percentile of the last hundred. */
  latency: { p50: number; p95: number };
}

/** What `attach` gives: control over the suggestions in one field. */
export interface Handle {
  /** Removes every trace of the plugin from the page. */
  detach(): void;
  /** Removes the suggestion and asks for none until `resume`. */
  pause(): void;
  /** Ends a pause; the next key asks again. */
  resume(): void;
  /** The writer's own switch, remembered for the whole origin. */
  enabled: boolean;
  /** The figures up to now. */
  readonly stats: Stats;
}

/** Where the off switch is remembered. */
const SWITCH = "nano-med-gpt.off";

/** Fields that are never read: the plugin refuses to attach, or falls silent if they turn so. */
const EXCLUDED = '[type=password], [autocomplete*="password"], [autocomplete="one-time-code"], ' +
  '[autocomplete^="cc-"], [data-no-complete]';

/** Attributes that decide whether a field may be read and written. */
const DECISIVE = ["disabled", "readonly", "contenteditable", "type", "autocomplete"]
  .concat("data-no-complete");

/** Shows suggestions in `element` until the handle's `detach`. Throws a TypeError for other elements. */
export function attach(element: HTMLElement, options: AttachOptions): Handle {
  if (isExcluded(element)) {
    throw new TypeError(
      `Cannot attach to <${element.localName}>: it is excluded (a password or payment field, or data-no-complete)`,
    );
  }
  return new Attachment(fieldOf(element), options);
}

/** Whether `attach` takes `element`. */
export const canAttach = (element: HTMLElement) => holdsText(element) && !isExcluded(element);

/** Whether `element` or anything around it, shadow hosts included, is excluded. */
function isExcluded(element: Element): boolean {
  for (let node: Element | null = element; node; node = parentOf(node)) {
    if (node.matches(EXCLUDED)) return true;
  }
  return false;
}

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

  constructor(field: Field, options: AttachOptions) {
    this.#field = field;
    this.#options = options;
    this.#client = new CompletionClient(options);
    this.#ghost = new Ghost(field);
    this.#session = new SuggestionSession({
      complete: async (context) => {
        const completions = await this.#client.complete(context);
        if (completions) this.#options.onStats?.(this.stats);
        return completions && field.fitting(completions);
      },
      cancel: () => this.#client.cancel(),
      show: (text) => this.#ghost.show(text),
      onShown: () => this.#count("shown"),
    });
    this.#listen();
  }

  #listen(): void {
    const { element } = this.#field;
    const { signal } = this.#detached;
    const on = (target: EventTarget, names: string, listener: (event: Event) => void) => {
      for (const name of names.split(" ")) {
        target.addEventListener(name, listener, {
          signal,
          capture: true,
          passive: name !== "keydown",
        });
      }
    };
    on(element, "keydown", (event) => this.#keydown(event as KeyboardEvent));
    on(element, "input", () => this.#update());
    on(element, "compositionstart", () => {
      this.#composing = true;
      this.#session.dismiss();
    });
    on(element, "compositionend", () => {
      this.#composing = false;
      this.#update();
    });
    on(element, "blur", () => this.#session.dismiss());
    on(element.ownerDocument.defaultView!, "resize", () => this.#ghost.place());
    // Neither event leaves a shadow tree.
    for (const root of new Set([element.ownerDocument, element.getRootNode()])) {
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

  #keydown(event: KeyboardEvent): void {
    const { key, code, altKey, ctrlKey, metaKey, shiftKey, isComposing } = event;
    // Nobody accepts what he cannot see, or what was meant for a text that has changed since.
    if (!this.#ghost.visible || isComposing || this.#composing) return;
    if (!this.#session.isAt(this.#context())) return void this.#session.dismiss();
    const plain = !altKey && !ctrlKey && !metaKey && !shiftKey;
    let done = true;
    if (key === "Tab" && plain) this.#insert(this.#session.accept());
    else if (key === "Escape" && plain) this.#dismiss();
    else if (key === "ArrowRight" && (ctrlKey || metaKey) && !altKey && !shiftKey) {
      this.#insert(this.#session.acceptWord());
    } else if (altKey && code === "BracketRight") this.#session.cycle(1);
    else if (altKey && code === "BracketLeft") this.#session.cycle(-1);
    else if (altKey && code === "Slash") this.#ghost.say();
    else done = false;
    if (!done) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  #insert(text: string): void {
    if (text === "") return;
    this.#counts.acceptedCharacters += text.length;
    this.#count("accepted");
    this.#field.insert(text);
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
    if (this.#paused || !this.enabled || isExcluded(element)) return;
    const root = element.getRootNode() as Document | ShadowRoot;
    if (root.activeElement !== element && !element.contains(root.activeElement)) return;
    const caret = this.#field.caret();
    // Grey text in front of black text cannot be read: only where the line is empty behind the caret.
    if (!caret || caret.before.trim() === "" || !/^[ \t]*(\n|$)/.test(caret.after)) return;
    const { section } = this.#options;
    return { ...caret, section: typeof section === "function" ? section() : section };
  }

  #count(name: "shown" | "accepted" | "dismissed"): void {
    this.#counts[name]++;
    this.#options.onStats?.(this.stats);
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
    this.#ghost.remove();
  }
}
