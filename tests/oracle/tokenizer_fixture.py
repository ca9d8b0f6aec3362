"""Writes tests/fixtures/tokenizer.json: what Hugging Face `tokenizers` learns and encodes.

    deno run tests/tokenize/oracle_input.ts |
      python tests/oracle/tokenizer_fixture.py > tests/fixtures/tokenizer.json

Reads from stdin, as JSON, the pre-tokenization pattern and the tokenizer.json of `--kind char`. The
corpus is made here from a few dozen words and phrases of our own; the other encoded strings are
random Unicode from a fixed seed.
"""

import json
import random
import sys

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

VOCAB_SIZE = 700

SUBJECTS = ["The patient", "He", "She", "___", "Mr. ___", "Ms. ___"]
VERBS = ["denies", "reports", "was given", "was started on", "tolerated", "complains of", "received"]
OBJECTS = [
    "chest pain", "shortness of breath", "furosemide 40 mg PO BID", "metoprolol 12.5 mg daily",
    "a low-salt diet", "nausea", "fever to 101.3°F", "heparin 5,000 units SC TID", "O2 2L NC",
    "K+ 3.1 repleted", "INR 2.4", "q6h neuro checks", "pain 7/10", "naïve therapy", "½ tablet",
]
ENDS = [".", ". ", ", improved.", "; see below.", " ___.", " (resolved).", " - stable\n", ".\n \n"]
HEADERS = ["HPI:\n", "ASSESSMENT AND PLAN:\n", "Discharge Medications:\n1. ", "LABS: WBC-9.1* Hgb-11.2*\n"]
ALPHABET = "abYZİK 019_-/.,:*'\"<|>\n\r\t\0é°µ’中🙂\u00a0\u2028\u0301\ufeff\u0660"


def note(rng: random.Random) -> str:
    """A note of 3 to 20 sentences."""
    parts = [rng.choice(HEADERS)]
    for _ in range(rng.randint(3, 20)):
        parts += [rng.choice(SUBJECTS), " ", rng.choice(VERBS), " ", rng.choice(OBJECTS), rng.choice(ENDS)]
    return "".join(parts)


def random_string(rng: random.Random) -> str:
    """Up to 20 characters: half from a small alphabet, half from all of Unicode."""
    def character() -> str:
        if rng.random() < 0.7:
            return rng.choice(ALPHABET)
        code = rng.choice([0x80, 0x800, 0x10000, 0x110000])
        code = rng.randrange(code)
        return "?" if 0xD800 <= code < 0xE000 else chr(code)
    return "".join(character() for _ in range(rng.randint(0, 20)))


def main() -> None:
    given = json.load(sys.stdin)
    pattern, char = given["pattern"], Tokenizer.from_str(json.dumps(given["char"]))
    char.encode_special_tokens = True
    rng = random.Random(7)
    corpus = [note(rng) for _ in range(60)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE, min_frequency=2, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    # The special token is for the boundaries between notes, not for text that spells it out.
    tokenizer.encode_special_tokens = True
    strings = [random_string(rng) for _ in range(400)] + ["<|endoftext|>", " <|endoftext|>\n"]
    json.dump({
        "made_by": f"tests/oracle/tokenizer_fixture.py, tokenizers {tokenizers.__version__}",
        "pattern": pattern,
        "vocab_size": VOCAB_SIZE,
        "corpus": corpus,
        "vocab": sorted(model["vocab"], key=model["vocab"].get),
        "merges": model["merges"],
        "encoded": [
            [text, tokenizer.encode(text).ids, char.encode(text).ids] for text in corpus[:5] + strings
        ],
    }, sys.stdout, separators=(",", ":"))
    print()


main()
