/**
 * How what is said is written in a note, as a table: spoken words, a bar, written words; a second
 * way to write them behind another bar. The longest rule that fits wins; `#` is a number, already
 * in digits. Rules of one speaker stand under his name. An empty right side leaves the words out.
 */

const anyone = `
  uh | 
  um | 
  mm-hmm | 
  uh-huh | 
  you know | 
  kind of | 
  kinda | 
  sort of | 
  do n't | don't
  gon na | going to
  wan na | want to
  got ta | have to
  # milligrams | # mg
  # milligram | # mg
  # micrograms | # mcg
  # microgram | # mcg
  # grams | # g
  # milliliters | # mL
  # millimeters | # mm
  # centimeters | # cm
  # centimeter | # cm
  # kilograms | # kg
  # pounds | # lbs
  # percent | #%
  # units | # units
  # degrees | # degrees
  # out of # | #/#
  # over # | #/#
  # times a day | # times daily | #x daily
  # year old | #-year-old
  # years old | #-year-old
  # to # | #-#
  once a day | once daily | daily
  one time a day | once daily | daily
  twice a day | twice daily | BID
  two times a day | twice daily | BID
  2 times a day | twice daily | BID
  three times a day | three times daily | TID
  3 times a day | three times daily | TID
  four times a day | four times daily | QID
  4 times a day | four times daily | QID
  every day | daily
  a day | daily
  every night | nightly
  at bedtime | at bedtime | QHS
  at night | at night | QHS
  every other day | every other day
  as needed | as needed | PRN
  by mouth | by mouth | PO
  every # hours | every # hours | Q#H
  blood pressure | blood pressure | BP
  heart rate | heart rate | HR
  high blood pressure | hypertension
  high cholesterol | hyperlipidemia
  heart attack | myocardial infarction
  stroke | stroke | CVA
  short of breath | shortness of breath | dyspnea
  shortness of breath | shortness of breath | dyspnea
  throwing up | vomiting
  threw up | vomited
  belly | abdomen | abdominal
  belly pain | abdominal pain
  tummy | abdomen
  swollen | swollen | swelling
  tired | fatigued | fatigue
  worn out | fatigued
  dizzy | dizzy | dizziness
  light headed | lightheadedness
  lightheaded | lightheadedness
  passed out | syncope
  heartburn | heartburn | reflux
  sugars | blood sugars | blood glucose
  high sugar | hyperglycemia
  kidney stone | kidney stone | nephrolithiasis
  kidney stones | kidney stones | nephrolithiasis
  gallbladder out | cholecystectomy
  water pill | diuretic
  blood thinner | anticoagulation
  scratchy throat | sore throat
  runny nose | rhinorrhea
  stuffy nose | nasal congestion
  ekg | EKG
  mri | MRI
  ct scan | CT scan
  x-ray | x-ray
  echo | echocardiogram
`;

const patient = `
  i'm having | reports
  i am having | reports
  i've been having | has been having | reports
  i have been having | has been having | reports
  i've been | has been
  i have been | has been
  i'm | is
  i am | is
  i was | was
  i have | has
  i've had | has had
  i've | has
  i had | had
  i feel | feels
  i felt | felt
  i take | takes
  i took | took
  i think | thinks
  i noticed | noticed
  i notice | notices
  i started | started
  i do | does
  i don't have | denies
  i do not have | denies
  i haven't had | denies
  i have not had | denies
  i haven't | has not
  i can't | cannot
  i ca n't | cannot
  i get | gets
  i got | got
  i use | uses
  i smoke | smokes
  i drink | drinks
  i live | lives
  i work | works
  i went | went
  i fell | fell
  i hurt | injured
  myself | themself
  my | the
`;

const doctor = `
  i'm going to | we will | I will
  i'd like to | we will | I would like to
  i want you to | I recommend that the patient
  i want to | I would like to
  we're going to | we will
  you're | the patient is
  you are | the patient is
  you have | the patient has
  you've been | the patient has been
  you had | the patient had
  your | the | the patient's
`;

/** One way to say something, and the ways to write it. */
export interface SpokenRule {
  spoken: readonly string[];
  written: readonly string[];
}

const parsed = (table: string): SpokenRule[] =>
  table.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [spoken, ...written] = line.split("|").map((side) => side.trim());
    return { spoken: spoken.split(" "), written };
  });

/** Rules by the first of their words, longest first; `#` heads those that begin with a number. */
export type RuleTable = ReadonlyMap<string, readonly SpokenRule[]>;

function tableOf(rules: readonly SpokenRule[]): RuleTable {
  const table = new Map<string, SpokenRule[]>();
  for (const rule of rules) {
    const found = table.get(rule.spoken[0]);
    if (found) found.push(rule);
    else table.set(rule.spoken[0], [rule]);
  }
  for (const list of table.values()) list.sort((a, b) => b.spoken.length - a.spoken.length);
  return table;
}

/** The rules for each speaker: "patient", "doctor", and "" for anyone. */
export const spokenRules: Readonly<Record<"" | "patient" | "doctor", RuleTable>> = {
  "": tableOf(parsed(anyone)),
  patient: tableOf([...parsed(patient), ...parsed(anyone)]),
  doctor: tableOf([...parsed(doctor), ...parsed(anyone)]),
};
