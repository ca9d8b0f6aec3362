import { bytes, format } from "../../lib/base/cli.ts";
import { html, table } from "../../lib/base/page/html.ts";
import type { Report } from "../../artifacts/reports.ts";
import type { Section } from "../../lib/base/page/page.ts";

const INPUTS_SHOWN = 20;

/** Which files the notes came from, and what ingest repaired and rejected. */
export function whereFrom(ingest: Report<"notes">): Section {
  const repairs = Object.values(ingest.repairs).filter(({ notes }) => notes > 0);
  const rejected = Object.entries(ingest.rejected_by_reason);
  const { inputs } = ingest;
  return {
    id: "source",
    title: "Where do they come from?",
    lead: `${format(ingest.notes.read)} rows were read, ${format(ingest.notes.kept)} kept and ${
      format(ingest.notes.rejected)
    } rejected.`,
    body: [
      table({
        columns: [
          "input",
          "format",
          { title: "size", align: "right" },
          "kept",
          "rejected",
          "sha256",
        ],
        rows: inputs.slice(0, INPUTS_SHOWN).map((input) => [
          input.name,
          input.format,
          bytes(input.bytes),
          format(input.kept),
          format(input.rejected),
          input.sha256 === null
            ? "remote"
            : html`<code title="${input.sha256}">${input.sha256.slice(0, 12)}</code>`,
        ]),
      }),
      inputs.length > INPUTS_SHOWN
        ? html`<p>and ${format(inputs.length - INPUTS_SHOWN)} more inputs.</p>`
        : "",
      rejected.length === 0 ? "" : table({
        caption: "Rejected",
        columns: ["reason", "rows"],
        rows: rejected.map(([reason, count]) => [reason, format(count)]),
      }),
      repairs.length === 0 ? html`<p>No note needed a repair.</p>` : table({
        caption: "Repaired",
        columns: ["damage", "notes"],
        rows: repairs.map(({ what, notes }) => [what, format(notes)]),
      }),
      html`<p>Split rule: ${ingest.split_rule}.</p>`,
    ],
  };
}
