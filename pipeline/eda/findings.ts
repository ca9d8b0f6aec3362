/** What someone about to train on these notes should know, drawn from the measures. */

import { format } from "../lib/base/cli.ts";
import { directKinds } from "../lib/clinical/identifiers.ts";
import type { Eda } from "./analyse.ts";
import { percent } from "./answers/answer.ts";

type Finding = (eda: Eda) => string | undefined;

/** Context of the `nano` preset, in tokens. */
const CONTEXT = 256;

const rules: readonly Finding[] = [
  ({ counts }) =>
    counts.notes_without_patient === counts.notes
      ? "The source names no patients. Notes of one person may stand in both train and test, which makes test results look better than they are."
      : undefined,
  ({ redactions, counts }) =>
    redactions.total < counts.notes / 10 && redactions.placeholders.length === 0
      ? "Nothing marks what was de-identified. Treat the notes as identified until someone has checked."
      : undefined,
  ({ identifiers }) => {
    const direct = identifiers.filter(({ kind, matches }) => directKinds.has(kind) && matches > 0);
    if (direct.length === 0) return undefined;
    const list = direct.map(({ kind, matches }) => `${kind} ${format(matches)}`).join(", ");
    return `Shapes of direct identifiers are left (${list}): have them looked at.`;
  },
  ({ identifiers, counts }) => {
    const names = identifiers.find(({ kind }) => kind === "name after a title")!;
    const dates = identifiers.find(({ kind }) => kind === "date")!;
    if (names.notes + dates.notes < counts.notes / 100) return undefined;
    return `Dates are in ${
      percent(dates.notes / counts.notes)
    } of the notes and names after a title in ${
      percent(names.notes / counts.notes)
    }: real, shifted or invented, only the source can tell.`;
  },
  ({ recurrence }) =>
    recurrence.share_of_text_templated > 0.1
      ? `${
        percent(recurrence.share_of_text_templated)
      } of the text are sentences found in ten notes or more; a model will complete these best.`
      : undefined,
  ({ tokens }) => {
    if (tokens === null || tokens.lengths.median <= CONTEXT) return undefined;
    return `The median note has ${format(tokens.lengths.median)} tokens, ${
      (tokens.lengths.median / CONTEXT).toFixed(1)
    } times the context of the nano preset (${CONTEXT}).`;
  },
  ({ ingest }) => {
    if (ingest === null || ingest.notes.rejected < ingest.notes.read / 100) return undefined;
    const [reason, count] = Object.entries(ingest.rejected_by_reason)
      .sort((a, b) => b[1] - a[1])[0];
    return `${
      percent(ingest.notes.rejected / ingest.notes.read)
    } of the rows were rejected, most often as ${reason} (${
      format(count)
    }); rejects.jsonl lists them.`;
  },
  ({ ingest }) =>
    ingest !== null && ingest.notes_with_lost_characters > 0
      ? `${
        format(ingest.notes_with_lost_characters)
      } notes hold U+FFFD: an earlier program lost characters that cannot be brought back.`
      : undefined,
];

/** One sentence for each thing worth knowing; empty if nothing stands out. */
export function findingsOf(eda: Eda): string[] {
  return rules.map((rule) => rule(eda)).filter((finding) => finding !== undefined);
}
