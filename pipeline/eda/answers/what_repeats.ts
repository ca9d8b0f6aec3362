import { format } from "../../lib/base/cli.ts";
import { facts, html, share, table } from "../../lib/base/page/html.ts";
import { LEAST_PATIENTS } from "../shared.ts";
import { TEMPLATED_NOTES } from "../recurrence.ts";
import { type Answer, percent } from "./answer.ts";

/** Duplicates that ingest removed, and sentences that recur in what is left. */
export const whatRepeats: Answer = ({ recurrence, ingest }) => {
  const removed = (reason: string) => format(ingest?.rejected_by_reason[reason] ?? 0);
  const counted = recurrence.every === 1
    ? `all ${format(recurrence.notes_counted)} notes`
    : `every ${recurrence.every}th note (${format(recurrence.notes_counted)})`;
  return {
    id: "repeats",
    title: "What repeats?",
    lead: `${
      percent(recurrence.share_of_text_templated)
    } of the text are sentences that stand in at least ${TEMPLATED_NOTES} notes: templates, boilerplate and phrases copied forward. A model learns these first.`,
    body: [
      facts([
        ["counted in", counted],
        ["different sentences", format(recurrence.distinct)],
        [
          "text in sentences found in two notes or more",
          percent(recurrence.share_of_text_recurring),
        ],
        [
          `text in sentences found in ${TEMPLATED_NOTES} notes or more`,
          percent(recurrence.share_of_text_templated),
        ],
        ["exact duplicates removed by ingest", ingest ? removed("exact duplicate") : "unknown"],
        ["near duplicates removed by ingest", ingest ? removed("near duplicate") : "unknown"],
      ]),
      recurrence.top.length === 0
        ? html`<p>No sentence is in ${TEMPLATED_NOTES} notes and shared by at least ${LEAST_PATIENTS} patients: none is shown.</p>`
        : table({
          caption:
            `Commonest sentences that at least ${LEAST_PATIENTS} patients share (numbers as 9)`,
          columns: ["sentence", "notes", { title: "share of notes", align: "left" }],
          rows: recurrence.top.map(({ sentence, notes, share: part }) => [
            sentence.length > 160 ? `${sentence.slice(0, 160)} …` : sentence,
            format(notes),
            share(part, percent(part)),
          ]),
        }),
    ],
  };
};
