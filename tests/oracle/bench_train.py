"""One side of `deno task bench train`: PyTorch's training step. Run by that task, never by tests.

Hugging Face's GPT-2 with its default attention (SDPA), fused AdamW, gradient clipping, no compile.
Takes the bench's job as JSON; prints one JSON line.
"""

import json
import resource
import sys
import time

import torch
import transformers

args = json.loads(sys.argv[1])
torch.set_num_threads(args["threads"])
torch.manual_seed(1)
config = transformers.GPT2Config(**args["model"], bos_token_id=0, eos_token_id=0)
model = transformers.GPT2LMHeadModel(config)
model.train()
parameters = list(model.parameters())
optimizer = torch.optim.AdamW(
    [
        dict(params=[p for p in parameters if p.dim() >= 2], weight_decay=0.1),
        dict(params=[p for p in parameters if p.dim() < 2], weight_decay=0.0),
    ],
    lr=1e-3, betas=(0.9, 0.95), fused=True,
)
shape = (args["batch"], args["model"]["n_positions"] + 1)
seconds, cpu_seconds = [], []
for step in range(args["warmup"] + args["steps"]):
    tokens = torch.randint(0, args["model"]["vocab_size"], shape)
    start, cpu = time.perf_counter(), time.process_time()
    logits = model(input_ids=tokens[:, :-1], use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    loss.item()
    if step >= args["warmup"]:
        seconds.append(time.perf_counter() - start)
        cpu_seconds.append(time.process_time() - cpu)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
version = f"torch {torch.__version__}, transformers {transformers.__version__}"
print(json.dumps(dict(seconds=seconds, cpu_seconds=cpu_seconds, peak=peak, version=version)))
