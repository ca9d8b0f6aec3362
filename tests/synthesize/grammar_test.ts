import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  Compiler,
  type Condition,
  GAP,
  renderRule,
  type Rule,
  type Scope,
  tidy,
} from "../../pipeline/synthesize/grammar.ts";
import { KnowledgeError, parseEntries } from "../../pipeline/synthesize/source.ts";
import { Random } from "../../pipeline/synthesize/random.ts";

const compiler = new Compiler(new Map([["shortness of breath", ["SOB"]]]));

function scope(options: Partial<Scope> & { rules?: Map<string, Rule>; facts?: string[] } = {}) {
  const memo = new Map<string, string>();
  return {
    random: new Random(7),
    abbreviate: 0,
    detail: 1,
    days: 3,
    memo,
    latest: new Map<string, string>(),
    traits: new Map<string, string>(),
    variable: (name: string) => `<${name}>`,
    lab: (name: string, when: string) => `${name}/${when}`,
    drugs: (drugClass: string, list: string) => `${list}:${drugClass}`,
    rule: (name: string) => options.rules!.get(name)!,
    test: ({ kind, name, negated }: Condition) =>
      (options.facts ?? []).includes(`${kind}.${name}`) !== negated,
    ...options,
  } as Scope;
}

const render = (source: string, options = {}) => compiler.template(source)(scope(options));

function counts(source: string, options = {}): Map<string, number> {
  const template = compiler.template(source);
  const at = scope(options);
  const found = new Map<string, number>();
  for (let i = 0; i < 2000; i++) {
    const text = template(at);
    found.set(text, (found.get(text) ?? 0) + 1);
  }
  return found;
}

Deno.test("alternatives are drawn evenly, also nested and empty ones", () => {
  const found = counts("{a|b{1|2}|}");
  assertEquals([...found.keys()].sort(), ["", "a", "b1", "b2"]);
  for (const [text, share] of [["a", 1 / 3], ["", 1 / 3], ["b1", 1 / 6]] as const) {
    assert(Math.abs(found.get(text)! / 2000 - share) < 0.05, `${text}: ${found.get(text)}`);
  }
});

Deno.test("a probability in braces chooses the first alternative that often", () => {
  const found = counts("{80%: yes|no}");
  assert(Math.abs(found.get("yes")! / 2000 - 0.8) < 0.05);
});

Deno.test("conditions choose between two alternatives, negated ones too", () => {
  assertEquals(render("{?has.copd: inhaler|none}", { facts: ["has.copd"] }), "inhaler");
  assertEquals(render("{?has.copd: inhaler|none}"), "none");
  assertEquals(render("{?!has.copd,is.male: he}", { facts: ["is.male"] }), "he");
  assertEquals(render("{?!has.copd,is.male: he}", { facts: ["is.male", "has.copd"] }), "");
});

Deno.test("numbers stay within their range, in steps and with the decimals written", () => {
  const found = [...counts("{20..40/10}").keys()].sort();
  assertEquals(found, ["20", "30", "40"]);
  for (const text of counts("{1.0..2.5}").keys()) {
    assert(/^\d\.\d$/.test(text) && Number(text) >= 1 && Number(text) <= 2.5, text);
  }
});

Deno.test("laboratory values, drugs and variables are asked of the scope", () => {
  assertEquals(
    render("{@Hgb.low} {~statin} {-statin} {/statin}"),
    "Hgb/low kept:statin held:statin paused:statin",
  );
  assertEquals(
    render("{@Creat} {@Hgb.last} {=anticoagulant} {+statin} {*opioid} $he."),
    "Creat/first Hgb/last home:anticoagulant leaving:statin started:opioid <he>.",
  );
});

Deno.test("a day is never after the last of the stay", () => {
  assertEquals([...counts("{2..5:day}").keys()].sort(), ["2", "3"]);
  assertEquals([...counts("{4..7:day}").keys()], ["3"]);
});

Deno.test("a rule that is referred to twice says something else, if it can", () => {
  const block = "== dish\n{rice|soup}\n== plain\nrice";
  const [{ rules }] = parseEntries(block, "dishes.txt", compiler);
  for (const text of counts("<dish> and <dish>", { rules }).keys()) {
    // One draw in 2⁵ finds the same word five times.
    if (text.split(" and ")[0] !== text.split(" and ")[1]) continue;
    assert(counts("<dish> and <dish>", { rules }).get(text)! < 2000 / 2 ** 4);
  }
  assertEquals(render("<plain> and <plain>", { rules }), "rice and rice");
});

Deno.test("abbreviations follow the author", () => {
  assertEquals(render("has shortness of breath", { abbreviate: 1 }), "has SOB");
  assertEquals(render("has shortness of breath", { abbreviate: 0 }), "has shortness of breath");
});

Deno.test("a remembered rule gives the same text every time", () => {
  const rules = parseEntries("== side!\nleft\nright\n", "x", compiler)[0].rules;
  const at = scope({ rules });
  const first = renderRule(rules.get("side")!, at);
  for (let i = 0; i < 50; i++) assertEquals(renderRule(rules.get("side")!, at), first);
});

Deno.test("a trait outlives the note, a remembered rule does not", () => {
  const rules = parseEntries("== a !!\n{0..999999}\n== b !\n{0..999999}\n", "x", compiler)[0].rules;
  const traits = new Map<string, string>(), random = new Random(1);
  const note = () => {
    const at = scope({ rules, traits, random });
    return [renderRule(rules.get("a")!, at), renderRule(rules.get("b")!, at)];
  };
  const [first, second] = [note(), note()];
  assertEquals(first[0], second[0]);
  assert(first[1] !== second[1]);
});

Deno.test("sentences are joined by the author's gap, lines by newlines, and start with capitals", () => {
  const rules = parseEntries("== a &\none.\ntwo.\n== b *\nx\ny\n", "x", compiler)[0].rules;
  assertEquals(renderRule(rules.get("a")!, scope({ rules })), `One.${GAP}Two.`);
  assertEquals(renderRule(rules.get("b")!, scope({ rules })), "x\ny");
});

Deno.test("talkative authors leave out fewer optional lines", () => {
  const rules = parseEntries("== a &\n30% word\n", "x", compiler)[0].rules;
  const share = (detail: number) => {
    const at = scope({ rules, detail });
    let found = 0;
    for (let i = 0; i < 4000; i++) if (renderRule(rules.get("a")!, at) !== "") found++;
    return found / 4000;
  };
  assert(Math.abs(share(1) - 0.3) < 0.03);
  assert(Math.abs(share(3) - (1 - 0.7 ** 3)) < 0.03);
});

Deno.test("tidy removes what absent words leave behind", () => {
  assertEquals(
    tidy(`on  admission , stable .${GAP}${GAP}no fever`),
    `on admission, stable.${GAP}No fever`,
  );
  assertEquals(tidy("a\n  indented"), "a\n  indented");
});

Deno.test("mistakes name file and line", () => {
  const parse = (text: string) => parseEntries(text, "bad.txt", compiler);
  assertThrows(() => parse("== a\n{x|y\n"), KnowledgeError, "bad.txt:2");
  assertThrows(() => parse("== a\nx|y\n"), KnowledgeError, '"|" outside of braces');
  assertThrows(() => parse("== a\nok}\n"), KnowledgeError, '"}" outside of braces');
  assertThrows(() => parse("== a\nx\n\n== a\ny\n"), KnowledgeError, 'rule "a" is there twice');
  assertThrows(() => parse("no field\n"), KnowledgeError, 'expected "key: value"');
  assertThrows(() => parse("== A B\n"), KnowledgeError, 'expected "== name"');
});
