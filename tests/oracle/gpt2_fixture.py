"""Writes tests/fixtures/gpt2_tiny.{json,safetensors}: what PyTorch computes for a tiny GPT-2.

Run by hand, never by the tests:   python tests/oracle/gpt2_fixture.py
Needs torch, transformers and safetensors; their versions are recorded in the JSON.

The initial parameters are float32 values, so that every engine starts from exactly the same ones.
From there PyTorch computes in float64 and rounds once, when it writes: the fixture is the truth
and not another float32 opinion. The float32 losses stand beside it to show what rounding costs.
"""

import json
import pathlib

import numpy
import safetensors
import safetensors.torch
import torch
import transformers

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
# Sizes that share no factors with a tile (vocabulary 67, context 24, batch 3: ragged everywhere).
CONFIG = dict(
    vocab_size=67, n_positions=24, n_embd=32, n_layer=2, n_head=4,
    embd_pdrop=0.0, attn_pdrop=0.0, resid_pdrop=0.0,
    layer_norm_epsilon=1e-5, initializer_range=0.02,
)
BATCH_SIZE = 3
STEPS = 10
# Some of the ten gradient norms lie above max_grad_norm and some below: both branches are tested.
OPTIMIZER = dict(beta1=0.9, beta2=0.95, adam_epsilon=1e-8, weight_decay=0.1, max_grad_norm=2.0)
LEARNING_RATES = [0.001, 0.002, 0.004, 0.008, 0.01, 0.01, 0.009, 0.007, 0.004, 0.002]
SEED = 20261123


def initial_model() -> transformers.GPT2LMHeadModel:
    """Far larger weights than GPT-2's initialisation, and no bias 0 or gain 1: with those, errors
    in attention, GELU and LayerNorm would hide below the rounding."""
    config = transformers.GPT2Config(**CONFIG, bos_token_id=0, eos_token_id=0)
    model = transformers.GPT2LMHeadModel._from_config(config, attn_implementation="eager")
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            gain = ".ln_" in name and name.endswith("weight")
            parameter.copy_(1 + 0.2 * noise if gain else 0.15 * noise)
    return model.double().train()


def token_batches() -> torch.Tensor:
    """(STEPS, BATCH_SIZE, n_positions + 1) tokens with something to learn: mostly t -> 5 t + 3."""
    generator = torch.Generator().manual_seed(SEED + 1)
    vocabulary = CONFIG["vocab_size"]
    shape = (STEPS, BATCH_SIZE, CONFIG["n_positions"] + 1)
    random = torch.randint(0, vocabulary, shape, generator=generator)
    surprise = torch.rand(shape, generator=generator) < 0.3
    tokens = random.clone()
    for position in range(1, shape[2]):
        rule = (5 * tokens[:, :, position - 1] + 3) % vocabulary
        tokens[:, :, position] = torch.where(surprise[:, :, position], random[:, :, position], rule)
    return tokens


def named_parameters(model):
    """Parameters under the names of pipeline/lib/gpt/model/parameters.ts; the tied head appears once."""
    return {
        name.removeprefix("transformer."): parameter for name, parameter in model.named_parameters()
    }


def logits_and_loss(model, tokens):
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    logits = model(input_ids=inputs, use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    return logits, loss


def optimizer_of(model) -> torch.optim.AdamW:
    parameters = list(model.parameters())
    groups = [
        dict(params=[p for p in parameters if p.dim() >= 2], weight_decay=OPTIMIZER["weight_decay"]),
        dict(params=[p for p in parameters if p.dim() < 2], weight_decay=0.0),
    ]
    betas = (OPTIMIZER["beta1"], OPTIMIZER["beta2"])
    return torch.optim.AdamW(groups, betas=betas, eps=OPTIMIZER["adam_epsilon"])


def train(model, batches):
    """Losses and unclipped gradient norms of STEPS AdamW steps."""
    optimizer = optimizer_of(model)
    losses, norms = [], []
    for tokens, learning_rate in zip(batches, LEARNING_RATES, strict=True):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate
        optimizer.zero_grad()
        _, loss = logits_and_loss(model, tokens)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), OPTIMIZER["max_grad_norm"])
        optimizer.step()
        losses.append(loss.item())
        norms.append(norm.item())
    return losses, norms


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model, batches = initial_model(), token_batches()
    initial = {name: p.detach().clone() for name, p in named_parameters(model).items()}

    logits, loss = logits_and_loss(model, batches[0])
    loss.backward()
    gradients = {name: p.grad.clone() for name, p in named_parameters(model).items()}
    norm = torch.sqrt(sum((g**2).sum() for g in gradients.values()))

    losses, norms = train(model, batches)
    trained = {name: p.detach() for name, p in named_parameters(model).items()}

    single = initial_model().float()
    losses_float32, _ = train(single, batches)

    tensors = {"batches": batches.to(torch.int32), "logits": logits.detach().float()}
    for group, values in (("parameters", initial), ("gradients", gradients), ("trained", trained)):
        tensors |= {f"{group}.{name}": value.float().contiguous() for name, value in values.items()}
    safetensors.torch.save_file(tensors, FIXTURES / "gpt2_tiny.safetensors")
    versions = dict(
        torch=torch.__version__, transformers=transformers.__version__,
        safetensors=safetensors.__version__, numpy=numpy.__version__,
    )
    record = dict(
        made_by="tests/oracle/gpt2_fixture.py", versions=versions, seed=SEED, config=CONFIG,
        optimizer=OPTIMIZER, learning_rates=LEARNING_RATES,
        loss=loss.item(), grad_norm=norm.item(),
        losses=losses, grad_norms=norms, losses_float32=losses_float32,
    )
    (FIXTURES / "gpt2_tiny.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
