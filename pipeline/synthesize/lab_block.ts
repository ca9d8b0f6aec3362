/** Pertinent results: laboratory lines, microbiology, imaging. */

import type { Admission } from "./admission.ts";
import { renderAll, tidy } from "./grammar.ts";
import { printFlagged } from "./labs.ts";
import type { Draw } from "./lab_plan.ts";

export function labBlock(admission: Admission): string {
  const { draws, style, random } = admission;
  const blocks: string[] = [];
  blocks.push(`${style.subheader("admission labs")}\n${drawLines(admission, draws[0], 0)}`);
  const later = draws.slice(1, -1);
  if (later.length > 0) {
    const title = random.pick(["interval labs", "pertinent labs", "other pertinent labs", "trend"]);
    const lines = later.map((draw) => drawLines(admission, draw, 0.5)).filter(Boolean);
    if (lines.length > 0) blocks.push(`${style.subheader(title)}\n${lines.join("\n")}`);
  }
  if (!admission.expired && draws.length > 1) {
    blocks.push(`${style.subheader("discharge labs")}\n${drawLines(admission, draws.at(-1)!, 1)}`);
  }
  const { prolonged } = admission;
  const micro = [
    ...renderAll(admission.rule("micro"), admission),
    ...prolonged ? renderAll(admission.rule("micro.long"), admission) : [],
  ];
  if (micro.length > 0) {
    blocks.push(
      `${style.subheader(random.pick(["micro", "microbiology"]))}\n${tidy(micro.join("\n"))}`,
    );
  }
  const imaging = [
    ...renderAll(admission.rule("imaging"), admission),
    ...renderAll(admission.rule("imaging.extra"), admission),
    ...prolonged ? renderAll(admission.rule("imaging.long"), admission) : [],
  ];
  if (imaging.length > 0) {
    const title = random.pick(["imaging", "imaging", "studies", "imaging/studies", "reports"]);
    blocks.push(
      `${style.subheader(title)}\n${tidy(imaging.join(random.chance(0.6) ? "\n\n" : "\n"))}`,
    );
  }
  return blocks.join("\n\n");
}

/** How likely a panel is drawn: on admission, in between, at the end. */
const panelShare: Record<string, [number, number, number]> = {
  CBC: [1, 0.85, 0.95],
  DIFF: [0.85, 0.1, 0.08],
  COAG: [0.8, 0.3, 0.35],
  CHEM: [1, 0.9, 0.95],
  LIVER: [0.75, 0.25, 0.3],
  MINERAL: [0.8, 0.8, 0.85],
};

/** The same for a panel that a problem of this stay is about. */
const followed = [1, 0.25, 0.15];

function drawLines(admission: Admission, draw: Draw, phase: 0 | 0.5 | 1): string {
  const { knowledge, random, patient, style } = admission;
  const lines: string[] = [];
  for (const [panel, tests] of knowledge.panels) {
    if (panel === "vital") continue;
    const shares = panelShare[panel];
    const measured = tests.some((name) => admission.courses.get(name)!.measured);
    const share = Math.max(shares?.[phase * 2] ?? 0, measured ? followed[phase * 2] : 0);
    if (phase > 0 && knowledge.tests.get(tests[0])!.once) continue;
    if (!random.chance(share)) continue;
    const values = tests.map((name) =>
      printFlagged(knowledge.tests.get(name)!, patient.sex, draw.values.get(name)!)
    );
    lines.push(labLine(admission, tests, draw.clock, values, style.longLabNames && phase === 0));
  }
  return lines.join("\n");
}

/** `___ 06:20AM BLOOD WBC-5.1 …`, without the numbers that de-identification took for others. */
function labLine(
  { random, knowledge }: Admission,
  tests: string[],
  clock: string,
  values: string[],
  long: boolean,
): string {
  const coagulation = tests.includes("INR") && random.chance(0.7);
  const shown = tests.map((name, index) => {
    if (name === "Lymphs" && random.chance(0.6)) return "___";
    if (coagulation && name === "PT") return "___";
    if (coagulation && name === "INR") return "";
    const label = long ? knowledge.tests.get(name)!.longName : name;
    return name === "Plt" && random.chance(0.5) ? `${label} ___` : `${label}-${values[index]}`;
  });
  return `___ ${clock} ${long ? "  " : "BLOOD "}${shown.filter(Boolean).join(" ")}`;
}
