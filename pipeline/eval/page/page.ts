/** The evaluation as a self-contained page. */

import { html, notice, problem, table, tiles } from "../../lib/base/page/html.ts";
import { page, type Section } from "../../lib/base/page/page.ts";
import { costChart, groupChart, reliabilityChart, thresholdCharts } from "./charts.ts";
import {
  ablationTable,
  classTable,
  contestTable,
  curveTable,
  example,
  interval,
  latencyTable,
  midWordTable,
  mixtureTable,
  modelTable,
  splitTable,
} from "./tables.ts";
import { bestPoint, type EvalReport, type ModelResult, mostPoint } from "../result.ts";
import { percent } from "../../lib/base/format.ts";
import { nearCopyText, type Outcomes, outcomes } from "./summary.ts";

/** eval.json as HTML text. */
export async function reportPage(report: EvalReport): Promise<string> {
  const { run, checkpoint, split, notes, models, definitions } = report;
  const served = models.find(({ name }) => name === report.served.system)!;
  const ofServed = report.contests.filter(({ ours }) => ours === served.name);
  return page({
    title: `Evaluation of ${run}`,
    subtitle: `${served.name}` +
      (checkpoint.step === null ? "" : `, trained for ${checkpoint.step} steps`) +
      `, ${checkpoint.parameters.toLocaleString("en-US")} parameters; ` +
      `${notes.scored} ${split} notes scored, ${notes.typed} typed` +
      (notes.excerpt === 0 ? "; " : ` (${notes.excerpt} characters of each); `) +
      `${report.created.slice(0, 10)}, ${report.seconds} s on ${report.cores} cores`,
    summary: [
      headline(served),
      outcomes(ofServed, "behind").map((one) => problem(outcomeList(one, "does not beat"))),
      outcomes(ofServed, "not told apart").map((one) =>
        notice(outcomeList(one, "is ahead, but on these notes not beyond doubt, of"))
      ),
      nearCopyNotice(report),
      bestPoint(served.keystrokes)!.netSavings.value < 0
        ? problem("Reading the suggestions costs more keys than accepting them saves.")
        : "",
    ],
    sections: [
      {
        id: "models",
        title: "Compared with the n-gram models",
        lead: "Every model was measured by the same code on the same notes; intervals are 95%, " +
          "over notes. The confidence from which a model shows a suggestion was chosen on " +
          "validation notes, for each model its own.",
        body: [modelTable(models), splitTable(report), mixtureTable(report)],
      },
      ...contestSection(report),
      ...nearCopySection(report),
      await thresholdSection(report, served),
      await calibrationSection(served),
      {
        id: "words",
        title: "Which words it knows",
        lead: vocabularyLead(served),
        body: [midWordTable(models), classTable(models)],
      },
      await placeSection(models),
      ...ablationSection(report),
      {
        id: "latency",
        title: "How long a suggestion takes",
        lead: "On one thread of this machine, with what was computed for the keys before kept.",
        body: latencyTable(report.engines),
      },
      exampleSection(report),
      {
        id: "definitions",
        title: "What the figures mean",
        body: table({
          columns: ["figure", "definition"],
          rows: Object.entries(definitions).map(([key, text]) => [inWords(key), text]),
        }),
      },
    ],
  });
}

/** A key of eval.json as it is read: `netSavings` is "net savings". */
const inWords = (key: string): string =>
  key.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`).replace("n grams", "n-grams");

/** Who is not beaten in what, one line a measure. */
const outcomeList = ({ ours, measures }: Outcomes, verb: string) =>
  html`<b>${ours} ${verb}</b>${
    measures.map(({ measure, baselines }) => html`<br>${baselines.join(", ")} in ${measure}`)
  }`;

function headline({ keystrokes, nextWord, bitsPerCharacter }: ModelResult) {
  const best = bestPoint(keystrokes)!, most = mostPoint(keystrokes)!;
  return tiles([
    {
      label: "keystrokes saved, net of reading",
      value: percent(best.netSavings.value),
      note: `${interval(best.netSavings, percent)}, at confidence ≥ ${best.threshold}`,
    },
    {
      label: "if reading were free",
      value: percent(most.savings.value),
      note: `${interval(most.savings, percent)}, at confidence ≥ ${most.threshold}`,
    },
    {
      label: "suggestions accepted",
      value: percent(best.acceptance),
      note: `shown at ${percent(best.shownRate)} of carets, ${
        best.acceptedLength.toFixed(1)
      } characters each`,
    },
    {
      label: "next word right",
      value: percent(nextWord!.top1.value),
      note: `${percent(nextWord!.top3.value)} among the first three`,
    },
    {
      label: "after two letters",
      value: percent(nextWord!.midWord[1].top1.value),
      note: `${percent(nextWord!.midWord[1].top3.value)} among the first three`,
    },
    {
      label: "bits per character",
      value: bitsPerCharacter!.value.toFixed(3),
      note: interval(bitsPerCharacter!, (value) => value.toFixed(3)),
    },
  ]);
}

function nearCopyNotice({ notes, nearCopies }: EvalReport) {
  if (nearCopies === null || nearCopies.scored + nearCopies.typed === 0) return "";
  const text = nearCopyText(notes, nearCopies);
  return notice(
    nearCopies.without ? html`${text} <a href="#near-copies">All figures without them</a>.` : text,
  );
}

function nearCopySection({ notes, nearCopies }: EvalReport): Section[] {
  if (nearCopies === null || nearCopies.scored + nearCopies.typed === 0) return [];
  const { without, definition } = nearCopies;
  return [{
    id: "near-copies",
    title: "Without notes that repeat a training note",
    lead: `${nearCopyText(notes, nearCopies)} A note counts as such a one if ${definition}.`,
    body: without === null ? "" : [
      modelTable(without.models),
      contestTable(without.contests),
      midWordTable(without.models),
      classTable(without.models),
    ],
  }];
}

function contestSection({ contests }: EvalReport): Section[] {
  if (contests.length === 0) return [];
  return [{
    id: "contests",
    title: "Is it really better?",
    lead:
      `Differences on the same notes. With ${contests.length} comparisons some would come out ` +
      "by chance alone, so the p-values are corrected for their number (Holm's method); below 0.05 " +
      "a difference is taken for real.",
    body: contestTable(contests),
  }];
}

async function thresholdSection(report: EvalReport, served: ModelResult): Promise<Section> {
  const { curve, best } = served.keystrokes!;
  return {
    id: "threshold",
    title: "How sure to be before showing anything",
    lead: `A low threshold shows more and is wrong more often. With ${report.readingCost} keys ` +
      `for reading a new suggestion, ${served.name} saved most from confidence ${best} on validation ` +
      `notes (deno task calibrate): that is served. Served is ${report.served.system}, because ` +
      `${report.served.why}.`,
    body: [
      await thresholdCharts(report.models, served),
      await costChart(curve),
      curveTable(served),
    ],
  };
}

async function calibrationSection({ name, keystrokes }: ModelResult): Promise<Section> {
  const { calibration } = keystrokes!;
  return {
    id: "calibration",
    title: "Does confidence mean what it says?",
    lead: calibration === null
      ? "Too few suggestions were shown to tell."
      : `${name}, ${
        calibration.suggestions.toLocaleString("en-US")
      } suggestions that were new to the ` +
        "typist. What he has typed past is wrong whatever the model thinks, and does not count.",
    body: calibration === null ? "" : await reliabilityChart(calibration),
  };
}

function vocabularyLead({ nextWord }: ModelResult): string {
  const unknown = nextWord!.outOfVocabulary;
  return "De-identified words (___) are never offered; they are left out of all figures and stand " +
    "in a column of their own. " +
    (unknown === null
      ? ""
      : `${percent(unknown.share.value)} of words (${
        interval(unknown.share, percent)
      }) do not occur in the training notes.`);
}

async function placeSection(models: readonly ModelResult[]): Promise<Section> {
  const shown = models.filter(({ bySection }) => bySection !== null);
  return {
    id: "places",
    title: "Where in a note it does well",
    lead: "By section, the largest first, and by how many characters of the note stand before.",
    body: [
      await groupChart(shown, "bySection", "Bits per character by section and model."),
      await groupChart(shown, "byPosition", "Bits per character by position and model."),
    ],
  };
}

function ablationSection({ ablation }: EvalReport): Section[] {
  if (ablation === null) return [];
  return [{
    id: "rules",
    title: "What each rule of decoding does",
    lead: `${ablation.model} on ${ablation.notes} of the notes, with one rule switched off at a ` +
      "time. Some rules are there for safety and may cost savings.",
    body: ablationTable(ablation),
  }];
}

function exampleSection({ examples }: EvalReport): Section {
  const title = "Suggestions in their place";
  if (examples === null) {
    return {
      id: "examples",
      title,
      body: notice(html`Not shown: these notes are not known to be synthetic, and examples are
        passages of them. <code>--examples</code> puts them into the report, which is then to be
        kept like the notes.`),
    };
  }
  return {
    id: "examples",
    title,
    lead: "The longest that were accepted, and wrong ones that the model was surest of. What was " +
      "shown is coloured; what the note goes on with follows.",
    body: [
      html`<h3>Accepted</h3>`,
      examples.accepted.map(example),
      html`<h3>Wrong</h3>`,
      examples.wrong.map(example),
    ],
  };
}
