import { format } from "../../lib/base/cli.ts";
import { figure, table } from "../../lib/base/page/html.ts";
import { lengthChart } from "../charts.ts";
import type { Lengths } from "../lengths.ts";
import { type Answer, short } from "./answer.ts";

const quantiles = ["min", "p1", "p5", "p25", "median", "p75", "p95", "p99", "max"] as const;

/** Distribution of note length. */
export const howLong: Answer = async ({ lengths, counts, tokens }, draw) => {
  const { raw_words, characters } = lengths;
  const rows: [string, Lengths][] = [
    ["characters", characters],
    ["words as written", raw_words],
    ["words, plain", lengths.words],
    ["lines", lengths.lines],
    ...(tokens === null ? [] : [["tokens", tokens.lengths] as [string, Lengths]]),
  ];
  const skew = raw_words.mean > raw_words.median * 1.02
    ? ` A tail of long notes pulls the mean up to ${format(raw_words.mean)}.`
    : "";
  return {
    id: "how-long",
    title: "How long are they?",
    lead: `Half of the notes have more than ${format(raw_words.median)} words (${
      format(characters.median)
    } characters); nine in ten lie between ${format(raw_words.p5)} and ${
      format(raw_words.p95)
    } words.${skew}`,
    body: [
      figure(
        (await draw(
          "length",
          lengthChart(raw_words, "words in the note"),
          `Distribution of note length in words: median ${raw_words.median}, 5th percentile ${raw_words.p5}, 95th ${raw_words.p95}`,
        )).inline,
        `${
          format(counts.notes)
        } notes by their number of words. Words as written are what lies between spaces; plain words are letters and digits, without case and the punctuation around them.`,
      ),
      table({
        caption: "Percentiles over notes",
        columns: [
          "measure",
          "total",
          "mean",
          ...quantiles.map((name) => name.replace(/^p/, "") + (name.startsWith("p") ? "%" : "")),
        ],
        rows: rows.map(([name, measure]) => [
          name,
          format(measure.total),
          short(measure.mean),
          ...quantiles.map((quantile) => format(measure[quantile])),
        ]),
      }),
    ],
  };
};
