/** The audit as a self-contained page. */

import { ink, renderChart } from "../report/chart.ts";
import { type Content, figure, notice, table, tiles } from "../report/html.ts";
import { page } from "../report/page.ts";
import type { AuditReport } from "./audit.ts";

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

/** audit.json as HTML text. */
export async function auditPage(report: AuditReport): Promise<string> {
  const { run, notes, checks, verdict, regurgitation, generated, membership } = report;
  const failed = checks.filter((check) => !check.passed);
  return page({
    title: `Privacy audit of ${run}`,
    subtitle: `${notes.members} training notes against ${notes.unseen} notes of unseen patients, ` +
      `${generated.texts} generated texts; ${report.created.slice(0, 10)}`,
    summary: [
      tiles([
        { label: "verdict", value: `${verdict}ed`, note: `${checks.length} checks` },
        {
          label: "training passages repeated",
          value: percent(regurgitation.train.repeated),
          note: `${percent(regurgitation.unseen.repeated)} on unseen notes`,
        },
        {
          label: "membership inference",
          value: membership.calibrated.value.toFixed(3),
          note: "AUC; 0.5 is guessing",
        },
        {
          label: "longest passage of one note",
          value: `${generated.unique} words`,
          note: "in text written from nothing",
        },
      ]),
      failed.map(({ name, found, allowed }) => notice(`${name}: ${found}; allowed: ${allowed}`)),
    ],
    sections: [
      {
        id: "checks",
        title: "Checks",
        lead: "Export refuses a run that fails one, unless the risk is accepted by name.",
        body: table({
          columns: ["check", "found", "allowed", "outcome"],
          rows: checks.map(({ name, found, allowed, passed }) => [
            name,
            found,
            allowed,
            passed ? "passed" : "failed",
          ]),
        }),
      },
      {
        id: "repeats",
        title: "Does it repeat its training notes?",
        lead: "The model is shown the beginning of a passage and writes on. Agreement on unseen " +
          "notes is shared boilerplate; what goes beyond it is memory.",
        body: table({
          columns: ["notes", "prompts", "repeated", "median characters", "longest"],
          rows: Object.entries(regurgitation).map(([name, figures]) => [
            name,
            figures.prompts,
            percent(figures.repeated),
            figures.medianCharacters,
            figures.longestCharacters,
          ]),
        }),
      },
      {
        id: "identifiers",
        title: "Does it write identifiers?",
        lead: "In text drawn from nothing at temperature 1. Letters and digits are masked.",
        body: table({
          columns: ["kind", "found", "masked examples"],
          rows: report.identifiers.map((
            { kind, count, masked },
          ) => [kind, count, masked.join(", ")]),
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
