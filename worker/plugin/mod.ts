/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * The EHR plugin: grey text at the caret of a note. Served by the worker as /plugin.js.
 *
 * ```html
 * <script type="module" src="https://notes.example.org/plugin.js"></script>
 * <note-complete endpoint="https://notes.example.org"><textarea></textarea></note-complete>
 * ```
 */

import { NoteComplete } from "./element.ts";

export { attach } from "./attach.ts";
export {
  type ClientOptions,
  type Completion,
  CompletionClient,
  type CompletionContext,
} from "./client.ts";
export type { AttachOptions, Handle, Stats } from "./handle.ts";
export { NoteComplete };
export type { ContextItem, PatientOptions, Source } from "./patient.ts";
export type { Problem } from "./problems.ts";
export { type Caret, type SessionOptions, SuggestionSession } from "./session.ts";

if (!customElements.get("note-complete")) customElements.define("note-complete", NoteComplete);
