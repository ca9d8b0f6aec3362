/// <reference lib="dom" />

/** The draft's field: saves it, keeps it in the browser until then, and asks where texts differ. */

import { type Chart, Conflict } from "./chart.ts";
import { type Draft, noteOf } from "./document_reference.ts";
import type { Resource } from "./fhir.ts";
import type { UnsavedText } from "./unsaved.ts";

const byId = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const on = (id: string, action: () => void) => byId(id).addEventListener("click", action);

/** What the page says about the last thing that was done. */
export const say = (text: string) => byId("state").textContent = text;

/** Something to know that stays on the page. */
export function notice(text: string): void {
  const item = document.createElement("li");
  item.textContent = text;
  byId("notices").append(item);
}

export class DraftEditor {
  readonly field = byId<HTMLTextAreaElement>("draft");
  readonly #save = byId<HTMLButtonElement>("save");
  readonly #chart: Chart;
  readonly #unsaved: UnsavedText;
  #draft: Draft;
  /** The draft in the chart while the writer is asked which text shall stand. */
  #theirs: Draft | undefined;
  #handedBack: string | undefined;

  /** Shows `draft`, or the text that was written on it and not saved. */
  constructor(chart: Chart, draft: Draft, unsaved: UnsavedText) {
    this.#chart = chart;
    this.#draft = draft;
    this.#unsaved = unsaved;
    this.field.value = draft.text;
    this.field.disabled = this.#save.disabled = false;
    this.field.addEventListener("input", () => this.#keep());
    on("save", () => void this.save());
    on("keep-mine", () => this.#keepMine());
    on("take-theirs", () => this.#takeTheirs());
    on("add-theirs", () => this.#addTheirs());
    addEventListener("beforeunload", (event) => {
      if (this.saved || this.field.value === this.#handedBack) return;
      event.preventDefault();
      event.returnValue = true; // for browsers that know no other way
    });
    this.#restore();
  }

  /** Whether the chart has what stands in the field. */
  get saved(): boolean {
    return this.field.value === this.#draft.text;
  }

  /** The document with the text of the field, to be handed back. */
  get note(): Resource {
    return noteOf(this.#draft, this.field.value);
  }

  /** The EHR has the text: leaving the page loses nothing. It is kept here until it is saved. */
  handedBack(): void {
    this.#handedBack = this.field.value;
  }

  /** Saves as preliminary. What went wrong is said, and nothing of the text lost. */
  async save(): Promise<void> {
    const text = this.field.value;
    this.#save.disabled = true;
    say("Saving …");
    try {
      this.#draft = await this.#chart.save(this.#draft, text);
      if (this.saved) this.#unsaved.forget();
      else this.#keep();
      say("Saved as preliminary.");
    } catch (error) {
      this.#keep();
      if (error instanceof Conflict) this.#ask(error.message, error.theirs);
      else say(`Not saved: ${(error as Error).message}. The text stays here until it is saved.`);
    } finally {
      this.#save.disabled = this.#asking;
    }
  }

  get #asking(): boolean {
    return !byId("choice").hidden;
  }

  #keep(): void {
    if (this.saved) return this.#unsaved.forget();
    const kept = this.#unsaved.keep({
      text: this.field.value,
      basis: basisOf(this.#draft),
      at: new Date().toISOString(),
    });
    if (!kept) say("This browser keeps no text for the page: save before you leave it.");
  }

  #restore(): void {
    const found = this.#unsaved.found();
    if (!found || found.text === this.#draft.text) return this.#unsaved.forget();
    this.field.value = found.text;
    const time = new Date(found.at).toLocaleString();
    if (found.basis === basisOf(this.#draft) || this.#draft.text === "") {
      notice(`Text of ${time} that was not saved has been restored.`);
    } else {
      this.#ask(`Your text of ${time} was not saved, and the chart has changed.`, this.#draft);
    }
  }

  /** Shows both texts; until the writer has chosen, nothing is saved. */
  #ask(reason: string, theirs: Draft | undefined): void {
    this.#theirs = theirs;
    byId("choice-reason").textContent = `${reason} Nothing was replaced.`;
    byId("theirs").textContent = theirs?.text ?? "";
    byId("theirs-block").hidden = !theirs;
    byId("take-theirs").hidden = byId("add-theirs").hidden = !theirs;
    byId("keep-mine").textContent = theirs ? "Save mine in its place" : "Save mine as a new draft";
    byId("choice").hidden = false;
    this.#save.disabled = true;
    say("Not saved: see below. The text stays here until it is saved.");
    byId("choice-title").focus();
  }

  #keepMine(): void {
    this.#chosen();
    void this.save();
  }

  #takeTheirs(): void {
    this.#chosen();
    this.#write(this.#draft.text);
    say("This is the text of the chart.");
  }

  #addTheirs(): void {
    this.#chosen();
    this.#write(`${this.field.value}\n\n${this.#draft.text}`);
    say("Both texts are in the field. Nothing is saved yet.");
  }

  #chosen(): void {
    this.#draft = this.#theirs ?? this.#chart.begin();
    byId("choice").hidden = true;
    this.#save.disabled = false;
  }

  /** As if typed: one undo brings back what was there. */
  #write(text: string): void {
    this.field.focus();
    this.field.select();
    document.execCommand(text === "" ? "delete" : "insertText", false, text);
    this.#keep();
  }
}

const basisOf = ({ resource }: Draft) =>
  resource.id === undefined ? "" : `${resource.id}/${resource.meta?.versionId ?? ""}`;
