/** Which words of a context say something of the patient. */

import { isNumberKey, isWordKey } from "./units.ts";

/** Words that say nothing about a patient, and those of talk that no note holds. */
const everywhere = new Set(
  ("the and that this with for are was were has have had not but from they them their there then " +
    "than you your our his her hers him she its it's i'm i've who what when where which while will " +
    "would could should can may might must did does doing done been being also any all some such " +
    "into over under about after before again more most very just only other own same too out off " +
    "yeah yes okay hey well like know think really right sure good great thing things going gonna " +
    "get got let's lets see say said tell how's that's don't didn't can't won't isn't wasn't mean " +
    "alright hmm bye thank thanks please hello hi dragon")
    .split(" "),
);

/** Whether a key says something by itself: a number, or a word that is not everywhere. */
export const isTelling = (key: string): boolean =>
  isNumberKey(key) || (isWordKey(key) && key.length > 2 && !everywhere.has(key));
