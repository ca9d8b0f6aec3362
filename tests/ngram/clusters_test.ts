// "At least k patients" is true: also where the source names none, and for every phrase that is kept.

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { clusterNotes, COPIED_WORDS, TEMPLATE_NOTES } from "../../pipeline/ngram/clusters.ts";
import { Random } from "../../pipeline/lib/base/random.ts";
import { NgramCounts } from "../../pipeline/lib/gpt/ngram/counts.ts";
import { KneserNey } from "../../pipeline/lib/gpt/ngram/kneser_ney.ts";
import { pruneToTable } from "../../pipeline/lib/gpt/ngram/table.ts";

const random = new Random(1, "clusters");
const word = () => Array.from({ length: 5 }, () => "abcdefghijklmnop"[random.below(16)]).join("");
const words = (count: number) => Array.from({ length: count }, word).join(" ");
const people = (...texts: string[]) => clusterNotes(texts.map((text) => ({ text })));

Deno.test("notes that share a long passage are one person's, those that do not are not", () => {
  const passage = words(COPIED_WORDS), short = words(COPIED_WORDS - 1);
  const around = (text: string) => `${words(20)} ${text} ${words(20)}`;
  assertEquals(people(around(passage), around("other"), around(passage)), [0, 1, 0]);
  assertEquals(people(around(short), around(short)), [0, 1]);
  const wrapped = passage.toUpperCase().replaceAll(" ", "\n ");
  assertEquals(people(around(passage), around(`"${wrapped}."`)), [0, 0], "case, lines, signs");
  const second = words(COPIED_WORDS);
  const chain = [around(passage), around(`${passage} ${second}`), around(second)];
  assertEquals(people(...chain), [0, 0, 0], "copied forward from note to note");
});

Deno.test("a template that many notes share joins nobody", () => {
  const template = words(30);
  const notes = (count: number) =>
    Array.from({ length: count }, () => `${words(10)} ${template} ${words(10)}`);
  assertEquals(new Set(people(...notes(TEMPLATE_NOTES))).size, 1);
  assertEquals(new Set(people(...notes(TEMPLATE_NOTES + 1))).size, TEMPLATE_NOTES + 1);
});

Deno.test("named patients stay who they are; a nameless note joins the one that it repeats", () => {
  const passage = words(20);
  const note = (patient?: string) => ({ text: `${words(9)} ${passage} ${words(9)}`, patient });
  assertEquals(clusterNotes([note("a"), note("b"), note("a")]), [0, 1, 0]);
  const [a, , again, unnamed] = clusterNotes([
    note("a"),
    { text: words(30), patient: "b" },
    note("a"),
    note(),
  ]);
  assertEquals([again, unnamed], [a, a]);
  assertNotEquals(clusterNotes([note("a"), { text: words(30) }])[1], 0);
});

Deno.test("no phrase that fewer than k people share survives", () => {
  for (let round = 0; round < 30; round++) {
    const rng = new Random(round, "tables"), k = 2 + rng.below(5), order = 2 + rng.below(4);
    const notes = Array.from({ length: 12 + rng.below(20) }, () => ({
      person: rng.below(8),
      symbols: [0, ...Array.from({ length: 5 + rng.below(30) }, () => 1 + rng.below(6))],
    })).sort((a, b) => a.person - b.person);
    const counts = new NgramCounts(order);
    const support = new Map<string, Set<number>>();
    for (const { person, symbols } of notes) {
      counts.addSequence(symbols, person);
      for (let n = 2; n <= order; n++) {
        for (let at = 0; at + n <= symbols.length; at++) {
          const key = symbols.slice(at, at + n).join(" ");
          support.set(key, (support.get(key) ?? new Set()).add(person));
        }
      }
    }
    let phrases = [""];
    const table = pruneToTable(new KneserNey(counts, 7), 0, k);
    for (const [index, { token }] of table.orders.entries()) {
      const next: string[] = [];
      const parents = index === 0 ? undefined : table.orders[index - 1].firstChild;
      token.forEach((symbol, node) => {
        let parent = 0;
        if (parents) {
          while (parent + 1 < parents.length && parents[parent + 1] <= node) parent++;
        }
        const phrase = `${phrases[parent]} ${symbol}`.trim();
        next.push(phrase);
        if (index === 0) return;
        const found = support.get(phrase)?.size ?? 0;
        assert(found >= k, `round ${round}: "${phrase}" of ${found} people, k = ${k}`);
      });
      phrases = next;
    }
  }
});
