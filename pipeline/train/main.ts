/** `deno task train`: token files → a run with checkpoints, log, curves and samples. */

import { type RunPaths, type Workspace, workspace } from "../artifacts.ts";
import { writeJson } from "../lib/base/files.ts";
import { defineTask, format, Interrupted, runTask, UsageError } from "../lib/base/cli.ts";
import { type PresetName, presets } from "../lib/gpt/config.ts";
import { prepareBigram, writeBigram } from "./bigram_run.ts";
import { readTrainingData } from "./data.ts";
import { configFlags, initFlags, type Overrides, overridesOf, pretrainFlags } from "./flags.ts";
import { type NewRun, prepareNew, prepareResumed } from "./prepare.ts";
import {
  DEFAULT_RUN,
  describeRun,
  lockRun,
  makeRoom,
  readRunConfig,
  type RunConfig,
  writing,
} from "./run_folder.ts";
import { type EngineChoice, requireEngine } from "./create_engine.ts";
import { runSession } from "./session.ts";
import { runSweep } from "./sweep.ts";
import type { TrainingResult } from "./job.ts";
import type { Precision } from "./webgpu_engine.ts";

const DEFAULT_PRESET: PresetName = "micro";
/** No GPT: see bigram_run.ts. Its run is called so too unless `--run` says otherwise. */
const BIGRAM = "bigram";
const BIGRAM_LACKS = ["--gpu", "--resume", "--threads", "--init-from", "--adapt-vocabulary"];

/** Flags about the machine, not the run; the sweep's file sets everything else. */
const SWEEP_FLAGS = [
  "--sweep",
  "--gpu",
  "--software-gpu",
  "--kernels",
  "--recompute",
  "--precision",
  "--threads",
  "--data",
  "--verbose",
];

const task = defineTask({
  name: "train",
  summary: "Trains a GPT-2 on the tokens and writes a run: checkpoints, log, curves, samples.\n" +
    "Values come from a preset; each can be set by its own flag.",
  flags: {
    gpu: { type: "boolean", help: "train on WebGPU instead of the CPU" },
    "software-gpu": {
      type: "boolean",
      help: "with --gpu: train even if the only adapter computes on the CPU",
    },
    kernels: {
      type: "string",
      choices: ["auto", "portable"],
      help: "with --gpu: use the adapter's optional features, or none of them (default auto)",
    },
    recompute: {
      type: "boolean",
      help: "with --gpu: recompute activations; less memory for about a third more time",
    },
    precision: {
      type: "string",
      choices: ["f32", "f16"],
      help: "with --gpu: precision of products and activations (default f32, or the resumed run's)",
    },
    threads: { type: "integer", min: 1, help: "CPU threads (default: one for each physical core)" },
    preset: {
      type: "string",
      choices: [...Object.keys(presets), BIGRAM],
      help: `starting values (default ${DEFAULT_PRESET}); ${BIGRAM} counts the baseline as a run`,
    },
    run: { type: "string", default: DEFAULT_RUN, placeholder: "NAME", help: "name of the run" },
    resume: { type: "boolean", help: "continue the run from its last checkpoint" },
    force: { type: "boolean", help: "replace a run of the same name" },
    ...initFlags,
    sweep: {
      type: "string",
      placeholder: "FILE",
      help: "train every run listed in a JSON file, compare them and fit a scaling law",
    },
    tokens: { type: "integer", min: 1, help: "token budget, instead of --steps" },
    ...configFlags,
    ...pretrainFlags,
  },
  examples: [
    "deno task train --preset micro --steps 400",
    "deno task train --gpu --preset nano --run nano-1",
    "deno task train --resume",
    "deno task train --sweep sweep.json",
    "deno task train --preset bigram",
  ],
  async run(flags) {
    const place = workspace(flags.data);
    const overrides = overridesOf(flags);
    const engine = engineChoice(flags);
    if (flags.sweep) {
      requireOnlySweepFlags(flags.sweep);
      await requireEngine(engine);
      return await runSweep(flags.sweep, place, engine);
    }
    if (flags.preset === BIGRAM) {
      const odd = BIGRAM_LACKS.find((flag) => Deno.args.some((arg) => arg.split("=")[0] === flag));
      if (odd) throw new UsageError(`--preset ${BIGRAM} is counted, in seconds; leave out ${odd}`);
      const name = flags.run === DEFAULT_RUN ? BIGRAM : flags.run;
      return await countBigrams(place, name, overrides, flags.force);
    }
    const call: Call = { place, paths: place.run(flags.run), name: flags.run, engine, overrides };
    if (!flags.resume) {
      const preset = (flags.preset ?? DEFAULT_PRESET) as PresetName;
      const { force, initFrom, adaptVocabulary } = flags;
      if (adaptVocabulary && !initFrom) {
        throw new UsageError("--adapt-vocabulary needs --init-from");
      }
      const start = { preset, force, initFrom, adaptVocabulary };
      return await begin(call, start);
    }
    if (flags.force) throw new UsageError("--resume and --force exclude each other");
    if (flags.initFrom || flags.adaptVocabulary) {
      throw new UsageError("--resume and --init-from exclude each other");
    }
    if (flags.preset) throw new UsageError("--resume goes on with the run's preset; leave it out");
    await resume(call);
  },
});

/** Set where a software adapter is what was asked for: by "deno task software-gpu", and by tests. */
const SOFTWARE_WANTED = "NANO_MED_SOFTWARE_GPU";

function engineChoice({ gpu, softwareGpu, threads, kernels, recompute, precision }: {
  gpu: boolean;
  softwareGpu: boolean;
  threads: number | undefined;
  kernels: string | undefined;
  recompute: boolean;
  precision: string | undefined;
}): EngineChoice {
  if (gpu) {
    if (threads) throw new UsageError("--threads is for the CPU; leave out --gpu");
    const portable = kernels === "portable";
    if (portable && precision === "f16") {
      throw new UsageError("--precision f16 is an optional feature; leave out --kernels portable");
    }
    const refuseSoftware = !softwareGpu && !Deno.env.get(SOFTWARE_WANTED);
    const chosen = { portable, recompute, refuseSoftware };
    return { kind: "gpu", ...chosen, precision: precision as Precision | undefined };
  }
  const odd = softwareGpu
    ? "--software-gpu"
    : kernels
    ? "--kernels"
    : recompute
    ? "--recompute"
    : precision && "--precision";
  if (odd) throw new UsageError(`${odd} needs --gpu`);
  return { kind: "cpu", threads };
}

function requireOnlySweepFlags(file: string): void {
  const given = Deno.args.filter((arg) => arg.startsWith("--")).map((arg) => arg.split("=")[0]);
  const other = given.find((flag) => !SWEEP_FLAGS.includes(flag));
  if (other) throw new UsageError(`--sweep takes no ${other}; put it into ${file}`);
}

/** What both ways of training need of the command line. */
interface Call {
  place: Workspace;
  paths: RunPaths;
  name: string;
  engine: EngineChoice;
  overrides: Overrides;
}

async function begin(
  call: Call,
  { force, ...start }: Pick<NewRun, "preset" | "initFrom" | "adaptVocabulary"> & { force: boolean },
): Promise<void> {
  const { place, paths, name, engine, overrides } = call;
  const data = await readTrainingData(place);
  const { warnings, ...prepared } = await prepareNew(place, data, { name, overrides, ...start });
  await requireEngine(engine);
  for (const warning of warnings) console.error(`Adapted: ${warning}`);
  const result = await writing(paths, async () => {
    const kept = await makeRoom(paths, force);
    if (kept) {
      console.error(
        `The previous run "${name}" is kept as "${kept}"; to go on with it instead: ` +
          command(call, "train --resume", kept),
      );
    }
    using _lock = await lockRun(paths);
    await describeRun(place, paths, prepared.config);
    return await runSession(prepared, data, paths, engine);
  });
  report(call, prepared.config, result);
}

async function countBigrams(
  place: Workspace,
  name: string,
  overrides: Overrides,
  force: boolean,
): Promise<void> {
  const paths = place.run(name);
  const run = await prepareBigram(place, await readTrainingData(place), name, overrides);
  await writing(paths, async () => {
    await makeRoom(paths, force);
    using _lock = await lockRun(paths);
    await writeBigram(paths, run);
  });
  console.log(
    `validation loss ${run.config.baseline.bigram.toFixed(4)} nats per token
Log and curves lie in ${paths.root}; compare runs with: deno task watch`,
  );
}

async function resume(call: Call): Promise<void> {
  const { place, paths, engine, overrides } = call;
  const { preset } = await readRunConfig(paths); // before the lock makes the folder
  if (preset as string === BIGRAM) {
    throw new UsageError(
      `Run "${call.name}" is a counted baseline, which has no steps to go on with; ` +
        `count it again with --preset ${BIGRAM} --force`,
    );
  }
  await requireEngine(engine);
  using _lock = await writing(paths, () => lockRun(paths));
  const data = await readTrainingData(place);
  const { changes, ...prepared } = await prepareResumed(place, data, paths, overrides);
  const { config, state } = prepared;
  if (!state!.phase && state!.step >= config.train.steps) {
    console.log(
      `Run "${call.name}" has done its ${format(config.train.steps)} steps; ` +
        `give a larger --steps to go on.\nNext: ${command(call, "calibrate")}`,
    );
    return;
  }
  if (changes.length > 0) console.error(`Changed: ${changes.join(", ")}`);
  const result = await writing(paths, async () => {
    await writeJson(paths.config, config);
    return await runSession(prepared, data, paths, engine);
  });
  report(call, config, result);
}

/** The last words: how good, where it lies, what to do next. */
function report(
  call: Call,
  { baseline, data }: RunConfig,
  { state, outcome }: TrainingResult,
): void {
  if (outcome === "interrupted") {
    throw new Interrupted(
      `Stopped after step ${state.step}${state.phase ? " of the public texts" : ""}; go on with: ${
        command(call, "train --resume")
      }`,
    );
  }
  console.log(
    `validation loss ${state.bestLoss!.toFixed(4)} nats per token at step ${state.bestStep}; ` +
      `bigram baseline of the same tokens ${baseline.bigram.toFixed(4)}
Checkpoints, log, curves and samples lie in ${call.paths.root}
Next: ${
        data.train.path === call.place.publicTokens
          ? `where the notes are, deno task tokenize --tokenizer ${call.paths.root}, then ` +
            `deno task train --init-from ${call.paths.root}`
          : command(call, "calibrate")
      }`,
  );
}

/** A command to paste, with the flags that are not at their defaults. */
function command({ place, name }: Call, task: string, run = name): string {
  return `deno task ${task}` + (run === DEFAULT_RUN ? "" : ` --run ${run}`) +
    (place.root === "data" ? "" : ` --data ${place.root}`);
}

await runTask(task);
