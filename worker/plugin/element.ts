/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * `<note-complete endpoint="…" section="…">` around a textarea, input or contenteditable element:
 * the plugin without a line of script. A token is given by the property `getToken`.
 */

import { attach, canAttach } from "./attach.ts";
import type { AttachOptions, Handle } from "./handle.ts";

const FIELD = 'textarea, input, [contenteditable]:not([contenteditable="false"])';

/**
 * The element. Attributes `endpoint` (default: the page's own origin) and `section`; fires
 * `complete-stats` with `Stats` and `complete-error` with a `Problem` as `detail`.
 */
export class NoteComplete extends HTMLElement {
  /**
   * Bearer token for each request, where the endpoint wants one. Only declared: a page may have set
   * it before the element was defined.
   */
  declare getToken: AttachOptions["getToken"];
  /** Called before a suggestion is inserted, see `AttachOptions`. Only declared, as above. */
  declare beforeInsert: AttachOptions["beforeInsert"];
  /** Key of the patient whose chart is open, and what is known of him. Only declared, as above. */
  declare patient: AttachOptions["patient"];
  /** What is known of that patient, see `AttachOptions`. Only declared, as above. */
  declare context: AttachOptions["context"];
  readonly #attached = new Map<HTMLElement, Handle>();
  readonly #fields = new MutationObserver(() => this.#follow());

  /** The handles of the fields inside. */
  get handles(): Handle[] {
    return [...this.#attached.values()];
  }

  /** Called by the browser: attaches to the fields inside, now and later. */
  connectedCallback(): void {
    this.#follow();
    // Fields that are parsed or rendered later.
    this.#fields.observe(this, { childList: true, subtree: true });
  }

  /** Called by the browser: detaches from all of them. */
  disconnectedCallback(): void {
    this.#fields.disconnect();
    for (const handle of this.handles) handle.detach();
    this.#attached.clear();
  }

  #follow(): void {
    for (const [field, handle] of this.#attached) {
      if (this.contains(field)) continue;
      handle.detach();
      this.#attached.delete(field);
    }
    for (const field of this.querySelectorAll<HTMLElement>(FIELD)) {
      if (this.#attached.has(field) || !canAttach(field)) continue;
      this.#attached.set(
        field,
        attach(field, {
          endpoint: this.getAttribute("endpoint") ?? location.origin,
          patient: () => typeof this.patient === "function" ? this.patient() : this.patient,
          context: (patient) => this.context?.(patient) ?? [],
          getToken: (refused) => this.getToken?.(refused),
          beforeInsert: () => this.beforeInsert?.(),
          section: () => this.getAttribute("section") ?? undefined,
          onError: (detail) => this.dispatchEvent(new CustomEvent("complete-error", { detail })),
          onStats: (detail) => this.dispatchEvent(new CustomEvent("complete-stats", { detail })),
        }),
      );
    }
  }
}
