/**
 * Numbers, units and doses: one definition for the decoder, which may be told never to complete a
 * quantity, and for the evaluation, which counts doses apart. English, German, French, Spanish and
 * Italian names of units and dosage forms; digits of every script.
 */

const list = (text: string) => text.trim().split(/\s+/);

/** What a dose is counted in. */
const doseUnits = new Set(list(`
  mg mgs mcg µg μg ug ng g gm gms gr kg gram grams gramme grammes gramm milligram milligrams
  microgram micrograms milligramm mikrogramm kilogram kilograms milligramo milligramos milligrammi
  miligramos gramos grammi milligrammes microgrammes
  ml mls cc cl dl l liter liters litre litres milliliter milliliters millilitre millilitres
  tsp teaspoon teaspoons tbsp tablespoon tablespoons
  u unit units iu ie ui meq meqs mmol mmols mol milliequivalents
  unités unidades unità einheiten einheit
  tab tabs tablet tablets cap caps capsule capsules pill pills puff puffs spray sprays drop drops
  gtt gtts patch patches supp supps suppository suppositories amp amps ampule ampules ampoule
  ampoules vial vials neb nebs inhalation inhalations dose doses packet packets sachet sachets
  lozenge lozenges bottle bottles syringe syringes application applications bag bags bolus boluses
  tablette tabletten tbl tabl kapsel kapseln kps tropfen hub hübe ampulle ampullen beutel zäpfchen
  pflaster dosis dosen comprimé comprimés cp cpr gélule gélules goutte gouttes sachets bouffée
  bouffées comprimido comprimidos cápsula cápsulas gota gotas parche parches sobre sobres
  compressa compresse capsula gocce goccia bustina bustine fiala fiale cerotto cerotti
`));

/** Units of what is measured rather than given. */
const otherUnits = new Set(list(`
  lb lbs pound pounds oz ounce ounces mm cm nm µm mmhg cmh2o bpm mosm joule joules watt watts kcal cal kpa iu/l hz lpm
  degrees percent prozent pourcent millimeter millimeters centimeter centimeters
`));

/** Numbers as words, without those that mean more often something else (`one`, `due`, `neuf`). */
const numberWords = new Set(list(`
  two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty
  hundred half zwei drei vier fünf sechs sieben acht neun zehn zwölf deux trois quatre cinq sept
  huit dix douze dos tres cuatro cinco seis siete ocho nueve diez doce tre quattro cinque
  sette otto nove dieci dodici
`));
/** These are a number before a unit only. */
const numberWordsBeforeUnit = new Set(list("one uno due sei neuf demi media mezza halbe"));

/** Lower case, without what surrounds a unit: `mg,` `(tablets)` `mL/hr` `tablet(s)`. */
function unitOf(word: string): string {
  const [first] = word.toLowerCase().replace(/\(s\)|[^\p{L}\p{M}\p{N}%/]/gu, "").split("/");
  return first;
}

/** Whether `word` is the unit or form that doses are given in: `mg`, `mcg/min`, `patches`. */
export const isDoseUnit = (word: string): boolean => doseUnits.has(unitOf(word));

/** Whether `word` is any unit. */
export function isUnit(word: string): boolean {
  const unit = unitOf(word);
  return unit === "%" || doseUnits.has(unit) || otherUnits.has(unit);
}

/** A number with its unit in one word: `81mg`, `2.5-mg`, `10%`. */
const NUMBER_AND_UNIT = /^\W{0,2}[\p{N}][\p{N}.,/-]*?[-\u2011]?([\p{L}%µμ][\p{L}\p{M}%/().,;:]*)$/u;

/** The unit at the end of `word` behind a number. */
const attachedUnit = (word: string): string | undefined => NUMBER_AND_UNIT.exec(word)?.[1];

/** Whether `word` is a dose by itself: `81mg`, `25-mg`. */
export function isDose(word: string): boolean {
  const unit = attachedUnit(word);
  return unit !== undefined && isDoseUnit(unit);
}

/** Longest word looked at; a run without spaces can be the whole note. */
const LONGEST = 64;

const endsInNumber = (word: string) => /\p{N}[^\p{L}\p{N}]{0,3}$/u.test(word);
const bare = (word: string) => word.toLowerCase().replace(/[^\p{L}\p{M}]/gu, "");

/** A word that may lie between a number and a form: `2 oral tablets`, `2 large puffs`. */
const BETWEEN =
  /^(?:mg|mcg|g|ml|oral|small|large|whole|half|more|extra|extended-release|delayed-release|enteric-coated|chewable|additional|full|single|transdermal|film-coated|effervescent)$/i;

/**
 * Whether the suggested `part` of `word` makes a quantity: it holds a number, or it is the unit of
 * the number before it. `previous` holds the words before `word`, separated by white space; the
 * last one or two matter.
 */
export function isQuantity(part: string, word: string, previous: string): boolean {
  if (/\p{N}/u.test(part) || numberWords.has(bare(word.slice(0, LONGEST)))) return true;
  if (word.length > LONGEST) return false;
  const unit = attachedUnit(word);
  if (unit !== undefined) return isUnit(unit);
  if (!isUnit(word)) return false;
  const before = previous.trim().split(/\s+/).slice(-2);
  const last = before.at(-1) ?? "";
  return isNumber(last) || (BETWEEN.test(last) && isNumber(before.at(-2) ?? ""));
}

function isNumber(word: string): boolean {
  const end = word.slice(-LONGEST);
  return endsInNumber(end) || numberWords.has(bare(end)) || numberWordsBeforeUnit.has(bare(end));
}
