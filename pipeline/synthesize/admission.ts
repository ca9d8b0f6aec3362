/** One stay in hospital: what happened, and what templates may ask about it. */

import {
  type Condition,
  type DrugList,
  type Guard,
  renderRule,
  type Rule,
  type Scope,
} from "./grammar.ts";
import type { Medication } from "./drugs.ts";
import type { ConditionEntry, Guarded, Knowledge, Presentation } from "./knowledge.ts";
import { type LabCourse, printNumber } from "./labs.ts";
import { canAcquire, hasCondition, type Patient, prevalenceAt } from "./patient.ts";
import type { Random } from "./random.ts";
import type { Style } from "./style.ts";
import { type HomeMedication, namesOf, planHome, planStay } from "./medication_plan.ts";
import { type Draw, planDraws, planLabs } from "./lab_plan.ts";
import { variables } from "./variables.ts";

/** A stay of weeks is believed of what keeps people for a week or more, not of a birth. */
const CAN_BE_PROLONGED = 7;
const PROLONGED_SHARE = 1 / 5;
const LONGEST_STAY = 45;

export class Admission implements Scope {
  readonly memo = new Map<string, string>();
  readonly latest = new Map<string, string>();
  /** The patient's at this stay; `patient.age` moves on. */
  readonly age: number;
  /** Nights in hospital. */
  days: number;
  /** 0 (mild) to 1 (severe): moves labs, vital signs and length of stay together. */
  severity: number;
  icu: boolean;
  /** Goes on for weeks, with more complications: the right tail of note lengths. */
  prolonged: boolean;
  expired: boolean;
  disposition = "Home";
  /** Acute problems beside the main one. */
  complications: ConditionEntry[] = [];
  home: HomeMedication[] = [];
  started: Medication[] = [];
  courses = new Map<string, LabCourse>();
  draws: Draw[] = [];
  /** Rules of the condition being written, which hide the presentation's. */
  local: Map<string, Rule> | undefined;
  /** Set while text for the patient is written, in full words. */
  plain = false;

  constructor(
    readonly knowledge: Knowledge,
    readonly patient: Patient,
    readonly presentation: Presentation,
    readonly style: Style,
    readonly random: Random,
    isLast: boolean,
  ) {
    this.age = patient.age;
    this.severity = random.next();
    this.prolonged = presentation.los[1] >= CAN_BE_PROLONGED && random.chance(PROLONGED_SHARE);
    this.icu = random.chance(presentation.icu * (0.4 + 1.2 * this.severity));
    const age = patient.age > 80 ? 1.6 : patient.age < 50 ? 0.4 : 1;
    const mortality = presentation.mortality * 2 * this.severity * age;
    this.expired = isLast && random.chance(mortality);
    this.#drawComplications();
    this.days = this.#lengthOfStay();
    planHome(this);
    planStay(this);
    planLabs(this);
    planDraws(this);
    this.disposition = this.#drawDisposition();
  }

  get abbreviate(): number {
    return this.plain ? 0 : this.style.abbreviate;
  }

  get traits(): Map<string, string> {
    return this.patient.traits;
  }

  get detail(): number {
    return this.style.detail;
  }

  /** Whether a guarded line of data applies to this stay. */
  applies(line: Guard): boolean {
    return line.conditions.every((c) => this.test(c)) && this.random.chance(line.probability);
  }

  /** Every source of drug orders, lab changes and the like, main problem first. */
  get problems(): (Presentation | ConditionEntry)[] {
    return [this.presentation, ...this.complications];
  }

  #drawComplications(): void {
    const own = this.presentation.complications;
    for (const guard of own) {
      const condition = this.knowledge.conditions.get(guard.value)!;
      if (canAcquire(this.patient, condition) && this.applies(guard)) {
        this.complications.push(condition);
      }
    }
    for (const condition of this.knowledge.conditions.values()) {
      if (condition.kind !== "acute" || !canAcquire(this.patient, condition)) continue;
      if (own.some((guard) => guard.value === condition.name)) continue;
      if (this.presentation.covers.includes(condition.name)) continue;
      if (this.presentation.elective && condition.arrival) continue;
      const chance = prevalenceAt(condition, this.patient.age) * (0.3 + 1.4 * this.severity) *
        (this.prolonged ? 4 : 1);
      if (this.random.chance(chance)) this.complications.push(condition);
    }
  }

  #lengthOfStay(): number {
    const [shortest, longest] = this.presentation.los;
    const share = 0.5 * this.severity + 0.5 * this.random.next();
    let days = shortest + (longest - shortest) * share;
    if (this.icu) days *= 1.4;
    days += this.complications.length * 0.6 * this.random.next();
    if (this.prolonged) days *= 1.8 * Math.exp(this.random.next());
    return Math.max(1, Math.min(LONGEST_STAY, Math.round(days)));
  }

  #drawDisposition(): string {
    if (this.expired) return "Expired";
    const options = this.presentation.disposition.filter((guard) =>
      guard.conditions.every((c) => this.test(c))
    );
    const frail = this.patient.age > 78 ? 2 : this.patient.age < 60 ? 0.4 : 1;
    const weights = options.map(({ value, weight }) =>
      weight *
      (value === "Home" ? 1 : value === "Extended Care" ? frail * (0.5 + this.severity) : 1)
    );
    return options[this.random.weighted(weights)]?.value ?? "Home";
  }

  rule(name: string): Rule {
    const rule = this.local?.get(name) ?? this.presentation.rules.get(name) ??
      this.knowledge.shared.get(name);
    if (!rule) throw new ReferenceError(`No rule <${name}> for "${this.presentation.name}"`);
    return rule;
  }

  variable(name: string): string {
    return variables[name](this);
  }

  lab(name: string, when: string): string {
    const test = this.knowledge.tests.get(name)!;
    const values = this.draws.map((draw) => draw.values.get(name)).filter((v) => v !== undefined);
    if (values.length === 0) return printNumber(test, this.courses.get(name)!.first);
    if (when === "first") return printNumber(test, values[0]);
    if (when === "low") return printNumber(test, Math.min(...values));
    if (when === "last") return printNumber(test, values[values.length - 1]);
    const course = this.courses.get(name)!;
    const rising = (course.peak ?? course.first) >= course.last;
    return printNumber(test, rising ? Math.max(...values) : Math.min(...values));
  }

  drugs(drugClass: string, from: DrugList): string {
    const lists = {
      home: () => this.home,
      leaving: () => this.leaving,
      started: () => this.started,
      kept: () => this.home.filter(isKept),
      held: () => this.home.filter(({ fate }) => fate === "held"),
      paused: () => this.home.filter(({ fate }) => fate === "paused"),
    };
    const listed: Medication[] = lists[from]();
    return namesOf(listed.filter(({ drug }) => drug.classes.includes(drugClass)));
  }

  test({ kind, name, negated, equals }: Condition): boolean {
    return this.#ask(kind, name, equals) !== negated;
  }

  #ask(kind: string, name: string, equals: string | undefined): boolean {
    const fate = (wanted: string) =>
      this.home.some((m) => m.fate === wanted && m.drug.classes.includes(name));
    switch (kind) {
      case "is":
        return this.#is(name);
      case "has":
        return hasCondition(this.patient, name);
      case "new":
        return this.complications.some((condition) => condition.name === name);
      case "presentation":
        return this.presentation.name === name;
      case "home":
        return this.patient.home.some(({ drug }) => drug.classes.includes(name));
      case "started":
        return this.started.some(({ drug }) => drug.classes.includes(name));
      case "kept":
        return this.home.some((m) => isKept(m) && m.drug.classes.includes(name));
      case "service":
        return this.presentation.service.toLowerCase().startsWith(name);
      case "leaving":
        return this.leaving.some(({ drug }) => drug.classes.includes(name));
      case "allergy":
        return this.patient.allergies.some(({ allergy }) => allergy.classes.includes(name));
      case "some":
        if (name === "started") return this.started.length > 0;
        if (name === "past") return this.patient.past.length > 0;
        return this.home.some(({ fate }) => fate === name);
      case "symptom":
        return this.presentation.symptoms.includes(name);
      case "equals":
        return renderRule(this.rule(name), this) === equals;
      default:
        return fate(kind);
    }
  }

  #is(name: string): boolean {
    switch (name) {
      case "male":
        return this.patient.sex === "M";
      case "female":
        return this.patient.sex === "F";
      case "icu":
        return this.icu;
      case "expired":
        return this.expired;
      case "severe":
        return this.severity > 0.6;
      case "long":
        return this.days > 7;
      case "facility":
        return this.disposition === "Extended Care";
      case "elderly":
        return this.patient.age >= 65;
      case "smoker":
        return this.patient.smoker === "current";
      case "exsmoker":
        return this.patient.smoker === "former";
      case "drinker":
        return this.patient.drinker;
      case "oxygen":
        return (this.courses.get("O2flow")?.first ?? 0) >= 0.5;
      case "elective":
        return this.presentation.elective;
      case "febrile":
        return this.courses.get("T")!.first >= FEVER;
      case "tachycardic":
        return this.courses.get("HR")!.first > TACHYCARDIA;
      default:
        throw new ReferenceError(`No condition ?is.${name}`);
    }
  }

  /** Runs `write` with a condition's own rules in front of the presentation's. */
  within<T>(rules: Map<string, Rule> | undefined, write: () => T): T {
    const outer = this.local;
    this.local = rules;
    try {
      return write();
    } finally {
      this.local = outer;
    }
  }

  /** What the patient takes on leaving. */
  get leaving(): Medication[] {
    const kept = this.home.filter(({ fate }) => fate === "continued" || fate === "paused");
    const changed = this.home.filter(({ fate }) => fate === "changed").map((m) => m.changedTo!);
    return [...kept, ...changed, ...this.started];
  }
}

/** Degrees Fahrenheit, and beats a minute. */
const FEVER = 100.4, TACHYCARDIA = 100;

/** Given from the first day to the last, maybe at another dose. */
const isKept = ({ fate }: HomeMedication) => fate === "continued" || fate === "changed";

/** Chronic conditions that belong to the presentation, and those that come with the years. */
export function acquireConditions(
  knowledge: Knowledge,
  patient: Patient,
  presentation: Presentation,
  years: number,
  random: Random,
): void {
  const acquire = (name: string) => {
    const condition = knowledge.conditions.get(name)!;
    if (!presentation.excludes.includes(name) && canAcquire(patient, condition)) {
      patient.conditions.push(condition);
    }
  };
  for (const guard of presentation.history) {
    const unconditional = guard.conditions.every((c) => testPatient(patient, c));
    if (unconditional && random.chance(guard.probability)) acquire(guard.value);
  }
  for (const condition of knowledge.conditions.values()) {
    const chance = prevalenceAt(condition, patient.age);
    if (condition.kind === "acute" || chance === 0) continue;
    if (random.chance(1 - (1 - chance) ** years)) acquire(condition.name);
  }
}

/** The conditions a patient answers without an admission: sex and what they have. */
function testPatient(patient: Patient, { kind, name, negated }: Condition): boolean {
  if (kind === "has") return hasCondition(patient, name) !== negated;
  if (kind === "is" && name === "male") return (patient.sex === "M") !== negated;
  if (kind === "is" && name === "female") return (patient.sex === "F") !== negated;
  throw new ReferenceError(`Condition ?${kind}.${name} cannot guard a patient's history`);
}

/** After discharge: new conditions stay, courses end, held drugs mostly come back. */
export function leaveHospital(admission: Admission): void {
  const { patient, presentation, knowledge, random } = admission;
  const back = (m: HomeMedication) => m.fate === "held" && random.chance(0.7);
  const resumed: Medication[] = admission.home.filter(back);
  patient.past.push(presentation.title);
  patient.home = [...admission.leaving, ...resumed]
    .filter(({ days, frequency }) => days === undefined && !frequency.includes("PRN Pain"))
    .map(({ drug, dose, frequency }) => ({ drug, dose, frequency }));
  const stays = (guard: Guarded) => admission.applies(guard);
  for (const guard of presentation.leaves.filter(stays)) {
    const condition = knowledge.conditions.get(guard.value)!;
    if (canAcquire(patient, condition)) patient.conditions.push(condition);
  }
}
