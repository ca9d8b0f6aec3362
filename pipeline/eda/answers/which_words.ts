import { format } from "../../lib/base/cli.ts";
import { type Content, facts, figure, html, share, table } from "../../lib/base/page/html.ts";
import { heapsChart, zipfChart } from "../charts.ts";
import type { TokenMeasures } from "../tokens.ts";
import type { Vocabulary } from "../vocabulary_report.ts";
import { type Answer, type DrawChart, percent, short } from "./answer.ts";

const SHOWN = 14;

/** Raw vocabulary in words and characters. */
export const whichWords: Answer = async ({ vocabulary, tokens }, draw) => {
  const { raw_words, words, characters, coverage } = vocabulary;
  const ninetyFive = coverage.find(({ share }) => share === 0.95)!;
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
        ["words as written", format(raw_words.total)],
        ["different", format(raw_words.distinct)],
        ["words of letters and digits", format(words.total)],
        ["different", format(words.distinct)],
        ["of these once only", format(words.hapaxes)],
        [
          "different characters",
          `${format(characters.distinct)}, ${format(characters.ascii_distinct)} of them ASCII`,
        ],
      ]),
      await laws(vocabulary, draw),
      commonest(vocabulary),
      rest(vocabulary),
      tokens === null ? "" : tokenization(tokens),
    ],
  };
};

async function laws(vocabulary: Vocabulary, draw: DrawChart): Promise<Content> {
  const { zipf_exponent, heaps_fit } = vocabulary;
  const zipf = await draw(
    "zipf",
    zipfChart(vocabulary),
    "Occurrences of each word against its rank, on log scales",
  );
  const heaps = await draw(
    "heaps",
    heapsChart(vocabulary),
    "Different words against words read",
  );
  const slope = zipf_exponent === null
    ? ""
    : ` Between ranks 10 and 10,000 it falls with slope ${
      zipf_exponent.toFixed(2).replace("-", "−")
    }; natural language is near −1.`;
  const fit = heaps_fit === null
    ? html``
    : html`, about ${short(heaps_fit.k)}·N<sup>${
      heaps_fit.beta.toFixed(2)
    }</sup> over the second half`;
  return html`<div class="columns">${
    figure(zipf.inline, `Zipf's curve: occurrences against rank.${slope}`)
  }${
    figure(
      heaps.inline,
      html`Heaps' curve: different words among the first N, in file order${fit}.`,
    )
  }</div>`;
}

function commonest({ top_words, top_characters }: Vocabulary): Content {
  const words = table({
    caption: "Commonest words",
    columns: ["word", "occurrences", { title: "share of all words", align: "left" }],
    rows: top_words.slice(0, SHOWN).map(({ word, count, share: part }) => [
      html`<code>${word}</code>`,
      format(count),
      share(part / top_words[0].share, percent(part)),
    ]),
  });
  const characters = table({
    caption: "Commonest characters",
    columns: [
      { title: "character", align: "left" },
      "occurrences",
      { title: "share of all characters", align: "left" },
    ],
    rows: top_characters.slice(0, SHOWN).map(({ character, count, share: part }) => [
      html`<code>${character}</code>`,
      format(count),
      share(part / top_characters[0].share, percent(part)),
    ]),
  });
  return html`<div class="columns">${words}${characters}</div>`;
}

function rest({ coverage, other_characters }: Vocabulary): Content {
  const cover = table({
    caption: "How many words cover the text",
    columns: [
      { title: "share of the text", align: "left" },
      "commonest words needed",
      "of the vocabulary",
    ],
    rows: coverage.map((row) => [
      percent(row.share),
      format(row.words),
      percent(row.of_vocabulary),
    ]),
  });
  const others = other_characters.length === 0 ? html`<p>Every character is ASCII.</p>` : table({
    caption: "Characters beyond ASCII",
    columns: [{ title: "character", align: "left" }, "code point", "occurrences"],
    rows: other_characters.slice(0, SHOWN).map(({ character, code, count }) => [
      html`<code>${character}</code>`,
      code,
      format(count),
    ]),
  });
  return html`<div class="columns">${cover}${others}</div>`;
}

function tokenization(tokens: TokenMeasures): Content {
  return [
    html`<h3>As tokens</h3>`,
    facts([
      ["tokenizer", tokens.kind === "bpe" ? "byte-level BPE" : "characters"],
      ["vocabulary", format(tokens.vocab_size)],
      ["tokens for a word", tokens.fertility.toFixed(2)],
      ["characters for a token", tokens.characters_per_token.toFixed(2)],
      ["tokens that never occur in train", format(tokens.unused)],
    ]),
    html`<p>Longest tokens: ${
      tokens.longest.map((
        token,
        index,
      ) => [index > 0 ? ", " : "", html`<code>${visible(token)}</code>`])
    }.</p>`,
  ];
}

/** Spaces and line breaks as signs that show. */
const visible = (token: string) => token.replaceAll(" ", "·").replaceAll("\n", "⏎");
