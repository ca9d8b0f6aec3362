"""Writes tests/fixtures/optimum_gpt2: a tiny GPT-2 as Hugging Face optimum exports it, with a
key-value cache, in float32 and dynamically quantized, and what transformers computes with it.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install "optimum[exporters,onnxruntime]==1.16.2" \
        "transformers==4.36.2" "numpy<2" torch
    /tmp/venv/bin/python tests/oracle/optimum_fixture.py tests/fixtures/optimum_gpt2
"""

import json
import sys
from pathlib import Path

import onnxruntime
import optimum.version
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from optimum.exporters.onnx import main_export
from tokenizers import ByteLevelBPETokenizer

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
work = out / "work"
work.mkdir(exist_ok=True)

trainer = ByteLevelBPETokenizer()
text = ["The patient is a 45-year-old man with chest pain.", "She denies fever or chills."] * 3
trainer.train_from_iterator(text, vocab_size=280, min_frequency=2, special_tokens=["<|endoftext|>"])
trainer.save_model(str(work))
tokenizer = transformers.GPT2TokenizerFast(str(work / "vocab.json"), str(work / "merges.txt"))
tokenizer.save_pretrained(work)

torch.manual_seed(1)
config = transformers.GPT2Config(
    vocab_size=len(tokenizer), n_positions=64, n_embd=16, n_layer=2, n_head=2,
    bos_token_id=tokenizer.eos_token_id, eos_token_id=tokenizer.eos_token_id, initializer_range=0.6,
)
model = transformers.GPT2LMHeadModel(config).eval()
model.save_pretrained(work)
main_export(str(work), output=out, task="text-generation-with-past", framework="pt")

# Our decoder starts every document with the end-of-text token.
ids = [tokenizer.eos_token_id] + tokenizer("The patient is a woman with pain").input_ids
with torch.no_grad():
    logits = model(torch.tensor([ids])).logits[0, -1]
    greedy = model.generate(torch.tensor([ids]), max_new_tokens=12, do_sample=False)[0].tolist()
made_by = f"optimum {optimum.version.__version__}, transformers {transformers.__version__}, " \
    f"torch {torch.__version__}, onnxruntime {onnxruntime.__version__}"
expected = {"made_by": made_by, "ids": ids, "logits": logits.tolist(), "greedy": greedy[len(ids):]}
(out / "expected.json").write_text(json.dumps(expected) + "\n")

for path in out.glob("*.onnx"):
    if path.name == "model.onnx":
        quantize_dynamic(path, out / "model_quantized.onnx", weight_type=QuantType.QInt8)
for path in list(work.iterdir()):
    path.unlink()
work.rmdir()
