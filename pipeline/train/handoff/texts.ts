/** The files of a handoff folder that are written for people and for Azure. */

export interface HandoffTexts {
  name: string;
  folder: string;
  batchSize: number;
}

/** What train.py was proven with: see tests/oracle/handoff_torchrun.py. */
export const requirements = `torch>=2.4
transformers>=4.56
safetensors
accelerate
numpy
`;

export const readme = ({ name, folder, batchSize }: HandoffTexts): string =>
  `# Training run "${name}", handed off

Everything that PyTorch needs to train this model on one or several GPUs: the weights to start from
(\`initial/\`), tokenizer, tokens (\`train.bin\`, \`val.bin\`), configuration (\`run.json\`), \`train.py\`.
It needs no network. The tokens can be turned back into the notes they were made of: this folder is
as sensitive as they are, and so is the model that comes out of it.

\`\`\`sh
pip install -r requirements.txt
torchrun --standalone --nproc_per_node=8 train.py            # one machine, 8 GPUs
torchrun --standalone --nproc_per_node=2 train.py --cpu      # without GPUs
accelerate launch --multi_gpu --num_processes 8 train.py     # through Accelerate
az ml job create --file azureml-job.yml                      # Azure Machine Learning
\`\`\`

The batch of ${batchSize} sequences is split over the processes, so their number must divide it. The
training windows are the same, their order is not: it comes from another random generator. Started
again, the run goes on from \`output/last\`. When it is done, back in Nano Med GPT:

\`\`\`sh
deno task import ${folder} --run ${name}
deno task calibrate --run ${name}
deno task eval --run ${name}
\`\`\`
`;

export const azureJob = ({ name }: HandoffTexts): string =>
  `# Set compute, environment and the number of GPUs, then: az ml job create --file azureml-job.yml
# It uploads this folder, from which the notes can be read: only to a workspace that may hold them.
$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
display_name: nano-med-gpt-${name}
code: .
command: >-
  pip install -r requirements.txt &&
  python train.py --output \${{outputs.training}}
outputs:
  training:
    type: uri_folder
    mode: rw_mount
environment:
  image: mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04
compute: azureml:gpu-cluster
# Azure starts one process per GPU and tells each its rank, as torchrun does.
distribution:
  type: pytorch
  process_count_per_instance: 8
resources:
  instance_count: 1
`;
