/**
 * Identifiers that have a shape: one list for the report on the notes (what de-identification may
 * have missed) and for the audit (what the model writes). U.S. Safe Harbor identifiers (45 CFR
 * 164.514(b)(2)) as far as they have a shape, as English, German, French, Spanish and Italian notes
 * write them. A pattern can neither prove a text clean nor a hit to be a real identifier.
 *
 * Every repetition is bounded or separated from its neighbours, so that no text takes longer than
 * its length says (a test holds this).
 */

interface Pattern {
  kind: IdentifierKindName;
  /** What the pattern looks for, for reports. */
  what: string;
  regex: RegExp;
  /** A text without this cannot match, which spares most texts the regular expression. */
  needs?: RegExp;
}

export const identifierKinds = [
  "telephone number",
  "e-mail address",
  "web address",
  "social security number",
  "record number",
  "long number",
  "date",
  "age over 89",
  "name after a title",
  "street address",
] as const;
export type IdentifierKindName = (typeof identifierKinds)[number];

/** Kinds that name or reach a person by themselves. */
export const directKinds: ReadonlySet<string> = new Set<IdentifierKindName>([
  "telephone number",
  "e-mail address",
  "social security number",
  "record number",
  "street address",
]);

/** Alternatives, each on a line of its own. */
const either = (...alternatives: string[]) => `(?:${alternatives.join("|")})`;
const raw = String.raw;

const PHONE = either(
  // (617) 555-1234, 617 555 1234, +1-617-555-1234
  raw`(?<![\d.\-\/])(?:\+?1[-. ]?)?(?:\(\d{3}\) ?|[2-9]\d{2}[-. \/])\d{3}[-. ]\d{4}(?![\d.\/]?\d)`,
  // +49 551 3912345, +33 (0)1 23 45 67 89
  raw`(?<![\d.])\+[1-9](?=(?:[ ()\/-]{0,2}\d){7})\d{0,2}(?:[ \/-]?\(?\d{1,5}\)?){2,7}(?![\d.])`,
  // 0551/39-12345, 089 12345678
  raw`(?<![\d.\-\/])0\d{2,4}(?:\/ ?\d{2,6}(?:[- ]\d{1,6}){0,3}|-\d{5,8}| \d{6,8})(?![\d.\/]?\d)`,
  // 01 23 45 67 89
  raw`(?<![\d.])0[1-9](?:[ .]\d{2}){4}(?![ .]?\d)`,
  // Tel. 39 12345, pager #12345, Fax: 912 345 678
  raw`(?<![\p{L}\p{N}])(?:[Tt]el|TEL|[Tt]él|[Tt]elefon|[Tt]elephone|[Tt]éléphone|[Tt]el[eé]fono|[Pp]hone|[Ff]ax|FAX|[Pp]ager|[Bb]eeper|[Mm]obile|[Mm]óvil|[Pp]ortable|[Hh]andy|[Cc]ellulare)(?: ?(?:[Nn]o|[Nn]r|[Nn]umber|[Nn]ummer|[Nn]°)\b)?[.:# ]{0,4}\(?\d[\d\/() .-]{3,16}\d(?!\d)`,
);

const DAY = raw`(?:0?[1-9]|[12]\d|3[01])`;
const MONTH = raw`(?:0?[1-9]|1[0-2])`;
const YEAR = raw`(?:(?:1[89]|2[0-2])\d{2}|\d{2})`;
const LONG_YEAR = raw`(?:1[89]|2[0-2])\d{2}`;
const MONTH_NAMES = either(
  "Jan(?:uary|uar|\\.)?",
  "Feb(?:ruary|ruar|\\.)?",
  "Mar(?:ch|\\.)?",
  "Apr(?:il|\\.)?",
  "May",
  "June?\\.?",
  "July?\\.?",
  "Aug(?:ust|\\.)?",
  "Sept?(?:ember|\\.)?",
  "Oct(?:ober|\\.)?",
  "Nov(?:ember|\\.)?",
  "Dec(?:ember|\\.)?",
  "Januar|Jänner|Februar|März|Mai|Juni|Juli|Okt(?:ober|\\.)?|Dez(?:ember|\\.)?",
  "[Jj]anvier|[Ff]évrier|[Mm]ars|[Aa]vril|[Mm]ai|[Jj]uin|[Jj]uillet|[Aa]oût|[Ss]eptembre|[Oo]ctobre|[Nn]ovembre|[Dd]écembre",
  "[Ee]nero|[Ff]ebrero|[Mm]arzo|[Aa]bril|[Mm]ayo|[Jj]unio|[Jj]ulio|[Aa]gosto|[Ss]eptiembre|[Oo]ctubre|[Nn]oviembre|[Dd]iciembre",
  "[Gg]ennaio|[Ff]ebbraio|[Aa]prile|[Mm]aggio|[Gg]iugno|[Ll]uglio|[Ss]ettembre|[Oo]ttobre|[Dd]icembre",
);
const DATE = either(
  // 3/14/2015, 03-14-15, 14/3/2015
  raw`(?<![\d\/.-])(?:${MONTH}\/${DAY}|${DAY}\/${MONTH})\/${YEAR}(?![\d\/-])`,
  raw`(?<![\d\/.-])(?:${MONTH}-${DAY}|${DAY}-${MONTH})-${YEAR}(?![\d\/-])`,
  // 12.03.1950, 12. 3. 50
  raw`(?<![\d\/.-])${DAY}\. ?${MONTH}\. ?${YEAR}(?![\d\/-]|\.\d)`,
  // am 12.03.
  raw`\b(?:am|vom|bis|seit|ab|den|zum) ${DAY}\.${MONTH}\.(?!\d)`,
  // 2015-03-14, 2015/3/14
  raw`(?<![\d\/.-])${LONG_YEAR}([-\/.])${MONTH}\1${DAY}(?![\d\/-])`,
  // 2015年3月14日
  raw`${LONG_YEAR}年 ?${MONTH}月 ?${DAY}日`,
  // March 14, 2015
  raw`(?<!\p{L})${MONTH_NAMES} ${DAY}(?:st|nd|rd|th)?,? ${LONG_YEAR}(?!\d)`,
  // 14 March 2015, 3. Mai 2015, 14-Mar-2015, 1er mars 2015, 3 de mayo de 2015
  raw`(?<![\d\/.-])${DAY}(?:er|st|nd|rd|th|º|°|\.)?[ -](?:of |de )?${MONTH_NAMES}(?:,? |-| de | del )${LONG_YEAR}(?!\d)`,
);

const AGE = either(
  raw`(?<![\d.\/])(?:9\d|1[01]\d)[- ]?(?:years?|yrs?|y\.?\/?o\.?|jährig|Jahre|ans|años|anni|urte)(?!\p{L})(?! ago)`,
  raw`(?<![\d.\/])(?:9\d|1[01]\d)[- ]?(?:jährige[rnms]?)(?!\p{L})`,
);

/** Titles; several may follow each other (`Prof. Dr. med.`). */
const TITLE = either(
  raw`(?:Dr|Mr|Ms|Mrs|Drs)\b\.?`,
  "Miss|Prof(?:essor)?\\b\\.?|Doctor",
  "Herrn?|Frau|(?<!\\d ?)(?:Hr|Fr)\\.",
  "M\\.(?!D)|Mme\\b\\.?|Mlle\\b\\.?|Madame|Monsieur|Docteur|Pr\\.",
  "Sr\\.|Sra\\b\\.?|Srta\\b\\.?|Dra\\.",
  "Sig\\.(?:ra|na)?|Signora?|Dott\\.(?:ssa)?|Dottoressa|Dr\\.ssa",
);
const SPACE = raw`[ \t\u00a0]{0,3}(?:\n[ \t]{0,3})?`;
/** Capitalised words behind a title that are no name, as in `Sig. Take one`, `Dr. X. The …`. */
const NO_NAME =
  raw`(?!(?:Take|Apply|Use|One|Two|Inhale|Place|Instill|Patient(?:in)?|The|She|He|His|Her|They|This|It|We|In|On|At|After|Upon|However|Please|With|Both|Review|Dr|An|If|Of|As|All|Once)\b)`;
const NAME_WORD =
  raw`\p{Lu}(?:['’]\p{Lu})?[\p{L}\p{M}]{1,30}(?:[-'’]\p{Lu}[\p{L}\p{M}]{1,30}){0,2}(?!\p{L}|:)`;
const PARTICLE = "(?:von|van|de|del|della|di|der|den|ten|la|le)";
const NAME = raw`(?:\p{Lu}\.[ \t]?){0,2}(?:${PARTICLE}[ \t]){0,2}${NO_NAME}${NAME_WORD}`;
const NAMES =
  raw`(?<!\p{L})(?:${TITLE}${SPACE}){1,3}(?:med\.${SPACE})?${NAME}(?:[ \t]${NO_NAME}\p{Lu}\p{Ll}{2,30}(?![\p{L}:]))?`;

const WORD = raw`\p{Lu}[\p{L}\p{M}'’-]{1,30}`;
const ADDRESS = either(
  // 12 Oak Street, 4 St. Mary's Road
  raw`(?<![\d.\/-])\d{1,5}[a-zA-Z]? (?:(?:North|South|East|West|N\.|S\.|E\.|W\.|St\.) )?${WORD}(?: ${WORD}){0,2} (?:Street|St\b\.?|Avenue|Ave\b\.?|Road|Rd\b\.?|Boulevard|Blvd\b\.?|Lane|Drive|Court|Terrace|Parkway|Highway)(?!\p{Ll})`,
  // Hauptstraße 12, Lange Gasse 3a
  raw`(?<!\p{L})\p{Lu}[\p{Ll}-]{1,30}(?:straße|strasse|str\.|gasse|allee|damm|weg)[ ]\d{1,4}[a-z]?(?![\d.,]\d|\p{L})`,
  raw`(?<!\p{L})${WORD} (?:Straße|Strasse|Str\.|Gasse|Allee|Damm|Weg) \d{1,4}[a-z]?(?![\d.,]\d|\p{L})`,
  // 12, rue de la Paix
  raw`(?<![\d.\/-])\d{1,4}(?: ?bis| ?ter)?,? (?:rue|avenue|boulevard|place|chemin|allée|impasse|quai)(?: de| du| des| de la| d['’]| l['’]){0,2} ?${WORD}`,
  // Calle Mayor 5, Via Roma, 12
  raw`(?<!\p{L})(?:Calle|Avenida|Avda\.|Plaza|Paseo|Via|Viale|Piazza|Corso)(?: de| del| della| dei| la){0,2} ${WORD}(?: ${WORD}){0,2},? (?:n\.? ?)?\d{1,4}(?![\d.,]\d)`,
);

const RECORD = either(
  raw`(?:MRN|NHC|IPP|medical record|record|account|chart|encounter|case)(?: (?:number|numéro|no\b\.?))?`,
  "(?:unit|record|chart) no\\b\\.?",
  raw`(?:Fall|Patienten|Aufnahme|Versicherten|Akten)(?:nummer|-?nr\.)|Pat\.-?(?: ?ID|Nr\.)`,
  raw`(?:n°|numéro|no\.?) (?:de )?(?:dossier|patient)|dossier n°|historia clínica(?: n[.º°]{1,2})?|cartella(?: clinica)?(?: n\.)?`,
);

const digit = /\d/;

export const identifierPatterns: readonly Pattern[] = [
  {
    kind: "telephone number",
    what: "telephone, fax and pager numbers",
    regex: new RegExp(PHONE, "gu"),
    needs: /\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d/,
  },
  {
    kind: "e-mail address",
    what: "e-mail addresses",
    regex:
      /(?<![\p{L}\p{N}_.+-])[\p{L}\p{N}_.+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu,
    needs: /@/,
  },
  {
    kind: "web address",
    what: "web addresses",
    regex: /\b(?:https?:\/\/|www\.)[^\s)>\]]+/gi,
    needs: /:\/\/|www\./i,
  },
  {
    kind: "social security number",
    what: "social security numbers",
    regex: /(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])|\bSSN\W{0,3}\d{3} ?\d{2} ?\d{4}\b/g,
    needs: /\d{4}/,
  },
  {
    kind: "record number",
    what: "numbers after MRN, record, account, unit or case number",
    regex: new RegExp(raw`(?<!\p{L})(?:${RECORD})[:#.\s]{0,3}[A-Z]{0,2}\d[\d-]{4,20}`, "giu"),
    needs: /\d[\d-]{4}/,
  },
  {
    kind: "long number",
    what: "runs of eight or more digits",
    regex: /(?<!\d)\d{8,}(?!\d)/g,
    needs: /\d{8}/,
  },
  {
    kind: "date",
    what: "dates with day and month",
    regex: new RegExp(DATE, "gu"),
    needs: digit,
  },
  {
    kind: "age over 89",
    what: "ages of 90 and more, which Safe Harbor counts as identifying",
    regex: new RegExp(AGE, "giu"),
    needs: /9\d|1[01]\d/,
  },
  {
    kind: "name after a title",
    what: "capitalised words after Dr., Mr., Mrs., Frau, Mme, Sra., Sig. and the like",
    regex: new RegExp(NAMES, "gu"),
  },
  {
    kind: "street address",
    what: "house number, name and street word",
    regex: new RegExp(ADDRESS, "gu"),
    needs: digit,
  },
];

export interface Identifier {
  kind: IdentifierKindName;
  /** As written. */
  text: string;
}

/** The identifiers of `text` by kind; of two that overlap only that of the earlier kind. */
export function identifiersIn(text: string): Identifier[] {
  const taken: [from: number, to: number][] = [];
  return identifierPatterns.flatMap(({ kind, regex, needs }) => {
    if (needs !== undefined && !needs.test(text)) return [];
    const free = [...text.matchAll(regex)].filter(({ 0: found, index }) =>
      taken.every(([from, to]) => index >= to || index + found.length <= from)
    );
    for (const { 0: found, index } of free) taken.push([index, index + found.length]);
    return free.map(([found]) => ({ kind, text: found }));
  });
}

const LONGEST_MASK = 40;

/**
 * What a report may show of an identifier: capitals become X, other letters x, digits 9;
 * punctuation stays, so that a person sees what kind of thing it is.
 */
export function mask(identifier: string): string {
  return identifier.slice(0, LONGEST_MASK)
    .replace(/\s+/g, " ")
    .replace(/\p{Lu}/gu, "X")
    .replace(/[\p{L}\p{M}]/gu, (letter) => letter === "X" ? "X" : "x")
    .replace(/\p{N}/gu, "9");
}
