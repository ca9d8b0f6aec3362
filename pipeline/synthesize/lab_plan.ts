/** When blood was drawn in a stay, and what it showed. */

import type { Admission } from "./admission.ts";
import {
  courseAt,
  derive,
  drawTarget,
  type LabChange,
  type LabCourse,
  type LabTest,
} from "./labs.ts";

export interface Draw {
  /** Share of the stay that has passed. */
  time: number;
  clock: string;
  values: Map<string, number>;
}

/** The course of every test: the patient's own baseline, changed by every problem of this stay. */
export function planLabs(admission: Admission): void {
  const { knowledge, patient, courses } = admission;
  for (const [name, test] of knowledge.tests) {
    let baseline = patient.baselines.get(name);
    if (baseline === undefined) {
      const [low, high] = test.usual[patient.sex];
      baseline = admission.random.between(low, high);
      patient.baselines.set(name, baseline);
    }
    courses.set(name, { first: baseline, last: baseline });
  }
  for (const condition of patient.conditions) {
    for (const change of [...condition.labs, ...condition.vitals]) applyChronic(admission, change);
  }
  const baselines = new Map([...courses].map(([name, { last }]) => [name, last]));
  for (const problem of admission.problems) {
    const later = admission.presentation.elective && problem !== admission.presentation;
    for (const change of [...problem.labs, ...problem.vitals]) {
      applyAcute(admission, later ? inHospital(change) : change, baselines.get(change.test)!);
    }
  }
}

/** A chronic condition moves the baseline itself, drawn once per patient. */
function applyChronic(admission: Admission, change: LabChange): void {
  const { patient, courses, random } = admission;
  if (!change.first || !change.conditions.every((c) => admission.test(c))) return;
  const key = `${change.test} changed`;
  let value = patient.baselines.get(key);
  if (value === undefined) {
    if (!random.chance(change.probability)) return;
    value = drawTarget(change.first, patient.baselines.get(change.test)!, random.next(), random);
    patient.baselines.set(key, value);
  }
  courses.set(change.test, { first: value, last: value });
}

/** The same change when it begins after admission: normal first, then what would have been. */
const inHospital = ({ first, peak, ...change }: LabChange): LabChange => ({
  ...change,
  peak: peak ?? first,
});

/** A problem of this stay: what it says replaces what an earlier one said. */
function applyAcute(admission: Admission, change: LabChange, baseline: number): void {
  if (!admission.applies(change)) return;
  const { courses, random, severity } = admission;
  const before = courses.get(change.test)!;
  const target = (wanted: LabChange["first"]) =>
    wanted && drawTarget(wanted, baseline, severity, random);
  const course: LabCourse = {
    first: target(change.first) ?? before.first,
    peak: change.first && change.last ? target(change.peak) : target(change.peak) ?? before.peak,
    last: target(change.last) ?? before.last,
    measured: true,
  };
  if (admission.expired) course.last = course.peak ?? course.first;
  courses.set(change.test, course);
}

/** Blood on arrival, on some mornings, and on the day of discharge. */
export function planDraws(admission: Admission): void {
  const { random, days, style, presentation } = admission;
  const wanted = days * style.detail * random.between(0.06, 0.36) * presentation.bloodDraws;
  const between = Math.min(Math.round(1.6 * days) - 1, Math.round(wanted));
  const times = [0];
  for (let i = 1; i <= between; i++) times.push(i / (between + 1));
  times.push(1);
  const clocks = drawClocks(times, days, random);
  const drawn = [...admission.knowledge.tests.values()].filter((test) =>
    test.panel !== "vital" &&
    (test.panel !== test.name || admission.courses.get(test.name)!.measured)
  );
  admission.draws = times.map((time, index) => ({
    time,
    clock: clocks[index],
    values: drawValues(admission, drawn, time),
  }));
}

/** Panels are drawn whole; a test with a line of its own only where a problem is about it. */
function drawValues(admission: Admission, tests: LabTest[], time: number): Map<string, number> {
  const values = new Map<string, number>();
  for (const test of tests) {
    const course = courseAt(admission.courses.get(test.name)!, time);
    const value = test.noise === 0
      ? course
      : course * (1 + test.noise * admission.random.normal() * 0.7);
    values.set(test.name, Number(Math.max(0, value).toFixed(test.decimals)));
  }
  derive(values);
  return values;
}

/** Mornings; the second draw of a day comes in the afternoon, the third at night. */
function drawClocks(times: number[], days: number, random: Admission["random"]): string[] {
  let today = -1, hour = 0;
  return times.map((time, index) => {
    const day = Math.floor(time * days);
    if (index === 0) hour = random.integer(0, 22);
    else if (day !== today) hour = random.integer(4, 8);
    else hour = Math.min(23, hour + random.integer(1, Math.max(1, Math.floor((24 - hour) / 3))));
    today = day;
    return clock(hour, random);
  });
}

const pad = (n: number) => String(n).padStart(2, "0");
const clock = (hour: number, random: Admission["random"]) =>
  `${pad(hour % 12 || 12)}:${pad(random.integer(0, 59))}${hour < 12 ? "AM" : "PM"}`;
