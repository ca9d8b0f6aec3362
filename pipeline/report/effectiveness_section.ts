/** What the models are worth as an autocomplete, beside the n-grams they have to beat. */

import { join } from "@std/path";
import { workspace } from "../artifacts.ts";
import type { Drawings } from "./drawings.ts";
import { details } from "./effectiveness_details.ts";
import { estimate, type Measured, measuredSystems, pointAt } from "./eval_source.ts";
import type { Evidence, Source } from "./evidence.ts";
import { percent } from "../lib/base/format.ts";
import { count, sourced, table } from "./markdown.ts";
import { type Corpus, type Effort, evaluated } from "./plan.ts";

const WIDTH = 680, HEIGHT = 300;

/** Assumed, not measured: a clinician's typing speed in characters a minute (40 words of 5). */
const TYPING_SPEED = 200;

export async function effectivenessSection(
  corpora: readonly Corpus[],
  effort: Effort,
  evidence: Evidence,
  drawings: Drawings,
): Promise<string> {
  const parts: string[] = [];
  for (const corpus of corpora) parts.push(await corpusPart(corpus, effort, evidence, drawings));
  return `## What it is worth

A simulated typist writes unseen notes character by character; when the whole suggestion equals what
he wants to write he takes it with one key. Keystrokes saved = 1 − keystrokes / characters; net of
reading, each new suggestion shown costs him part of a key as well (an assumption). Intervals are 95%
bootstrap intervals over notes. The n-grams are the bar: a GPT that does not pass them is not worth
its cost.

${parts.join("\n")}`;
}

async function corpusPart(
  corpus: Corpus,
  effort: Effort,
  evidence: Evidence,
  drawings: Drawings,
): Promise<string> {
  const { name, title, root } = corpus;
  const runs = evaluated(corpus, effort);
  const evals = await Promise.all(
    runs.map((run) =>
      evidence.source(join(workspace(root).run(run).eval, "eval.json"), "deno task report")
    ),
  );
  const systems = measuredSystems(evals, runs);
  const savings = await drawings.chart(
    `${name}-savings`,
    curveChart(systems, "keystrokes saved", ({ savings }) => savings.value),
    `Keystrokes saved over the confidence threshold on ${title}`,
  );
  const acceptance = await drawings.chart(
    `${name}-acceptance`,
    curveChart(systems, "accepted / shown", ({ acceptance }) => acceptance),
    `Share of shown suggestions that are accepted, over the threshold, on ${title}`,
  );
  const best = systems.findLast(({ ours, served }) => ours && served)!;
  return `### ${title}

${
    table(
      ["system", ">bits per character", ">next word right", ">among first three"]
        .concat(">keystrokes saved", ">net of reading", ">at threshold"),
      systems.map(systemRow),
    )
  }

${evals.map((source, i) => extent(source, runs[i])).join(" ")} ${contests(best)} ${nearCopies(best)}

${sourced(...evals.map(({ file }) => file))}

${savings}

${acceptance}

${await minutes(corpus, best, evidence)}

${await details(corpus, best, drawings)}
`;
}

function systemRow({ source, at, ours, label }: Measured): string[] {
  const keystrokes = `${at}.keystrokes`;
  const most = pointAt(source, keystrokes, "mostSavings"),
    best = pointAt(source, keystrokes, "best");
  return [
    ours ? `**${label}**` : label,
    estimate(source, `${at}.bitsPerCharacter`, (value) => value.toFixed(3)),
    estimate(source, `${at}.nextWord.top1`, percent),
    estimate(source, `${at}.nextWord.top3`, percent),
    most ? estimate(source, `${most}.savings`, percent) : "–",
    best ? estimate(source, `${best}.netSavings`, percent) : "–",
    best ? source.number(`${best}.threshold`).toFixed(2) : "–",
  ];
}

const extent = (source: Source, run: string): string =>
  `${run}: ${count(source.number("notes.scored"))} notes scored, ${
    count(source.number("notes.typed"))
  } typed, reading a suggestion costs ${source.number("readingCost")} keys.`;

/** What the best of ours does not beat, by paired tests on the same notes. */
function contests({ source, at, label }: Measured): string {
  const own = source.at(`${at}.name`);
  const lost = source.keys("contests").map((i) => source.at(`contests[${i}]`))
    .filter(({ ours, outcome }) => ours === own && outcome !== "beaten");
  if (lost.length === 0) {
    return `${label} beats every baseline in every measure (corrected for the number of comparisons).`;
  }
  const words = lost.map(({ baseline, measure, outcome }) =>
    `${baseline} (${measure}: ${outcome})`
  );
  return `**${label} does not beat:** ${words.join("; ")}.`;
}

/** How much of the figures rests on notes that repeat a training note. */
function nearCopies({ source, at, label }: Measured): string {
  if (!source.has("nearCopies")) return "";
  const copies = source.number("nearCopies.scored"), all = source.number("notes.scored");
  if (copies === 0) return `None of the ${count(all)} notes repeats a training note.`;
  const found = `${count(copies)} of the ${count(all)} notes repeat passages of a training note`;
  const models = "nearCopies.without.models";
  const i = source.indexOf(models, "name", source.at(`${at}.name`));
  const net = i < 0 ? undefined : pointAt(source, `${models}[${i}].keystrokes`, "best");
  if (net === undefined) return `${found}; too few others are left to be measured without them.`;
  const bits = estimate(source, `${models}[${i}].bitsPerCharacter`, (value) => value.toFixed(3));
  return `${found}; without them ${label} needs ${bits} bits per character and saves ${
    estimate(source, `${net}.netSavings`, percent)
  } net of reading.`;
}

/** What the charts need of a point of the curve (pipeline/eval/result.ts). */
interface Point {
  threshold: number;
  savings: { value: number };
  acceptance: number;
}

/** A share of each system over the confidence threshold. */
function curveChart(
  systems: readonly Measured[],
  title: string,
  shareOf: (point: Point) => number,
): object {
  const values = systems.flatMap(({ source, at, label }) =>
    ((source.at(`${at}.keystrokes.curve`) ?? []) as Point[]).map((point) => ({
      system: label,
      threshold: point.threshold,
      share: shareOf(point),
    }))
  );
  return {
    width: WIDTH,
    height: HEIGHT,
    data: { values },
    mark: { type: "line", point: { size: 24 } },
    encoding: {
      x: { field: "threshold", type: "quantitative", title: "least confidence that is shown" },
      y: { field: "share", type: "quantitative", title, axis: { format: "%" } },
      color: {
        field: "system",
        type: "nominal",
        sort: null,
        legend: { title: null, orient: "bottom", columns: 2, labelLimit: 300 },
      },
    },
  };
}

/** Keystrokes as time, with every assumption said. */
async function minutes(
  { root, title }: Corpus,
  { source, at, label }: Measured,
  evidence: Evidence,
): Promise<string> {
  const eda = await evidence.source(workspace(root).edaJson, "deno task report");
  const characters = eda.number("lengths.characters.median");
  const best = pointAt(source, `${at}.keystrokes`, "best")!;
  const savings = source.number(`${best}.savings.value`);
  const net = source.number(`${best}.netSavings.value`);
  const read = source.number(`${best}.readRate`) * characters * (1 - savings);
  const typing = characters / TYPING_SPEED;
  return `**In minutes.** The median note of ${title} has ${count(characters)} characters: ${
    typing.toFixed(0)
  } minutes at ${TYPING_SPEED} characters a minute (assumed), if all of it were typed, which is not so where
templates and copied text make up much of it. ${label} would save ${
    (typing * savings).toFixed(1)
  } of them in keys, ${(typing * net).toFixed(1)} net of reading: about ${
    count(read)
  } new suggestions would be looked at. What clinicians really gain,
nobody has measured.`;
}
