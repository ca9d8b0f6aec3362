import { format } from "../../cli.ts";
import { facts, figure, html, share, table } from "../../report/html.ts";
import { heapsChart, zipfChart } from "../charts.ts";
import { type Answer, percent, short } from "./answer.ts";

const SHOWN = 24;

/** Raw vocabulary in words and characters. */
export const whichWords: Answer = async ({ vocabulary }, draw) => {
  const { raw_words, words, characters, coverage, heaps_fit, zipf_exponent } = vocabulary;
  const ninetyFive = coverage.find(({ share }) => share === 0.95)!;
  const column = (from: number) =>
    table({
      columns: ["word", "occurrences", { title: "share of all words", align: "left" }],
      rows: vocabulary.top_words.slice(from, from + SHOWN / 2).map((
        { word, count, share: part },
      ) => [
        html`<code>${word}</code>`,
        format(count),
        share(part / vocabulary.top_words[0].share, percent(part)),
      ]),
    });
  return {
    id: "vocabulary",
    title: "Which words and characters?",
    lead: `${format(raw_words.distinct)} different words as written, ${
      format(words.distinct)
    } without case and punctuation, in ${format(characters.distinct)} different characters. ${
      format(ninetyFive.words)
    } words make up 95% of the text; ${
      percent(words.hapaxes / words.distinct)
    } of the vocabulary occurs once.`,
    body: [
      facts([
        ["words in all, as written", format(raw_words.total)],
        ["different words, as written", format(raw_words.distinct)],
        ["words in all, letters and digits", format(words.total)],
        ["different words, letters and digits", format(words.distinct)],
        ["words that occur once", format(words.hapaxes)],
        [
          "different characters",
          `${format(characters.distinct)} (${format(characters.ascii_distinct)} ASCII)`,
        ],
      ]),
      html`<div class="columns">${
        figure(
          (await draw(
            "zipf",
            zipfChart(vocabulary),
            "Occurrences of each word against its rank, on log scales",
          )).inline,
          `Zipf's curve: occurrences against rank.${
            zipf_exponent === null
              ? ""
              : ` The slope between ranks 10 and 10,000 is ${
                zipf_exponent.toFixed(2)
              }; natural language is near −1.`
          }`,
        )
      }${
        figure(
          (await draw("heaps", heapsChart(vocabulary), "Different words against words read"))
            .inline,
          heaps_fit === null
            ? "Heaps' curve: different words among those read so far."
            : `Heaps' curve: different words among those read so far, in file order; about ${
              short(heaps_fit.k)
            }·N^${heaps_fit.beta.toFixed(2)}.`,
        )
      }</div>`,
      table({
        caption: "How many words cover the text",
        columns: ["share of the text", "commonest words needed", "of the vocabulary"],
        rows: coverage.map((
          row,
        ) => [percent(row.share), format(row.words), percent(row.of_vocabulary)]),
      }),
      html`
        <h3>Commonest words</h3>
        <div class="columns">${column(0)}${column(SHOWN / 2)}</div>
      `,
      vocabulary.other_characters.length === 0 ? html`<p>Every character is ASCII.</p>` : table({
        caption: "Characters beyond ASCII",
        columns: [{ title: "character", align: "left" }, "code point", "occurrences"],
        rows: vocabulary.other_characters.slice(0, 12).map(({ character, code, count }) => [
          character,
          html`<code>${code}</code>`,
          format(count),
        ]),
      }),
    ],
  };
};
