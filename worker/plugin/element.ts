/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * `<note-complete endpoint="…" section="…">` around a textarea, input or contenteditable element:
 * the plugin without a line of script. A token is given by the property `getToken`.
 */

import { attach, type AttachOptions, type Handle } from "./attach.ts";

const FIELD = 'textarea, input, [contenteditable]:not([contenteditable="false"])';

export class NoteComplete extends HTMLElement {
  /** Bearer token for each request, where the endpoint wants one. */
  getToken: AttachOptions["getToken"];
  /** The handles of the fields inside. */
  handles: Handle[] = [];

  connectedCallback(): void {
    // The children may not be parsed yet.
    queueMicrotask(() => this.#attach());
  }

  disconnectedCallback(): void {
    for (const handle of this.handles.splice(0)) handle.detach();
  }

  #attach(): void {
    if (!this.isConnected || this.handles.length > 0) return;
    const endpoint = this.getAttribute("endpoint") ?? location.origin;
    const getToken = this.getToken && ((refused: boolean) => this.getToken!(refused));
    for (const field of this.querySelectorAll<HTMLElement>(FIELD)) {
      this.handles.push(attach(field, {
        endpoint,
        getToken,
        section: () => this.getAttribute("section") ?? undefined,
        onStats: (detail) => this.dispatchEvent(new CustomEvent("complete-stats", { detail })),
      }));
    }
  }
}
