/**
 * What counts as a header, for all who look for one: the report on the notes, the evaluation by
 * section, and the rule that ends a suggestion where its section ends. Letters are those of any
 * script; `Antécédents :`, `Körperliche Untersuchung:` and `【主訴】` are headers.
 *
 *   alone      `Physical Exam:` with nothing behind the colon; up to 7 words
 *   capitals   `ADMISSION LABS` without a colon
 *   inline     `PLAN: rest` in capitals, `Service: MEDICINE` of up to 4 words
 *   by name    `hpi:`, `Past Medical History`: names that charts use, however they are written
 *
 * Decoration (`**…**`, `== … ==`, `# …`, `1. …`) is no part of a header. All rules look at the first
 * characters of a line only, so that a line costs the same however long it is.
 */

/** A header at the beginning of a line. */
export interface Header {
  /** Upper case, single spaces: what makes two headers the same. */
  key: string;
  /** As written, without decoration and colon. */
  form: string;
  /** UTF-16 offset in the line behind the header, its colon and its decoration. */
  end: number;
}

/** Longest header in UTF-16 units, and most words of one. */
const LONGEST = 50;
const MOST_WORDS = 7;
const MOST_WORDS_INLINE = 4;
/** Decoration before a header takes at most so many characters. */
const LONGEST_LEAD = 24;

/** White space, decoration and the number of a list: `** `, `# `, `1. `, `II) `. */
const LEAD = /^[\s*=_#■●◆•【[]{0,16}(?:(?:\d{1,2}|[IVX]{1,4})[.)]\s{0,4}[*=_]{0,3})?/u;
const TRAIL = /[\s*=_】\]]+$/u;
const ONLY_DECORATION = /^[\s*=_\]】]*$/u;

/** A letter, a mark on it, a digit, or what stands between words of a header. */
const LABEL = /^\p{L}[\p{L}\p{M}\p{N} \u00a0,/&()'’#+-]*$/u;
/** `Körperl. Untersuchung`: an abbreviated first word, but no `Dr. Miller`. */
const ABBREVIATED =
  /^(?!(?:Dr|Drs|Mr|Mrs|Ms|Prof|Hr|Fr|Sr|Sra|Sig|Dott|Mme|Mlle|St|No|Nr)\.)\p{Lu}[\p{L}\p{M}]{2,9}\. /u;
const BEGINS_HEADER = /^[\p{Lu}\p{Lt}\p{Lo}]/u;
const CAPITALS = /^\p{Lu}[\p{Lu}\p{M} \u00a0,/&()'’-]{3,}$/u;
const CAPITALS_INLINE = /^\p{Lu}[\p{Lu}\p{M}\p{N} \u00a0,/&()'’#+-]+$/u;
const TITLE_INLINE = /^[\p{Lu}\p{Lt}\p{Lo}][\p{L}\p{M}]+(?:[ \u00a0][\p{L}\p{M}]+)*$/u;

const BRACKETED = /^\s*【[^】]{1,30}】\s*$/u;
/** Longest line that can be one of the names below, decoration included. */
const LONGEST_NAME = 56;

/** Headers of charts that are known however they are written. */
const names = new Set(
  `chief complaint|reason for visit|reason for admission|history of present illness|hpi|hx
past medical history|pmh|pmhx|past surgical history|psh|past history|social history|sh|sochx
family history|fh|famhx|review of systems|ros|physical exam|physical examination|pe|exam
vital signs|vitals|vs|allergies|medications|meds|home meds|medications on admission
discharge medications|discharge meds|labs|laboratory data|pertinent results|imaging|studies
assessment|assessment and plan|assessment/plan|a/p|impression|plan|hospital course
brief hospital course|discharge diagnosis|discharge diagnoses|discharge condition
discharge disposition|discharge instructions|followup instructions|follow-up instructions
subjective|objective|procedures|consults|disposition|addendum
anamnese|diagnosen|diagnose|befund|befunde|therapie|verlauf|medikation|procedere|beurteilung
körperliche untersuchung|untersuchungsbefund|aufnahmebefund|entlassungsmedikation|labor
antécédents|antécédents médicaux|motif|motif de consultation|motif d'hospitalisation
histoire de la maladie|examen clinique|examen physique|évolution|traitement|traitement de sortie
conclusion|diagnostic|antecedentes|antecedentes personales|motivo de consulta|enfermedad actual
exploración física|diagnóstico|tratamiento|evolución|juicio clínico|plan terapéutico
anamnesi|anamnesi patologica remota|esame obiettivo|diagnosi|terapia|decorso|decorso clinico
conclusioni|motivo del ricovero|terapia alla dimissione`.split(/[|\n]/),
);

const spaced = (label: string) => label.replace(/[\s\u00a0]+/g, " ").trim();
const wordCount = (form: string) => form.split(" ").length;

/** The header that `line` is or begins with. */
export function headerOf(line: string): Header | undefined {
  const colon = colonIn(line);
  if (colon < 0) return withoutColon(line);
  const start = LEAD.exec(line)![0].length;
  return colon > start ? withColon(line, start, colon) : undefined;
}

/** Most lines are prose: they start with a small letter, or are long and hold small letters. */
function withoutColon(line: string): Header | undefined {
  const first = line.charCodeAt(0);
  if ((first >= 0x61 && first <= 0x7a) || line.length > LONGEST_LEAD + LONGEST + 16) return;
  if (line.length > LONGEST_NAME && /[a-z]/.test(line)) return;
  const start = LEAD.exec(line)![0].length;
  const form = spaced(line.slice(start).replace(TRAIL, ""));
  const isHeader = CAPITALS.test(form) || BRACKETED.test(line) ||
    (isName(form) && BEGINS_HEADER.test(form));
  return isHeader ? headerFrom(form, line.length, MOST_WORDS) : undefined;
}

/** The first colon of a line, where a header could end with it; not that of `https://` or `12:30`. */
function colonIn(line: string): number {
  const head = line.length > LONGEST_LEAD + LONGEST ? line.slice(0, LONGEST_LEAD + LONGEST) : line;
  const at = head.search(/[:：]/);
  return at >= 0 && !line.startsWith("//", at + 1) ? at : -1;
}

function withColon(line: string, start: number, colon: number): Header | undefined {
  const form = spaced(line.slice(start, colon).replace(TRAIL, ""));
  if (!LABEL.test(form) && !(ABBREVIATED.test(form) && LABEL.test(form.replace(". ", " ")))) {
    return undefined;
  }
  const alone = ONLY_DECORATION.test(line.slice(colon + 1));
  const end = alone
    ? line.length
    : colon + 1 + (/^[*=_]{0,3}/.exec(line.slice(colon + 1, colon + 4))![0].length);
  if (isName(form)) return headerFrom(form, end, MOST_WORDS);
  if (!BEGINS_HEADER.test(form)) return undefined;
  if (alone || CAPITALS_INLINE.test(form)) return headerFrom(form, end, MOST_WORDS);
  return TITLE_INLINE.test(form) ? headerFrom(form, end, MOST_WORDS_INLINE) : undefined;
}

const isName = (form: string) => names.has(form.toLowerCase().replaceAll("’", "'"));

function headerFrom(form: string, end: number, mostWords: number): Header | undefined {
  if (form.length < 2 || form.length > LONGEST || wordCount(form) > mostWords) return undefined;
  return { key: form.toUpperCase(), form, end };
}

/** Letters of a header in capitals, as far as one can be looked for back from its colon. */
const CAPITALS_BEFORE_COLON =
  /(?:(?<![\p{L}\p{M}\p{N}])\p{Lu}[\p{Lu}\p{M}/&-]*\s{1,3}){0,5}(?<![\p{L}\p{M}\p{N}/&-])\p{Lu}[\p{Lu}\p{M}/&-]{2,}$/u;

/** A header in capitals anywhere in a text: `fever. PLAN: rest`. */
export function capitalsHeaderIn(text: string): { start: number; end: number } | undefined {
  for (let colon = text.indexOf(":"); colon >= 0; colon = text.indexOf(":", colon + 1)) {
    const from = Math.max(0, colon - LONGEST);
    const match = CAPITALS_BEFORE_COLON.exec(text.slice(from, colon));
    if (match !== null) return { start: from + match.index, end: colon + 1 };
  }
}

export interface SectionStart {
  /** In capitals, single spaces; "" before the first header. */
  name: string;
  /** UTF-16 offset at which it begins, the header included. */
  start: number;
}

/** All sections of `note`, in order; the first begins at 0. `isSection` says which headers count. */
export function sectionsOf(
  note: string,
  isSection: (key: string) => boolean = () => true,
): SectionStart[] {
  const sections: SectionStart[] = [{ name: "", start: 0 }];
  for (let start = 0; start <= note.length;) {
    const next = note.indexOf("\n", start);
    const end = next < 0 ? note.length : next;
    const header = headerOf(note.slice(start, end));
    if (header !== undefined && isSection(header.key)) {
      if (start === 0) sections.pop();
      sections.push({ name: header.key, start });
    }
    start = end + 1;
  }
  return sections;
}
