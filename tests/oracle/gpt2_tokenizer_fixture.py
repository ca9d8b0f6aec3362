"""Writes tests/fixtures/gpt2_tokenizer/: a tokenizer built as GPT-2's is (ByteLevel with its own
pattern, end of text as the last id), and what Hugging Face `tokenizers` encodes with it.

    /path/to/python tests/oracle/gpt2_tokenizer_fixture.py
"""

import json
import pathlib

import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

tests = pathlib.Path(__file__).parent.parent
ours = json.loads((tests / "fixtures" / "tokenizer.json").read_text())
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
alphabet = pre_tokenizers.ByteLevel.alphabet()
trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
tokenizer.train_from_iterator(ours["corpus"], trainer)
tokenizer.add_special_tokens(["<|endoftext|>"])
folder = tests / "fixtures" / "gpt2_tokenizer"
folder.mkdir(exist_ok=True)
tokenizer.save(str(folder / "tokenizer.json"))
# As GPT-2's own file: the end of text stands in the vocabulary too.
path = folder / "tokenizer.json"
saved = json.loads(path.read_text())
saved["model"]["vocab"]["<|endoftext|>"] = tokenizer.token_to_id("<|endoftext|>")
path.write_text(json.dumps(saved, ensure_ascii=False, indent=1) + "\n")
texts = ours["corpus"][:40] + ["it's 1,000 mg\t\tPO  daily\n\n don't", "é 🙂 naïve", ""]
expected = {
    "tokenizers": tokenizers.__version__,
    "end_of_text": tokenizer.token_to_id("<|endoftext|>"),
    "encoded": [[text, tokenizer.encode(text).ids] for text in texts],
}
(folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")
