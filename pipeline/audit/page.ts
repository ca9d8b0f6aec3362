/** The audit as a self-contained page. */

import { percent } from "../lib/base/format.ts";
import { ink, renderChart } from "../lib/base/page/chart.ts";
import { type Content, figure, problem, table, tiles } from "../lib/base/page/html.ts";
import { page } from "../lib/base/page/page.ts";
import type { AuditReport } from "./audit.ts";
import type { Auc } from "./membership.ts";
import { type LongestMatches, UNIQUE_WORDS } from "./longest_match.ts";

const interval = ({ low, high }: Auc) => `${low.toFixed(3)} to ${high.toFixed(3)}`;

/** Members found at few false alarms, or why not. */
const foundCells = ({ found }: Auc): string[] =>
  [found.at1Percent, found.at01Percent].map((at) =>
    at === null
      ? "too few unseen notes"
      : `${percent(at.value)} (${percent(at.low)} to ${percent(at.high)})`
  );

const outcomeNames = { "pass": "passed", "fail": "failed", "cannot tell": "cannot tell" };

const writers = {
  train: "what is served, training notes",
  unseen: "what is served, unseen notes",
  tableTrain: "the n-gram table alone, training notes",
  tableUnseen: "the n-gram table alone, unseen notes",
  ngramTrain: "an n-gram, training notes",
  ngramUnseen: "an n-gram, unseen notes",
};

const matchCells = ({ any, unique, uniqueShare }: LongestMatches): Content[] => [
  `${any} words`,
  `${unique} words`,
  percent(uniqueShare),
];

/** audit.json as HTML text. */
export async function auditPage(report: AuditReport): Promise<string> {
  const { run, notes, checks, verdict, regurgitation, generated, excerpts, completions } = report;
  const { loss, calibrated } = report.membership;
  const open = checks.filter(({ outcome }) => outcome !== "pass");
  return page({
    title: `Privacy audit of ${run}`,
    subtitle: `${notes.members} training notes against ${notes.unseen} notes of unseen patients, ` +
      `${generated.texts} texts and ${
        completions.train.completions + completions.unseen.completions
      } completions of ${
        report.served === "gpt" ? "the GPT" : "the GPT with n-grams, as it is served"
      }; ${
        report.passes === null
          ? ""
          : `it has read its training notes ${report.passes.toFixed(1)} times; `
      }${report.created.slice(0, 10)}`,
    summary: [
      tiles([
        { label: "verdict", value: outcomeNames[verdict], note: `${checks.length} checks` },
        {
          label: "training passages repeated",
          value: percent(regurgitation.train.repeated),
          note: `${percent(regurgitation.unseen.repeated)} on unseen notes`,
        },
        {
          label: "membership inference",
          value: Math.max(loss.value, calibrated?.value ?? 0).toFixed(3),
          note: "AUC of the stronger attack; 0.5 is guessing",
        },
        {
          label: "longest passage of one note",
          value: `${generated.unique} words`,
          note: "in text written from nothing",
        },
      ]),
      open.map(({ name, outcome, found, allowed, needed }) =>
        problem(
          outcome === "fail"
            ? `Failed: ${name}: ${found}; allowed: ${allowed}.`
            : `Cannot tell: ${name}: ${found}; allowed: ${allowed}; it takes ${needed}.`,
        )
      ),
      report.advice.map((advice) => problem(`${advice}.`)),
    ],
    sections: [
      {
        id: "checks",
        title: "Checks",
        lead:
          "The upper end of each 95% interval decides. Export refuses a run that does not pass " +
          "all of them, unless the risk is accepted by name.",
        body: table({
          columns: ["check", "found", "allowed", "outcome"],
          rows: checks.map(({ name, found, allowed, outcome }) => [
            name,
            found,
            allowed,
            outcomeNames[outcome],
          ]),
        }),
      },
      {
        id: "repeats",
        title: "Does it repeat its training notes?",
        lead: "The model is shown the beginning of a passage and writes on. Agreement on unseen " +
          "notes is shared boilerplate; what goes beyond it is memory. An n-gram of the training " +
          "notes shows what remembering looks like.",
        body: table({
          columns: ["who continues what", "prompts", "repeated", "median characters", "longest"],
          rows: Object.entries(regurgitation).map(([key, figures]) => [
            writers[key as keyof typeof writers],
            figures.prompts,
            percent(figures.repeated),
            figures.medianCharacters,
            figures.longestCharacters,
          ]),
        }),
      },
      {
        id: "completions",
        title: "Does it recite when drawn from?",
        lead: "Texts drawn at temperature 1, several at each caret, compared word for word with " +
          "the training notes. A passage of one note is a leak, one of many is routine.",
        body: table({
          columns: ["drawn", "texts", "longest of any note", "longest of one note only"]
            .concat(`with ${UNIQUE_WORDS} words of one note`),
          rows: [
            ["from nothing", generated.texts, ...matchCells(generated)],
            ["excerpts of unseen notes", excerpts.texts, ...matchCells(excerpts)],
            ["in training notes", completions.train.completions, ...matchCells(completions.train)],
            ["in unseen notes", completions.unseen.completions, ...matchCells(completions.unseen)],
          ],
        }),
      },
      {
        id: "membership",
        title: "Can one tell who was in the training set?",
        lead: "Someone who holds a note looks at how easy the model finds it, alone or against a " +
          "character n-gram of training notes of other patients. AUC: 0.5 is guessing, 1 certainty.",
        body: table({
          columns: ["attack", "AUC", "95% interval", "found at 1% false alarms", "at 0.1%"],
          rows: [["loss alone", loss], ["calibrated by the n-gram", calibrated]].map((
            [name, auc],
          ) => [
            name as string,
            ...(auc === null
              ? ["—", "no training notes of other patients", "", ""]
              : [(auc as Auc).value.toFixed(3), interval(auc as Auc), ...foundCells(auc as Auc)]),
          ]),
        }),
      },
      {
        id: "identifiers",
        title: "Does it write identifiers?",
        lead:
          "In all texts drawn from nothing and at carets. What exactly one training note holds " +
          "has leaked from it, unless by chance: unseen notes show how often that is. What no " +
          "training note holds, the model made up. Letters and digits are masked.",
        body: table({
          columns: ["kind", "written", "in no training note", "in exactly one", "masked examples"]
            .concat("in unseen notes", "of these, in one training note"),
          rows: report.identifiers.written.kinds.map((
            { kind, count, inTraining, inOneNote, masked },
            index,
          ) => {
            const unseen = report.identifiers.unseen.kinds[index];
            return [kind, count, count - inTraining, inOneNote, masked.join(", ")]
              .concat(unseen.count, unseen.inOneNote);
          }),
        }),
      },
      {
        id: "canaries",
        title: "Does it learn a secret by heart?",
        lead: report.canaries.length === 0
          ? "No canaries were planted: deno task canaries makes a workspace that has them."
          : "Random codes that were planted in training notes; 0 bits is unlearned.",
        body: await canaryChart(report),
      },
    ],
  });
}

async function canaryChart({ canaries }: AuditReport): Promise<Content> {
  if (canaries.length === 0) return "";
  const chart = await renderChart({
    width: 520,
    height: 220,
    data: { values: canaries },
    layer: [
      {
        mark: { type: "point", size: 70 },
        encoding: {
          x: { field: "planted", type: "quantitative", title: "notes it was planted in" },
          y: { field: "exposure", type: "quantitative", title: "exposure, bits" },
        },
      },
      {
        mark: { type: "rule", strokeDash: [4, 4], color: ink("muted") },
        encoding: { y: { datum: canaries[0].greatest } },
      },
    ],
  }, "Exposure of each canary against the number of training notes it was planted in.");
  return figure(chart.inline, "The dashed line is the most that this audit can see.");
}
