/**
 * Templates and rules: the language of the knowledge files, compiled once into closures.
 * README.md beside this file describes it for authors.
 */

import type { Random } from "./random.ts";

/** What a template may ask of the note it is being written into. */
export interface Scope {
  readonly random: Random;
  /** How likely an abbreviation is preferred to the full words, 0 to 1. */
  readonly abbreviate: number;
  /** How much this author writes: above 1, optional lines are left out less often. */
  readonly detail: number;
  /** Nights of this stay: no `{3..5:day}` is later. */
  readonly days: number;
  test(condition: Condition): boolean;
  /** `$he`, `$history` … */
  variable(name: string): string;
  /** `{@Creat}`, `{@Creat.peak}`, `{@Creat.last}`, `{@Hgb.low}`. */
  lab(name: string, when: string): string;
  /** The names of the drugs of a class on one of the lists. */
  drugs(drugClass: string, list: DrugList): string;
  rule(name: string): Rule;
  /** What each rule said where a template last referred to it. */
  readonly latest: Map<string, string>;
  /** Results of `!` rules, which are rendered once per note. */
  readonly memo: Map<string, string>;
  /** Results of `!!` rules, which hold for all notes of a patient. */
  readonly traits: Map<string, string>;
}

/** `{=statin}` at home, `{~statin}` of those what was given all along, `{-statin}` held … */
export type DrugList = "home" | "leaving" | "started" | "kept" | "held" | "paused";
const drugLists: Record<string, DrugList> = {
  "=": "home",
  "+": "leaving",
  "*": "started",
  "~": "kept",
  "-": "held",
  "/": "paused",
};

export type Template = (scope: Scope) => string;

export interface Condition {
  negated: boolean;
  /** Either `kind.name` … */
  kind: string;
  name: string;
  /** … or `rule=value`. */
  equals?: string;
}

/** When and how often something applies: the prefixes `3x`, `40%`, `?has.copd:`. */
export interface Guard {
  weight: number;
  probability: number;
  conditions: readonly Condition[];
}

export interface RuleLine extends Guard {
  template: Template;
}

/** One line | all as sentences | all as lines | one, remembered for the note | … for the patient. */
export type RuleKind = "one" | "sentences" | "lines" | "memo" | "trait";

export interface Rule {
  name: string;
  kind: RuleKind;
  lines: RuleLine[];
}

/** Everything a template mentions, so that a typing mistake is found at load and not in a note. */
export interface Mentions {
  rules: Set<string>;
  variables: Set<string>;
  labs: Set<string>;
  classes: Set<string>;
  conditions: Condition[];
}

export const noMentions = (): Mentions => ({
  rules: new Set(),
  variables: new Set(),
  labs: new Set(),
  classes: new Set(),
  conditions: [],
});

/** Stands for the space after a full stop until the author's habit (one or two) is known. */
export const GAP = "\uE000";

/** Full phrase → what clinicians write for it. */
export type Abbreviations = ReadonlyMap<string, readonly string[]>;

export class Compiler {
  readonly #abbreviations: Abbreviations;
  readonly #pattern: RegExp | undefined;
  mentions = noMentions();

  constructor(abbreviations: Abbreviations) {
    this.#abbreviations = abbreviations;
    const phrases = [...abbreviations.keys()].sort((a, b) => b.length - a.length);
    if (phrases.length > 0) this.#pattern = new RegExp(`\\b(${phrases.join("|")})\\b`, "g");
  }

  /** A rule's line: prefixes and a template. */
  line(source: string): RuleLine {
    const { guard, rest } = this.guard(source);
    return { ...guard, template: this.template(rest) };
  }

  /** The prefixes of a line (`3x`, `40%`, `?has.copd:`, in any order) and what follows them. */
  guard(source: string): { guard: Guard; rest: string } {
    const guard: Guard = { weight: 1, probability: 1, conditions: [] };
    let rest = source;
    for (;;) {
      const weight = /^(\d+(?:\.\d+)?)x\s+/.exec(rest);
      const probability = /^(\d+)%\s+/.exec(rest);
      const condition = /^\?([^{}|:]+):\s+/.exec(rest);
      if (weight) guard.weight = Number(weight[1]);
      else if (probability) guard.probability = Number(probability[1]) / 100;
      else if (condition) guard.conditions = this.conditions(condition[1]);
      else return { guard, rest };
      rest = rest.slice((weight ?? probability ?? condition)![0].length);
    }
  }

  /** `has.afib,!held.anticoagulant` or `side=left`. */
  conditions(source: string): Condition[] {
    return source.split(",").map((part) => {
      const negated = part.startsWith("!");
      const body = negated ? part.slice(1) : part;
      const match = /^([a-z_.]+)=(.+)$/.exec(body);
      const [kind, ...name] = body.split(".");
      const condition: Condition = match
        ? { negated, kind: "equals", name: match[1], equals: match[2] }
        : { negated, kind, name: name.join(".") };
      if (match) this.mentions.rules.add(match[1]);
      this.mentions.conditions.push(condition);
      return condition;
    });
  }

  template(source: string): Template {
    return this.#sequence(new Cursor(source.replaceAll("\\n", "\n")), false);
  }

  #sequence(cursor: Cursor, inBraces: boolean): Template {
    const parts: Template[] = [];
    let literal = "";
    const flush = () => {
      if (literal !== "") parts.push(...this.#literal(literal));
      literal = "";
    };
    while (!cursor.done) {
      if (cursor.char === "|" || cursor.char === "}") {
        if (inBraces) break;
        throw new SyntaxError(`"${cursor.char}" outside of braces in: ${cursor.source}`);
      }
      const reference = cursor.take(/<(\^?)([a-z][a-z_0-9.]*)>/y);
      const variable = reference ? null : cursor.take(/\$([A-Za-z_]+)/y);
      if (reference) {
        flush();
        parts.push(this.#reference(reference[2], reference[1] === "^"));
      } else if (variable) {
        flush();
        const name = variable[1];
        this.mentions.variables.add(name);
        parts.push((scope) => scope.variable(name));
      } else if (cursor.char === "{") {
        flush();
        cursor.advance();
        parts.push(this.#braces(cursor));
      } else {
        literal += cursor.char;
        cursor.advance();
      }
    }
    flush();
    return concatenate(parts);
  }

  #reference(name: string, capital: boolean): Template {
    this.mentions.rules.add(name);
    return capital
      ? (scope) => capitalise(renderAnew(scope.rule(name), scope))
      : (scope) => renderAnew(scope.rule(name), scope);
  }

  #braces(cursor: Cursor): Template {
    const range = cursor.take(/(\d+(?:\.(\d+))?)\.\.(\d+(?:\.\d+)?)(?:\/(\d+))?\}/y);
    if (range) return numberRange(+range[1], +range[3], range[2]?.length ?? 0, +(range[4] ?? 0));
    const day = cursor.take(/(\d+)\.\.(\d+):day\}/y);
    if (day) {
      const [from, to] = [Number(day[1]), Number(day[2])];
      return ({ random, days }) => String(random.integer(Math.min(from, days), Math.min(to, days)));
    }
    const lab = cursor.take(/@([A-Za-z0-9_-]+)(?:\.(peak|last|low))?\}/y);
    if (lab) {
      const [, name, when] = lab;
      this.mentions.labs.add(name);
      return (scope) => scope.lab(name, when ?? "first");
    }
    const drugs = cursor.take(/([=+*~\/-])([a-z_0-9]+)\}/y);
    if (drugs) {
      const [, sign, drugClass] = drugs;
      this.mentions.classes.add(drugClass);
      return (scope) => scope.drugs(drugClass, drugLists[sign]);
    }
    const chance = cursor.take(/(\d+)%:\s?/y);
    const condition = chance ? null : cursor.take(/\?([^{}|:]+):\s?/y);
    const conditions = condition ? this.conditions(condition[1]) : [];
    const options = this.#alternatives(cursor);
    if (chance || condition) {
      const [yes, no = () => ""] = options;
      const probability = chance ? Number(chance[1]) / 100 : 1;
      if (chance) return (scope) => scope.random.chance(probability) ? yes(scope) : no(scope);
      return (scope) => conditions.every((c) => scope.test(c)) ? yes(scope) : no(scope);
    }
    return (scope) => scope.random.pick(options)(scope);
  }

  #alternatives(cursor: Cursor): Template[] {
    const options = [this.#sequence(cursor, true)];
    while (cursor.char === "|") {
      cursor.advance();
      options.push(this.#sequence(cursor, true));
    }
    if (cursor.char !== "}") throw new SyntaxError(`"{" without "}" in: ${cursor.source}`);
    cursor.advance();
    return options;
  }

  /** Plain text: sentence gaps marked, phrases that have an abbreviation made a choice. */
  #literal(text: string): Template[] {
    const marked = text.replace(/(^|[a-z0-9)%_])([.?!]) (?=[A-Z]|$)/g, `$1$2${GAP}`);
    if (this.#pattern === undefined) return [() => marked];
    return marked.split(this.#pattern).filter((piece) => piece !== "").map((piece) => {
      const short = this.#abbreviations.get(piece);
      if (short === undefined) return () => piece;
      return (scope) => scope.random.chance(scope.abbreviate) ? scope.random.pick(short) : piece;
    });
  }
}

class Cursor {
  position = 0;
  constructor(readonly source: string) {}
  get done() {
    return this.position >= this.source.length;
  }
  get char() {
    return this.source[this.position];
  }
  advance() {
    this.position++;
  }
  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.source);
    if (match) this.position = pattern.lastIndex;
    return match;
  }
}

function concatenate(parts: Template[]): Template {
  if (parts.length === 0) return () => "";
  if (parts.length === 1) return parts[0];
  return (scope) => {
    let text = "";
    for (const part of parts) text += part(scope);
    return text;
  };
}

function numberRange(low: number, high: number, decimals: number, step: number): Template {
  if (decimals > 0) return (scope) => scope.random.between(low, high).toFixed(decimals);
  const unit = step || 1;
  return (scope) => String(low + unit * scope.random.integer(0, Math.floor((high - low) / unit)));
}

/** Repairs what optional words leave behind: blanks, small letters after a stop, "a" for "an". */
export function tidy(text: string): string {
  return text
    .replace(/(?<=\S) {2,}/g, " ")
    .replace(/ +([,.;:])(?=[\s\uE000]|$)/g, "$1")
    .replace(/ *(?:\uE000 *)+/g, GAP)
    .replace(/[ \uE000]+(?=\n|$)/g, "")
    .replace(/\uE000[a-z]/g, (found) => found.toUpperCase())
    .replace(/\ba (?=(?!one|once|eu|u(?:ni|[rstv]))[aeiou][a-z])/g, "an ");
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Draws that may fall on what the same rule said the last time: "rice and rice". */
const REDRAWS = 4;

/** The rule's text, another one than where it was last referred to, if it has another. */
function renderAnew(rule: Rule, scope: Scope): string {
  let text = renderRule(rule, scope);
  if (rule.kind !== "one") return text;
  const before = scope.latest.get(rule.name);
  for (let draw = 0; text === before && draw < REDRAWS; draw++) text = renderRule(rule, scope);
  scope.latest.set(rule.name, text);
  return text;
}

/** The rule's text in this note; empty when no line applies. */
export function renderRule(rule: Rule, scope: Scope): string {
  switch (rule.kind) {
    case "memo":
      return remembered(rule, scope, scope.memo);
    case "trait":
      return remembered(rule, scope, scope.traits);
    case "one":
      return renderOne(rule, scope);
    case "sentences":
      return renderAll(rule, scope).map(capitalise).join(GAP);
    case "lines":
      return renderAll(rule, scope).join("\n");
  }
}

function remembered(rule: Rule, scope: Scope, memory: Map<string, string>): string {
  let text = memory.get(rule.name);
  if (text === undefined) memory.set(rule.name, text = renderOne(rule, scope));
  return text;
}

/** The texts of every line that applies and is not empty. */
export function renderAll(rule: Rule, scope: Scope): string[] {
  const texts: string[] = [];
  for (const line of rule.lines) {
    if (!applies(line, scope) || !scope.random.chance(optional(line, scope))) continue;
    const text = line.template(scope);
    if (text !== "") texts.push(text);
  }
  return texts;
}

/** Talkative authors leave out less: of n chances to mention something, one suffices. */
const optional = ({ probability }: Guard, { detail }: Scope) => 1 - (1 - probability) ** detail;

function renderOne(rule: Rule, scope: Scope): string {
  const lines = rule.lines;
  let total = 0;
  for (const line of lines) if (applies(line, scope)) total += line.weight;
  let left = scope.random.next() * total;
  for (const line of lines) {
    if (!applies(line, scope)) continue;
    left -= line.weight;
    if (left >= 0) continue;
    return scope.random.chance(optional(line, scope)) ? line.template(scope) : "";
  }
  return "";
}

function applies(line: Guard, scope: Scope): boolean {
  for (const condition of line.conditions) if (!scope.test(condition)) return false;
  return true;
}
