/** Names of the same test or drug: what a note calls one, the record may call another. */

const table = `
  hgb hb hemoglobin
  hct hematocrit
  wbc leukocytes
  plt platelets platelet
  na sodium
  k potassium
  cl chloride
  hco3 bicarbonate bicarb co2
  bun urean
  cr creat creatinine
  glu glucose
  ca calcium
  mg magnesium
  phos phosphate
  ast sgot
  alt sgpt
  alkphos alp
  tbili totbili bilirubin
  trop troponin
  a1c hba1c
  bp pressure
  hr pulse
  rr respirations respiratory
  temp temperature t
  sat spo2 o2sat saturation oxygen
  wt weight
  ef lvef fraction
  acetaminophen tylenol paracetamol
  ibuprofen motrin advil
  naproxen aleve
  furosemide lasix
  metoprolol lopressor toprol
  carvedilol coreg
  amlodipine norvasc
  lisinopril zestril prinivil
  losartan cozaar
  atorvastatin lipitor
  simvastatin zocor
  rosuvastatin crestor
  apixaban eliquis
  rivaroxaban xarelto
  warfarin coumadin
  clopidogrel plavix
  pantoprazole protonix
  omeprazole prilosec
  levothyroxine synthroid
  metformin glucophage
  gabapentin neurontin
  sertraline zoloft
  escitalopram lexapro
  fluoxetine prozac
  lorazepam ativan
  alprazolam xanax
  oxycodone oxycontin percocet
  hydromorphone dilaudid
  tramadol ultram
  albuterol ventolin proair
  spironolactone aldactone
  prednisone deltasone
  ceftriaxone rocephin
  levofloxacin levaquin
  vancomycin vanc
  enoxaparin lovenox
  aspirin asa
  meloxicam mobic
`;

const groups = new Map<string, readonly string[]>();
for (const line of table.trim().split("\n")) {
  const names = line.trim().split(" ");
  for (const name of names) groups.set(name, names);
}

/** All names of what the key `name` names, itself included. */
export const namesOf = (name: string): readonly string[] => groups.get(name) ?? [name];

/** Whether `name` is a test or drug of the table. */
export const isNamed = (name: string): boolean => groups.has(name);
