/** README.md of an export: what the model is, how good, and what may not be done with it. */

import { isRestricted } from "../artifacts/licences.ts";
import { bytes, format, percent, signedPercent } from "../lib/base/format.ts";
import type { ExportReport } from "./export.ts";
import type { Cost } from "./gates.ts";
import type { MixtureReport } from "./served.ts";

/** In the form Hugging Face calls a model card: a YAML header, then Markdown. */
export function modelCard(report: ExportReport): string {
  const { model, parameters, files, parity, quantization: q } = report;
  const size = (name: string) => bytes(files[name].bytes);
  return `---
library_name: transformers.js
pipeline_tag: text-generation
tags: [gpt2, onnx, clinical]
---

# ${report.run}: a GPT-2 that completes discharge notes

${
    format(parameters)
  } parameters: ${model.n_layer} layers, ${model.n_head} heads, ${model.n_embd} wide,
${model.n_positions} tokens of context, ${
    format(model.vocab_size)
  } tokens of vocabulary. Trained with Nano Med GPT on the notes
of the site that made it, from the checkpoint at step ${report.step ?? "unknown"}.

> A model trained on clinical text can repeat passages of it word for word. Treat these files as you
> treat the notes: under the same access rules and the same data use agreement, never in public.

It predicts what is usually written next. It knows nothing of the patient: no dose, laterality,
allergy or finding it proposes may stand without the clinician having checked it.

## Files

| file | arithmetic | size |
|---|---|---|
| onnx/model.onnx | float32 | ${size("onnx/model.onnx")} |
| onnx/model_quantized.onnx | int8, activations quantized as they come; what the worker serves | ${
    size("onnx/model_quantized.onnx")
  } |
| model.safetensors | float32, Hugging Face \`GPT2LMHeadModel\` | ${size("model.safetensors")} |

\`\`\`js
import { pipeline } from "@huggingface/transformers";
const generate = await pipeline("text-generation", "path/to/this/folder", { dtype: "q8" });
const note = "Discharge Condition:\\nMental Status:";
// The model reads ${model.n_positions} tokens, what it writes included: of a longer text keep the end.
const { tokenizer } = generate, room = ${model.n_positions} - 16;
const end = tokenizer.decode(tokenizer.encode(note).slice(-room));
const [{ generated_text }] = await generate(end, { max_new_tokens: 16, do_sample: false });
\`\`\`

llama.cpp's converter stops at this tokenizer, whose way of splitting text into words it does not
know. Forced to \`gpt-2\`, the nearest it has, it converts; where the two split differently (at white
space and digits), its tokens are not those the model was trained on.

## Measured on the test split

| bits per character | float32 | int8 | tokens |
|---|---|---|---|
| ONNX Runtime: activations in uint8, a scale for all that is fed together | ${
    costs(q.onnxruntime)
  } |
| the worker's kernels: activations in int16, a scale per token | ${costs(q.kernels)} |

Both read the weights of onnx/model_quantized.onnx. Layers kept in float32 there: ${
    listOf(q.keptFloat32)
  }.
Greedy continuations of ${parity.prompts} prompts, ${format(parity.tokens)} tokens, are those of the
checkpoint; the largest difference of a logit is ${parity.logitDifference.toExponential(1)}.

## N-grams combined with the GPT

${servedText(report.served)}

${mixtureText(report.mixture)}

## Public texts

${licencesText(report.licences)}

## Privacy audit

${auditText(report.audit)}
`;
}

const servedText = (served: ExportReport["served"]): string =>
  served
    ? `Served is ${served.system}; a suggestion is shown from confidence ${served.minConfidence} on, as ` +
      `calibrated: ${served.why}.`
    : "Not calibrated: the GPT alone is served, and a suggestion is shown from the usual confidence on.";

function mixtureText(report: MixtureReport): string {
  if ("leftOut" in report) return `None: ${report.leftOut}.`;
  const { validation: v, table, microsecondsPerToken: cost, measured } = report;
  const rows: [string, number | null][] = [
    ["GPT", v.gpt],
    ["n-gram table", v.table],
    ["GPT and table", v.gptAndTable],
    ["GPT and the note's own n-grams", v.gptAndNote],
    ["all of them, as served", v.mixture],
  ];
  const bits = rows.filter(([, bits]) => bits !== null)
    .map(([name, bits]) => `| ${name} | ${bits!.toFixed(4)} |`);
  const orNothing = (share: number | null) => share === null ? "" : percent(share);
  const test = measured.map(({ name, bitsPerCharacter, nextWord, savings }) =>
    `| ${name} | ${bitsPerCharacter?.toFixed(4) ?? ""} | ${orNothing(nextWord)} | ${
      orNothing(savings)
    } |`
  );
  return `${
    table === null
      ? "No table; what the note itself has said before the caret is weighed in."
      : `ngram.bin (${
        bytes(table.bytes)
      }): phrases of up to ${table.order} tokens from the notes of at least
${supportOf(table)} each, and what the note itself has said before the caret.`
  } A token
costs ${format(cost.gpt)} µs in the GPT and ${format(cost.mixture)} µs in the n-grams.

| ${v.notes} validation notes, on which the weights were fitted | bits per character |
|---|---|
${bits.join("\n")}${
    test.length === 0 ? "" : `

| held-out notes | bits per character | next word | keystrokes saved |
|---|---|---|---|
${test.join("\n")}`
  }`;
}

/** Named whether they are restricted or not: most licences ask for it. */
function licencesText(licences: ExportReport["licences"]): string {
  const sources = Object.entries(licences);
  if (sources.length === 0) return "None: it has learned from notes alone.";
  const rows = sources.map(([name, licence]) =>
    `| ${name} | ${licence}${isRestricted(licence) ? " (**restricted use**)" : ""} |`
  );
  return `Learned from before the notes, or counted in the n-gram table:

| source | licence |
|---|---|
${rows.join("\n")}`;
}

/** Of whom the phrases are: patients, or what notes that name none were taken for. */
function supportOf({ minPatients, counted }: Table): string {
  if (counted === undefined || counted.unnamedNotes === 0) {
    return `${minPatients} ${minPatients === 1 ? "patient" : "different patients"}`;
  }
  const { unnamedNotes, groups, acceptedRisk } = counted;
  const notes = `${format(unnamedNotes)} notes name no patient and were counted`;
  return acceptedRisk === undefined
    ? `${minPatients} different people (${notes} as those of ${format(groups)}: notes that share a
passage of 12 words count as one person's)`
    : `${minPatients} different patients, **if each note is of a patient of its own**
(${notes} as those of as many patients, because: ${acceptedRisk})`;
}

type Table = NonNullable<Exclude<MixtureReport, { leftOut: string }>["table"]>;

const costs = ({ float32, int8, cost, tokens }: Cost) =>
  `${float32.toFixed(4)} | ${int8.toFixed(4)} (${signedPercent(cost)}) | ${format(tokens)}`;

const listOf = (layers: readonly string[]) => layers.length === 0 ? "none" : layers.join(", ");

function auditText({ verdict, failed, checks, acceptedRisk }: ExportReport["audit"]): string {
  const rows = checks.map(({ name, found, allowed, outcome }) =>
    `| ${name} | ${found} | ${allowed} | ${outcome === "pass" ? "passed" : outcome} |`
  );
  const outcome = {
    pass: "Passed: the upper end of each 95% interval is allowed.",
    fail: `**Failed.** ${failed.join(". ")}.`,
    "cannot tell": `**Not passed: the audit cannot tell.** ${failed.join(". ")}.`,
    none: "**This checkpoint was not audited.**",
  }[verdict];
  return `${outcome}${
    acceptedRisk === undefined ? "" : ` Exported all the same, because: ${acceptedRisk}`
  }${
    rows.length === 0 ? "" : `

| check | found | allowed | outcome |
|---|---|---|---|
${rows.join("\n")}`
  }`;
}
