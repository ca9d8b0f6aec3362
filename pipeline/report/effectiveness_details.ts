/** Where the best system does well and where not: sections, rules, confidence, examples. */

import { ink } from "../lib/base/page/chart.ts";
import type { Drawings } from "./drawings.ts";
import { estimate, type Measured } from "./eval_source.ts";
import type { Source } from "./evidence.ts";
import { percent } from "../lib/base/format.ts";
import { code, count, table } from "./markdown.ts";
import type { Corpus } from "./plan.ts";

const EXAMPLES = 4;
const WIDTH = 680, ROW = 24;

export async function details(
  { name, title }: Corpus,
  { source, at, label }: Measured,
  drawings: Drawings,
): Promise<string> {
  const parts = [
    mixturePart(source),
    await sectionsPart(name, title, source, at, label, drawings),
    wordsPart(source, at, label),
    calibrationPart(source, at, label),
    ablationPart(source),
    examplesPart(source),
  ];
  return parts.filter(Boolean).join("\n\n");
}

/** Validation bits per character, part by part. */
function mixturePart(source: Source): string {
  if (!source.has("mixture.validation")) return "";
  const parts = ["gpt", "table", "gptAndTable", "gptAndNote", "mixture"] as const;
  const titles = {
    gpt: "the GPT alone",
    table: "the n-gram table alone",
    gptAndTable: "GPT and table",
    gptAndNote: "GPT and the note's own n-grams",
    mixture: "all three",
  };
  const values = parts.filter((part) => source.has(`mixture.validation.${part}`))
    .map((part) => `${titles[part]} ${source.number(`mixture.validation.${part}`).toFixed(3)}`);
  const ofTable = source.has("mixture.minPatients")
    ? `The table
holds what at least ${source.number("mixture.minPatients")} patients' notes share, ${
      count(source.number("mixture.tableBytes") / 1000)
    } kB; the`
    : "There is no table. The";
  return `**What the n-grams add** (bits per character of validation notes): ${
    values.join(", ")
  }. ${ofTable} note's own n-grams are what it has said before the caret, and are never stored.`;
}

async function sectionsPart(
  name: string,
  title: string,
  source: Source,
  at: string,
  label: string,
  drawings: Drawings,
): Promise<string> {
  if (!source.has(`${at}.bySection`)) return "";
  const values = source.keys(`${at}.bySection`).map((i) => ({
    section: source.text(`${at}.bySection[${i}].group`),
    bits: source.number(`${at}.bySection[${i}].bitsPerCharacter.value`),
    low: source.number(`${at}.bySection[${i}].bitsPerCharacter.low`),
    high: source.number(`${at}.bySection[${i}].bitsPerCharacter.high`),
  }));
  const sort = values.toSorted((a, b) => a.bits - b.bits).map(({ section }) => section);
  const axis = { labelLimit: 220 };
  const y = { field: "section", type: "nominal", sort, title: null, axis };
  const spec = {
    width: WIDTH - 220,
    height: { step: ROW },
    data: { values },
    layer: [
      {
        mark: { type: "rule", strokeWidth: 2, color: ink("muted") },
        encoding: {
          y,
          x: {
            field: "low",
            type: "quantitative",
            title: "bits per character",
            scale: { zero: false },
          },
          x2: { field: "high" },
        },
      },
      {
        mark: { type: "point", size: 50, color: ink("series1"), opacity: 1 },
        encoding: { y, x: { field: "bits", type: "quantitative" } },
      },
    ],
  };
  const chart = await drawings.chart(
    `${name}-sections`,
    spec,
    `Bits per character by section of the note, ${label} on ${title}; lower is easier`,
  );
  return `**By section** (${label}):\n\n${chart}`;
}

/** Words by class, at the boundary and after some letters. */
function wordsPart(source: Source, at: string, label: string): string {
  if (!source.has(`${at}.nextWord`)) return "";
  const classes = source.keys(`${at}.nextWord.byClass`)
    .filter((kind) => source.at(`${at}.nextWord.byClass.${kind}.words`) > 0);
  const share = (path: string) => source.number(`${path}.top1`) / source.number(`${path}.words`);
  const rows = classes.map((kind) => {
    const path = `${at}.nextWord.byClass.${kind}`;
    return [kind, count(source.number(`${path}.words`)), percent(share(path))];
  });
  const mid = source.keys(`${at}.nextWord.midWord`).map((i) => {
    const path = `${at}.nextWord.midWord[${i}]`;
    return `${source.number(`${path}.typedLetters`)}: ${
      percent(source.number(`${path}.top1.value`))
    }`;
  });
  return `**By kind of word** (${label}; next word right at the boundary):\n\n${
    table(["kind", ">words", ">right"], rows)
  }\n\nWith letters of the word typed already, it is right for ${mid.join(", ")}.`;
}

function calibrationPart(source: Source, at: string, label: string): string {
  if (!source.has(`${at}.keystrokes.calibration`)) return "";
  return `**Confidence.** ${label}'s expected calibration error over ${
    count(source.number(`${at}.keystrokes.calibration.suggestions`))
  } suggestions: ${
    estimate(source, `${at}.keystrokes.calibration.ece`, (value) => value.toFixed(3))
  }.`;
}

/** What each rule of the decoder is worth. */
function ablationPart(source: Source): string {
  if (!source.has("ablation")) return "";
  const rows = source.keys("ablation.rows").map((i) => {
    const row = `ablation.rows[${i}]`;
    return [
      source.text(`${row}.rule`) === "none"
        ? "all rules on"
        : `without ${source.text(`${row}.rule`)}`,
      estimate(source, `${row}.savings`, percent),
      estimate(source, `${row}.netSavings`, percent),
      percent(source.number(`${row}.acceptance`)),
      percent(source.number(`${row}.shownRate`)),
    ];
  });
  return `**Rules of the decoder, switched off one at a time** (${source.text("ablation.model")}, ${
    count(source.number("ablation.notes"))
  } notes):\n\n${
    table(
      ["", ">keystrokes saved", ">net of reading", ">accepted / shown", ">carets with text"],
      rows,
    )
  }`;
}

/** Only of synthetic notes: eval leaves them out of all others. */
function examplesPart(source: Source): string {
  if (!source.has("examples")) return "";
  const list = (kind: "accepted" | "wrong") =>
    source.keys(`examples.${kind}`).slice(0, EXAMPLES).map((i) => {
      const { before, suggestion, confidence, follows } = source.at(`examples.${kind}[${i}]`);
      return [
        code(before.slice(-40)),
        code(suggestion),
        confidence.toFixed(2),
        kind === "wrong" ? code(follows) : "taken",
      ];
    });
  const columns = ["before the caret", "suggested", ">confidence", "the note goes on with"];
  return `**Examples** (longest accepted, then surest wrong):\n\n${
    table(columns, [...list("accepted"), ...list("wrong")])
  }`;
}
