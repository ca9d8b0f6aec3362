// A typist at human speed, a real Chromium, the real worker in workerd. The model is untrained, so
// the passage is one that it would write itself: figures are reported, `bench plugin` judges them.

import { assert, assertEquals, assertFalse } from "@std/assert";
import { join } from "@std/path";
import { savings, typeNote } from "../../../pipeline/lib/gpt/typing/typist.ts";
import { startWorker } from "../../../worker/host/start_worker.ts";
import { startBrowser } from "../../helpers/browser.ts";
import { patientSuggest, typeInBrowser } from "../../helpers/plugin_typist.ts";
import { quantile } from "../../helpers/quantile.ts";
import { writeTinyRun } from "../../helpers/tiny_export.ts";

const LEAST_CONFIDENCE = 1e-4;
const START = "She";

/** What the model says, with words between that it does not. */
async function passageFor(suggest: (before: string) => Promise<string | undefined>) {
  let note = START;
  for (const word of ["", ". Discharge Medi", ", pain, swelling and", ". Of", " in", ". She"]) {
    note += word;
    note += (await suggest(note)) ?? "";
  }
  return note;
}

Deno.test("typing at human speed against the real worker", async () => {
  const root = join(await Deno.makeTempDir(), "runs", "tiny");
  const { exportFolder } = await writeTinyRun(root);
  const lines: string[] = [];
  const worker = await startWorker({ exportFolder, port: 0, onLog: (line) => lines.push(line) });
  const browser = await startBrowser();
  try {
    const suggest = patientSuggest(worker.url, LEAST_CONFIDENCE);
    const note = await passageFor(suggest);
    const passage = { from: START.length, to: note.length };
    assert(passage.to - passage.from > 30, `the model says too little: ${note}`);
    const typed = await typeInBrowser(await browser.newPage(), worker.url, note, passage, {
      minConfidence: LEAST_CONFIDENCE,
    });
    const patient = await typeNote(note, suggest, passage);
    assertEquals(typed.value, note, "accepted suggestions have altered the text");
    assert(typed.accepted > 0, "nothing was accepted");
    assert(typed.keyToGhost.length > 0 && savings(typed) > 0);
    assertEquals(
      typed.keystrokes,
      typed.accepted + typed.characters - typed.acceptedCharacters,
    );
    assertFalse(lines.join("\n").includes(note.slice(passage.from)), "the worker logs text");
    const ms = (share: number) => `${quantile(typed.keyToGhost, share).toFixed(0)} ms`;
    console.log(
      `${typed.characters} characters in ${typed.seconds.toFixed(0)} s: keystrokes saved ` +
        `${(100 * savings(typed)).toFixed(0)}% (a typist who waits: ${
          (100 * savings(patient)).toFixed(0)
        }%), key to grey text p50 ${ms(0.5)}, p95 ${ms(0.95)}`,
    );
  } finally {
    await browser.close();
    await worker.stop();
    await Deno.remove(root, { recursive: true });
  }
});
