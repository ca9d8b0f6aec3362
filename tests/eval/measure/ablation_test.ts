// What `--ablate` switches off: every rule of decoding, once, and really.

import { assertEquals, assertNotEquals } from "@std/assert";
import { suggestDefaults } from "../../../pipeline/lib/gpt/decode/suggest.ts";
import type { Policies } from "../../../pipeline/lib/gpt/decode/types.ts";
import { rulesOff } from "../../../pipeline/eval/measure/ablation.ts";

Deno.test("every rule of decoding is switched off in a row of its own", () => {
  const rules = rulesOff.map(({ rule }) => rule);
  assertEquals(rules, [...new Set(rules)]);
  const settings = rulesOff.map(({ off }) => JSON.stringify(off));
  assertEquals(settings, [...new Set(settings)]);
  // A new policy has to be named here, and so in `rulesOff`.
  const policies: Record<keyof Policies, true> = {
    minConfidence: true,
    length: true,
    heal: true,
    wholeWords: true,
    numbers: true,
    numberConfidence: true,
    heldNumberConfidence: true,
    maxCopiedWords: true,
    lineBreaks: true,
    sectionStops: true,
    loopStops: true,
    placeholders: true,
  };
  const covered = new Set(rulesOff.flatMap(({ off }) => Object.keys(off)));
  const missing = Object.keys(policies).filter((name) => !covered.has(name));
  // The first means nothing once `numbers` is "always", the others nothing without a context.
  assertEquals(missing, ["numberConfidence", "heldNumberConfidence", "maxCopiedWords"]);
});

Deno.test("switched off means other than as served", () => {
  for (const { rule, off } of rulesOff) {
    for (const [name, value] of Object.entries(off)) {
      assertNotEquals(value, suggestDefaults[name as keyof Policies], `${rule}: ${name}`);
    }
  }
});
