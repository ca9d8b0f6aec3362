/** Finds names in knowledge files that stand for nothing, before they reach a note. */

import type { Condition } from "./grammar.ts";
import type { DrugOrder, Guarded, Knowledge } from "./knowledge.ts";
import { derived } from "./labs.ts";
import { type Entry, KnowledgeError } from "./source.ts";
import { variableNames } from "./variables.ts";

/** What `?is.NAME` may ask: see `Admission`. */
const facts =
  "male female icu expired severe long facility elderly smoker exsmoker drinker oxygen febrile tachycardic elective"
    .split(" ");

/** What `symptoms:` may list. */
const systems = "constitutional ent neuro cardiac resp gi gu msk psych".split(" ");

/** Rules that each presentation must define, because the note is built from them. */
const requiredRules = ["complaint", "procedure", "hpi", "reason", "diagnosis"];

/** Throws a `KnowledgeError` for the first name that no table, rule or variable answers to. */
export function checkMentions(knowledge: Knowledge, entries: Entry[]): void {
  const { drugs, conditions, tests, allergies } = knowledge;
  const classes = new Set([...drugs.values()].flatMap((drug) => drug.classes));
  const allergyClasses = new Set(allergies.flatMap((allergy) => allergy.classes));
  const anyRule = new Set(knowledge.shared.keys());
  for (const presentation of knowledge.presentations) {
    for (const name of presentation.rules.keys()) anyRule.add(name);
  }
  const known: Record<string, (name: string) => boolean> = {
    has: (name) => conditions.has(name),
    new: (name) => conditions.has(name),
    home: (name) => classes.has(name),
    held: (name) => classes.has(name),
    started: (name) => classes.has(name),
    stopped: (name) => classes.has(name),
    paused: (name) => classes.has(name),
    leaving: (name) => classes.has(name),
    kept: (name) => classes.has(name),
    service: (name) =>
      knowledge.presentations.some(({ service }) => service.toLowerCase().startsWith(name)),
    allergy: (name) => allergyClasses.has(name),
    equals: (name) => anyRule.has(name),
    is: (name) => facts.includes(name),
    symptom: (name) => systems.includes(name),
    some: (name) => ["started", "held", "stopped", "paused", "changed", "past"].includes(name),
    presentation: (name) => knowledge.presentations.some((p) => p.name === name),
  };
  for (const entry of entries) {
    const fail = (what: string) =>
      new KnowledgeError(`Cannot use ${entry.where} (${entry.name}): ${what}`);
    const { mentions } = entry;
    for (const name of mentions.rules) {
      if (!entry.rules.has(name) && !anyRule.has(name)) throw fail(`no rule <${name}>`);
    }
    for (const name of mentions.variables) {
      if (!variableNames.has(name)) throw fail(`no variable $${name}`);
    }
    for (const name of mentions.labs) if (!tests.has(name)) throw fail(`no lab test {@${name}}`);
    for (const name of mentions.classes) {
      if (!classes.has(name)) throw fail(`no drug class {=${name}}`);
    }
    for (const condition of mentions.conditions) checkCondition(condition, known, fail);
  }
  const owners = [...knowledge.presentations, ...conditions.values()];
  for (const owner of owners) {
    const fail = (what: string) => new KnowledgeError(`Cannot use "${owner.name}": ${what}`);
    for (const change of owner.labs) {
      if (derived.has(change.test)) throw fail(`lab: ${change.test} follows from other tests`);
      if (!tests.has(change.test)) throw fail(`lab: no test "${change.test}"`);
    }
    for (const order of [...owner.home, ...owner.start]) checkOrder(order, knowledge, fail);
    for (const guard of [...owner.hold, ...owner.stop, ...owner.pause]) {
      if (!classes.has(guard.value)) throw fail(`no drug class "${guard.value}"`);
    }
    for (const name of owner.excludes) {
      if (!conditions.has(name)) throw fail(`excludes: no condition "${name}"`);
    }
  }
  for (const presentation of knowledge.presentations) {
    const fail = (what: string) =>
      new KnowledgeError(`Cannot use presentation "${presentation.name}": ${what}`);
    for (const name of requiredRules) {
      if (!presentation.rules.has(name)) throw fail(`rule "== ${name}" is missing`);
    }
    if (!presentation.rules.has("course") && !presentation.rules.has("narrative")) {
      throw fail(`needs a rule "== course" (by problem) or "== narrative" (running text)`);
    }
    if (!presentation.rules.has("letter.why") && !presentation.rules.has("instructions")) {
      throw fail(`needs a rule "== letter.why" (a letter) or "== instructions"`);
    }
    const { history, complications, leaves } = presentation;
    for (const name of presentation.avoids) {
      if (!classes.has(name)) throw fail(`avoids: no drug class "${name}"`);
    }
    for (const name of presentation.symptoms) {
      if (!systems.includes(name)) throw fail(`symptoms: no organ system "${name}"`);
    }
    const named = (guards: Guarded[]) => guards.map((guard) => guard.value);
    const all = [
      ...named(history),
      ...named(complications),
      ...named(leaves),
      ...presentation.covers,
      ...presentation.requires,
    ];
    for (const name of all) if (!conditions.has(name)) throw fail(`no condition "${name}"`);
  }
}

function checkCondition(
  { kind, name }: Condition,
  known: Record<string, (name: string) => boolean>,
  fail: (what: string) => Error,
): void {
  const answers = known[kind];
  if (!answers) throw fail(`no condition "?${kind}.${name}"`);
  if (!answers(name)) throw fail(`condition "?${kind}.${name}": nothing is called "${name}"`);
}

function checkOrder(order: DrugOrder, knowledge: Knowledge, fail: (what: string) => Error): void {
  for (const { drug, frequency } of order.choices.flat()) {
    if (!knowledge.drugs.has(drug)) throw fail(`no drug "${drug}" in drugs.txt`);
    const code = frequency?.split(":PRN")[0];
    if (code && !knowledge.frequencies.has(code)) throw fail(`no frequency "${code}"`);
  }
}
