"""Times Hugging Face `tokenizers` for `deno task bench tokenize`; run by that task, never by the tests.

usage: tokenizer_bench.py NOTES.jsonl TOKENIZER.json THREADS
Answers each line of stdin with one JSON line: "encode" → all notes to ids, "hash" → SHA-256 of all
ids as uint16, "train" → a vocabulary of the size and pre-tokenization of TOKENIZER.json. `seconds` is
wall time, `cpu` that of all threads.
"""

import array
import hashlib
import json
import os
import sys
import time

notes_path, tokenizer_path, threads = sys.argv[1:4]
# Read once, by the Rust side, when it first works in parallel.
os.environ["RAYON_NUM_THREADS"] = threads
os.environ["TOKENIZERS_PARALLELISM"] = "true"

import tokenizers  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: E402

with open(notes_path, encoding="utf-8") as file:
    notes = [json.loads(line) for line in file]
tokenizer = Tokenizer.from_file(tokenizer_path)
# The end-of-text token stands between notes; a text that spells it out does not contain it.
tokenizer.encode_special_tokens = True
BATCH = 64


def encoded():
    """The ids of each note. Without offsets (`_fast`), which nobody needs here."""
    for start in range(0, len(notes), BATCH):
        for encoding in tokenizer.encode_batch_fast(notes[start:start + BATCH]):
            yield encoding.ids


def encode() -> dict:
    return {"tokens": sum(len(ids) for ids in encoded())}


def hash_ids() -> dict:
    sha256 = hashlib.sha256()
    for ids in encoded():
        sha256.update(array.array("H", ids).tobytes())
    return {"sha256": sha256.hexdigest()}


def train() -> dict:
    fresh = Tokenizer(models.BPE())
    fresh.pre_tokenizer = tokenizer.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=tokenizer.get_vocab_size(), min_frequency=2, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )
    fresh.train_from_iterator(notes, trainer, length=len(notes))
    merges = json.loads(fresh.to_str())["model"]["merges"]
    return {"same_merges": merges == json.loads(tokenizer.to_str())["model"]["merges"]}


for line in sys.stdin:
    job = {"encode": encode, "hash": hash_ids, "train": train}[line.strip()]
    wall, cpu = time.perf_counter(), time.process_time()
    result = job()
    print(json.dumps({
        **result,
        "seconds": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "version": tokenizers.__version__,
    }), flush=True)
