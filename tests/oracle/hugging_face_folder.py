"""Writes tests/fixtures/hugging_face/: GPT-2 folders as transformers saves them, and its logits.

Run by hand, never by the tests:   python tests/oracle/hugging_face_folder.py
Needs deno, torch and transformers; their versions are recorded in expected.json.

single/   one float32 file        sharded/  the same model in several files with an index
half/     the same in bfloat16    bare/     a GPT2Model without its head and prefix
untied/   another model with an output head of its own
expected.json: logits of the first model, and those that transformers computes from a checkpoint
written by this project (tests/lib/gpt/model/oracle_checkpoint.ts), with the hashes of its files.
"""

import hashlib
import json
import pathlib
import shutil
import subprocess
import tempfile

import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "fixtures" / "hugging_face"
CONFIG = dict(vocab_size=31, n_positions=10, n_embd=12, n_layer=2, n_head=3, bos_token_id=30, eos_token_id=30)


def model(**changes) -> transformers.GPT2LMHeadModel:
    torch.manual_seed(20261123)
    generator = torch.Generator().manual_seed(20261124)
    made = transformers.GPT2LMHeadModel(transformers.GPT2Config(**CONFIG, **changes)).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return made


def logits(of: transformers.GPT2LMHeadModel, tokens: list[int]) -> list[float]:
    with torch.no_grad():
        return of(input_ids=torch.tensor([tokens])).logits.flatten().tolist()


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    tied = model()
    tied.save_pretrained(OUT / "single")
    tied.save_pretrained(OUT / "sharded", max_shard_size="8KB")
    tied.transformer.save_pretrained(OUT / "bare")
    model().to(torch.bfloat16).save_pretrained(OUT / "half")
    model(tie_word_embeddings=False).save_pretrained(OUT / "untied")
    tokens = [30, 1, 2, 17, 5, 5, 29, 0, 11, 3]
    with tempfile.TemporaryDirectory() as folder:
        ours = pathlib.Path(folder) / "checkpoint"
        subprocess.run(["deno", "run", "-A", ROOT / "lib" / "gpt" / "model" / "oracle_checkpoint.ts", ours], check=True)
        loaded, info = transformers.GPT2LMHeadModel.from_pretrained(ours, output_loading_info=True)
        assert not any(info.values()), info
        assert loaded.config.tie_word_embeddings and loaded.config.eos_token_id == 28
        our_tokens = [28, 1, 2, 17, 5, 5, 27, 0, 11, 3, 9, 4]
        from_ours = dict(
            tokens=our_tokens,
            logits=logits(loaded.eval(), our_tokens),
            sha256={
                name: hashlib.sha256((ours / name).read_bytes()).hexdigest()
                for name in ("model.safetensors", "config.json")
            },
        )
    expected = dict(
        versions=dict(torch=torch.__version__, transformers=transformers.__version__),
        tokens=tokens,
        logits=logits(tied, tokens),
        from_ours=from_ours,
    )
    (OUT / "expected.json").write_text(json.dumps(expected) + "\n")


main()
