/**
 * The clinical knowledge as typed tables: what the text files under knowledge/ say, checked.
 * Nothing here knows any medicine; nothing in knowledge/ knows any code.
 */

import { join } from "@std/path";
import {
  type Abbreviations,
  Compiler,
  type Condition,
  type Guard,
  type Rule,
  type Template,
} from "./grammar.ts";
import { type Drug, type Frequency, parseDrug, parseFrequency } from "./drugs.ts";
import { type LabChange, type LabTest, parseLabChange, parseLabTest } from "./labs.ts";
import { type Entry, KnowledgeError, parseEntries } from "./source.ts";
import { checkMentions } from "./check.ts";

export type Sex = "M" | "F";

/** A change to the drug list: `75% ?has.cad: aspirin 81 DAILY or clopidogrel | …`. */
export interface DrugOrder extends Guard {
  /** Groups drawn at random; in each, the first drug the patient may have. */
  choices: DrugChoice[][];
}

export interface DrugChoice {
  drug: string;
  dose?: string;
  frequency?: string;
  days?: [number, number];
}

/** A guarded value: history, complications, drug classes to hold. */
export interface Guarded extends Guard {
  value: string;
}

/** A condition: chronic (with prevalence), history, or acute complication. */
export interface ConditionEntry {
  name: string;
  kind: "chronic" | "history" | "acute";
  /** How the opening sentence names it; none: it does not. */
  short: Template[];
  sex?: Sex;
  /** Probability by age: [from, to, probability]. */
  prevalence: [number, number, number][];
  excludes: string[];
  /** Acute, and there on arrival: nobody is operated on by plan with it. */
  arrival: boolean;
  home: DrugOrder[];
  start: DrugOrder[];
  hold: Guarded[];
  stop: Guarded[];
  pause: Guarded[];
  labs: LabChange[];
  vitals: LabChange[];
  rules: Map<string, Rule>;
}

export interface Presentation
  extends Omit<ConditionEntry, "kind" | "short" | "prevalence" | "arrival"> {
  /** How a later note refers to this stay. */
  title: string;
  weight: number;
  age: [number, number];
  los: [number, number];
  service: string;
  requires: string[];
  /** Drug classes that nobody in this situation takes at home: in pregnancy, say. */
  avoids: string[];
  /** Organ systems that the history tells about, so that the review of systems is silent. */
  symptoms: string[];
  /** How often blood is drawn, relative to a medical stay. */
  bloodDraws: number;
  /** Chronic conditions that come with it, with probabilities. */
  history: Guarded[];
  /** Acute complications with their probabilities here. */
  complications: Guarded[];
  /** Conditions that the patient has from now on. */
  leaves: Guarded[];
  /** Conditions whose own problem paragraph is covered by this presentation's text. */
  covers: string[];
  once: boolean;
  /** Planned: whatever goes wrong begins in hospital. */
  elective: boolean;
  mortality: number;
  icu: number;
  disposition: Guarded[];
}

export interface Allergy {
  name: string;
  label: string;
  reactions: string[];
  classes: string[];
  weight: number;
}

export interface Knowledge {
  presentations: Presentation[];
  conditions: Map<string, ConditionEntry>;
  drugs: Map<string, Drug>;
  frequencies: Map<string, Frequency>;
  tests: Map<string, LabTest>;
  panels: Map<string, string[]>;
  allergies: Allergy[];
  /** Rules that every note may use; presentations override them by name. */
  shared: Map<string, Rule>;
  systems: { name: string; labels: string[] }[];
  /** Words of drug names: nobody's typing error may turn one drug into another. */
  drugWords: ReadonlySet<string>;
}

const sharedFiles = ["lexicon", "exam", "sections", "details", "instructions", "letters"];

/** Reads and checks all of `folder`; a `KnowledgeError` names file and line of the first mistake. */
export async function loadKnowledge(
  folder = join(import.meta.dirname!, "knowledge"),
): Promise<Knowledge> {
  const read = (name: string) => Deno.readTextFile(join(folder, `${name}.txt`));
  const compiler = new Compiler(parseAbbreviations(await read("abbreviations")));
  const entriesOf = async (name: string) => parseEntries(await read(name), name, compiler);

  const drugs = table(await read("drugs"), "drugs.txt", parseDrug);
  const frequencies = table(await read("frequencies"), "frequencies.txt", parseFrequency);
  const tests = table(await read("labs"), "labs.txt", parseLabTest);
  const shared = new Map<string, Rule>();
  const sharedEntries: Entry[] = [];
  let systems: Knowledge["systems"] = [];
  for (const name of sharedFiles) {
    for (const entry of await entriesOf(name)) {
      sharedEntries.push(entry);
      for (const [key, rule] of entry.rules) {
        if (shared.has(key)) {
          throw new KnowledgeError(
            `Cannot read ${entry.where}: rule "${key}" is in another file too`,
          );
        }
        shared.set(key, rule);
      }
      if (name === "exam") {
        systems = (entry.fields.get("system") ?? []).map((value) => {
          const [system, ...labels] = value.split("|").map((part) => part.trim());
          return { name: system, labels };
        });
      }
    }
  }

  const conditionEntries = await entriesOf("conditions");
  const conditions = new Map(
    conditionEntries.map((entry) => [entry.name, toCondition(entry, compiler)]),
  );
  const presentationEntries: Entry[] = [];
  const files = [...Deno.readDirSync(join(folder, "presentations"))]
    .map((file) => file.name).filter((name) => name.endsWith(".txt")).sort();
  for (const file of files) {
    presentationEntries.push(...await entriesOf(`presentations/${file.replace(/\.txt$/, "")}`));
  }
  const presentations = presentationEntries.map((entry) => toPresentation(entry, compiler));
  const allergies = (await entriesOf("allergies")).map(toAllergy);

  const knowledge: Knowledge = {
    presentations,
    conditions,
    drugs,
    frequencies,
    tests,
    panels: panelsOf(tests),
    allergies,
    shared,
    systems,
    drugWords: new Set(
      [...drugs.values()].flatMap(({ name }) => name.toLowerCase().split(/[^a-z]+/)),
    ),
  };
  checkMentions(knowledge, [...sharedEntries, ...conditionEntries, ...presentationEntries]);
  return knowledge;
}

/** `full phrase | short | other short`. */
function parseAbbreviations(text: string): Abbreviations {
  const rows = rowsOf(text).map(({ cells: [full, ...short] }) => [full, short] as const);
  return new Map(rows);
}

function rowsOf(text: string): { line: number; cells: string[] }[] {
  return text.split("\n")
    .map((row, index) => ({ line: index + 1, row: row.trim() }))
    .filter(({ row }) => row !== "" && !row.startsWith("//"))
    .map(({ line, row }) => ({ line, cells: row.split("|").map((cell) => cell.trim()) }));
}

/** A `|`-separated table whose first column is the key. */
function table<T>(text: string, file: string, parse: (cells: string[]) => T): Map<string, T> {
  const result = new Map<string, T>();
  for (const { line, cells } of rowsOf(text)) {
    try {
      if (result.has(cells[0])) throw new SyntaxError(`"${cells[0]}" is there twice`);
      result.set(cells[0], parse(cells));
    } catch (error) {
      throw new KnowledgeError(`Cannot read ${file}:${line}: ${(error as Error).message}`);
    }
  }
  return result;
}

function panelsOf(tests: Map<string, LabTest>): Map<string, string[]> {
  const panels = new Map<string, string[]>();
  for (const [name, test] of tests) {
    const members = panels.get(test.panel);
    if (members) members.push(name);
    else panels.set(test.panel, [name]);
  }
  return panels;
}

const list = (entry: Entry, key: string): string[] =>
  (entry.fields.get(key) ?? []).flatMap((value) => value.split(/[\s,]+/)).filter(Boolean);

const single = (entry: Entry, key: string, fallback?: string): string => {
  const value = entry.fields.get(key)?.[0] ?? fallback;
  if (value === undefined) {
    throw new KnowledgeError(
      `Cannot use ${entry.where} (${entry.name}): field "${key}:" is missing`,
    );
  }
  return value;
};

function range(entry: Entry, key: string, fallback?: string): [number, number] {
  const match = /^(\d+)-(\d+)$/.exec(single(entry, key, fallback));
  if (!match) {
    throw new KnowledgeError(`Cannot use ${entry.where}: "${key}:" must be a range such as 40-90`);
  }
  return [Number(match[1]), Number(match[2])];
}

/** Values with prefixes, several a line allowed: `40% htn, ?male: bph`. */
function guarded(entry: Entry, key: string, compiler: Compiler): Guarded[] {
  compiler.mentions = entry.mentions;
  return (entry.fields.get(key) ?? []).flatMap((field) =>
    field.split(/,\s+/).map((part) => {
      const { guard, rest } = compiler.guard(part);
      return { ...guard, value: rest.trim() };
    })
  );
}

function orders(entry: Entry, key: string, compiler: Compiler): DrugOrder[] {
  compiler.mentions = entry.mentions;
  return (entry.fields.get(key) ?? []).map((field) => {
    const { guard, rest } = compiler.guard(field);
    const choices = rest.split(" | ").map((group) => group.split(" or ").map(parseChoice));
    return { ...guard, choices };
  });
}

function parseChoice(source: string): DrugChoice {
  const match =
    /^([a-z0-9_]+)(?:\s+([\d.,\/-]+))?(?:\s+(?!\d+(?:-\d+)?d$)(\S.*?))?(?:\s+(\d+)(?:-(\d+))?d)?$/
      .exec(source.trim());
  if (!match) throw new KnowledgeError(`Cannot read drug order "${source}"`);
  const [, drug, dose, frequency, from, to] = match;
  const days: [number, number] | undefined = from ? [Number(from), Number(to ?? from)] : undefined;
  return { drug, dose, frequency, days };
}

function common(entry: Entry, compiler: Compiler) {
  const sex = entry.fields.get("sex")?.[0];
  return {
    name: entry.name,
    sex: sex === "M" || sex === "F" ? sex as Sex : undefined,
    excludes: list(entry, "excludes"),
    home: orders(entry, "home", compiler),
    start: orders(entry, "start", compiler),
    hold: guarded(entry, "hold", compiler),
    stop: guarded(entry, "stop", compiler),
    pause: guarded(entry, "pause", compiler),
    labs: (entry.fields.get("lab") ?? []).map((value) => parseLabChange(value, compiler)),
    vitals: (entry.fields.get("vital") ?? []).map((value) => parseLabChange(value, compiler)),
    rules: entry.rules,
  };
}

function toCondition(entry: Entry, compiler: Compiler): ConditionEntry {
  const kind = single(entry, "kind");
  if (kind !== "chronic" && kind !== "history" && kind !== "acute") {
    throw new KnowledgeError(
      `Cannot use ${entry.where}: kind is "${kind}", expected chronic, history or acute`,
    );
  }
  const prevalence = (entry.fields.get("prevalence") ?? []).flatMap((value) =>
    value.split(/,\s*/).map((part): [number, number, number] => {
      const match = /^(\d+)-(\d+) (\d+(?:\.\d+)?)%$/.exec(part);
      if (!match) {
        throw new KnowledgeError(
          `Cannot use ${entry.where}: prevalence "${part}", expected "40-60 12%"`,
        );
      }
      return [Number(match[1]), Number(match[2]), Number(match[3]) / 100];
    })
  );
  compiler.mentions = entry.mentions;
  const short = single(entry, "short", "").split(/ \| /).filter(Boolean)
    .map((text) => compiler.template(text));
  const arrival = single(entry, "arrival", "no") === "yes";
  return { ...common(entry, compiler), kind, short, prevalence, arrival };
}

function toPresentation(entry: Entry, compiler: Compiler): Presentation {
  return {
    ...common(entry, compiler),
    title: single(entry, "title", entry.name.replaceAll("_", " ")),
    weight: Number(single(entry, "weight", "1")),
    age: range(entry, "age"),
    los: range(entry, "los"),
    service: single(entry, "service"),
    requires: list(entry, "requires"),
    avoids: list(entry, "avoids"),
    symptoms: list(entry, "symptoms"),
    bloodDraws: Number(single(entry, "blood_draws", "1")),
    history: guarded(entry, "history", compiler),
    complications: guarded(entry, "complications", compiler),
    leaves: guarded(entry, "leaves", compiler),
    covers: list(entry, "covers"),
    once: single(entry, "once", "no") === "yes",
    elective: single(entry, "elective", "no") === "yes",
    mortality: Number(single(entry, "mortality", "0")) / 100,
    icu: Number(single(entry, "icu", "0")) / 100,
    disposition: guarded(entry, "disposition", compiler),
  };
}

function toAllergy(entry: Entry): Allergy {
  return {
    name: entry.name,
    label: single(entry, "label"),
    reactions: single(entry, "reactions", "").split(/,\s*/).filter(Boolean),
    classes: list(entry, "classes"),
    weight: Number(single(entry, "weight", "1")),
  };
}

export type { Condition };
