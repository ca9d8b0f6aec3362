"""Writes tests/fixtures/gpt2_tiny_muon.{json,safetensors}: what PyTorch's own Muon makes of the tiny
GPT-2 of gpt2_fixture.py, from the same weights and the same batches.

Run by hand, never by the tests:   python tests/oracle/muon_fixture.py
Needs torch 2.9 or later (torch.optim.Muon), transformers and safetensors.

torch.optim.Muon iterates in bfloat16. Here that name means float64, so that nothing is rounded, as
in the other fixture. It knows nothing of matrices side by side: it gets query, key and value as
parameters of their own.
"""

import json

import safetensors.torch
import torch
import transformers

from gpt2_fixture import FIXTURES, LEARNING_RATES, OPTIMIZER, initial_model, logits_and_loss, \
    named_parameters, token_batches

MOMENTUM = 0.95


def is_muons(name: str) -> bool:
    return name.startswith("h.") and name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight"))


def parts_of(name: str, tensor: torch.Tensor) -> list[torch.Tensor]:
    return list(tensor.chunk(3, dim=1)) if name.endswith("c_attn.weight") else [tensor]


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.bfloat16 = torch.float64
    model, batches = initial_model(), token_batches()
    named = named_parameters(model)
    parts = {
        name: [torch.nn.Parameter(part.detach().clone()) for part in parts_of(name, parameter)]
        for name, parameter in named.items() if is_muons(name)
    }
    others = [(name, p) for name, p in named.items() if name not in parts]
    decay = OPTIMIZER["weight_decay"]
    adamw = torch.optim.AdamW(
        [
            dict(params=[p for _, p in others if p.dim() >= 2], weight_decay=decay),
            dict(params=[p for _, p in others if p.dim() < 2], weight_decay=0.0),
        ],
        betas=(OPTIMIZER["beta1"], OPTIMIZER["beta2"]), eps=OPTIMIZER["adam_epsilon"],
    )
    muon = torch.optim.Muon(
        [part for list_ in parts.values() for part in list_],
        weight_decay=decay, momentum=MOMENTUM, nesterov=True, adjust_lr_fn="match_rms_adamw",
    )
    losses, norms = [], []
    for tokens, learning_rate in zip(batches, LEARNING_RATES, strict=True):
        model.zero_grad()
        _, loss = logits_and_loss(model, tokens)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), OPTIMIZER["max_grad_norm"])
        for name, list_ in parts.items():
            for part, gradient in zip(list_, parts_of(name, named[name].grad), strict=True):
                part.grad = gradient.clone()
        for optimizer in (adamw, muon):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate
            optimizer.step()
        with torch.no_grad():
            for name, list_ in parts.items():
                named[name].copy_(torch.cat([part.detach() for part in list_], dim=1))
        losses.append(loss.item())
        norms.append(norm.item())

    tensors = {f"trained.{name}": p.detach().float().contiguous() for name, p in named.items()}
    safetensors.torch.save_file(tensors, FIXTURES / "gpt2_tiny_muon.safetensors")
    versions = dict(
        torch=torch.__version__, transformers=transformers.__version__,
        safetensors=safetensors.__version__,
    )
    record = dict(
        made_by="tests/oracle/muon_fixture.py", versions=versions, momentum=MOMENTUM,
        losses=losses, grad_norms=norms,
    )
    (FIXTURES / "gpt2_tiny_muon.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
