/** What the models are worth as an autocomplete, beside the n-grams they have to beat. */

import { join } from "@std/path";
import { workspace } from "../artifacts.ts";
import type { Drawings } from "./drawings.ts";
import type { Evidence, Source } from "./evidence.ts";
import { count, interval, percent, sourced, table } from "./markdown.ts";
import { type Corpus, type Effort, modelsOf } from "./plan.ts";

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
he wants to write he takes it with one key. Keystrokes saved = 1 − keystrokes / characters. Intervals
are 95% bootstrap intervals over notes. The n-grams are the bar: a GPT that does not pass them is not
worth its cost.

${parts.join("\n")}`;
}

async function corpusPart(
  corpus: Corpus,
  effort: Effort,
  evidence: Evidence,
  drawings: Drawings,
): Promise<string> {
  const { name, title, root } = corpus;
  const runs = modelsOf(corpus, effort);
  const evals = await Promise.all(
    runs.map((run) =>
      evidence.source(join(workspace(root).run(run).eval, "eval.json"), "deno task report")
    ),
  );
  const rows = evals.flatMap((source, i) => systemRows(source, runs[i], i === 0));
  const chart = await drawings.chart(
    `${name}-savings`,
    savingsChart(evals, runs),
    `Keystrokes saved over the confidence threshold on ${title}`,
  );
  return `### ${title}

${
    table(
      ["system", ">bits per character", ">next word right", ">among first three"]
        .concat(">keystrokes saved", ">at threshold"),
      rows,
    )
  }

${evals.map((source, i) => extent(source, runs[i])).join(" ")}

${sourced(...evals.map(({ file }) => file))}

${chart}

${await minutes(corpus, evals, runs, evidence)}
`;
}

/** Systems of one eval.json; the baselines, the same in all, only of the first. */
function systemRows(source: Source, run: string, withBaselines: boolean): string[][] {
  return source.keys("models").map((i) => `models[${i}]`)
    .filter((at) => withBaselines || source.at(at).ours)
    .map((at) => {
      const name = source.at(at).ours
        ? `**${run}: ${source.text(`${at}.name`)}**`
        : source.text(`${at}.name`);
      return [
        name,
        estimate(source, `${at}.bitsPerCharacter`, (v) => v.toFixed(3)),
        estimate(source, `${at}.nextWord.top1`, percent),
        estimate(source, `${at}.nextWord.top3`, percent),
        ...best(source, at),
      ];
    });
}

function best(source: Source, at: string): string[] {
  if (!source.has(`${at}.keystrokes`)) return ["–", "–"];
  const threshold = source.number(`${at}.keystrokes.best`);
  const i = source.indexOf(`${at}.keystrokes.curve`, "threshold", threshold);
  return [
    estimate(source, `${at}.keystrokes.curve[${i}].savings`, percent),
    threshold.toFixed(2),
  ];
}

function estimate(source: Source, path: string, format: (value: number) => string): string {
  if (!source.has(path)) return "–";
  const [value, low, high] = ["value", "low", "high"].map((key) => source.number(`${path}.${key}`));
  return interval({ value, low, high }, format);
}

const extent = (source: Source, run: string): string =>
  `${run}: ${count(source.number("notes.scored"))} notes scored, ${
    count(source.number("notes.typed"))
  } typed.`;

function savingsChart(evals: readonly Source[], runs: readonly string[]): object {
  const values = evals.flatMap((source, i) =>
    source.keys("models").filter((m) => i === 0 || source.at(`models[${m}]`).ours)
      .flatMap((m) => {
        const { name, ours, keystrokes } = source.at(`models[${m}]`);
        // deno-lint-ignore no-explicit-any
        return (keystrokes?.curve ?? []).map(({ threshold, savings }: any) => ({
          system: ours ? `${runs[i]}: ${name}` : name,
          threshold,
          savings: savings.value,
        }));
      })
  );
  return {
    width: WIDTH,
    height: HEIGHT,
    data: { values },
    mark: { type: "line", point: { size: 24 } },
    encoding: {
      x: { field: "threshold", type: "quantitative", title: "least confidence that is shown" },
      y: {
        field: "savings",
        type: "quantitative",
        title: "keystrokes saved",
        axis: { format: "%" },
      },
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
  evals: readonly Source[],
  runs: readonly string[],
  evidence: Evidence,
): Promise<string> {
  const eda = await evidence.source(workspace(root).edaJson, "deno task report");
  const characters = eda.number("lengths.characters.median");
  const shares = evals.flatMap((source, i) =>
    source.keys("models").filter((m) =>
      source.at(`models[${m}]`).ours && source.has(`models[${m}].keystrokes`)
    ).map((m) => {
      const { name, keystrokes } = source.at(`models[${m}]`);
      // deno-lint-ignore no-explicit-any
      const point = keystrokes.curve.find((p: any) => p.threshold === keystrokes.best);
      return { name: `${runs[i]}: ${name}`, ...point };
    })
  );
  if (shares.length === 0) return "";
  const top = shares.reduce((a, b) => b.savings.value > a.savings.value ? b : a);
  const typing = characters / TYPING_SPEED;
  const saved = typing * top.savings.value;
  const shown = top.shownRate * characters * (1 - top.savings.value);
  const even = shown > 0 ? 60 * saved / shown : 0;
  return `**In minutes.** The median note of ${title} has ${count(characters)} characters: ${
    typing.toFixed(0)
  } minutes at ${TYPING_SPEED} characters a minute (assumed), if all of it were typed, which is not so where
templates and copied text make up much of it. ${top.name} would save ${
    saved.toFixed(1)
  } of them in keys alone. It would show a suggestion ${
    count(shown)
  } times; if looking at each took ${
    even.toFixed(1)
  } seconds, nothing would be gained. What clinicians really gain, nobody has measured.`;
}
