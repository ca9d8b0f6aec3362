// What tests/oracle/tokenizer_fixture.py needs to know of our tokenizers.

import { PATTERN } from "../../pipeline/tokenize/pre_tokenizer.ts";
import { charTokenizerJson } from "../../pipeline/tokenize/tokenizer_json.ts";

console.log(JSON.stringify({ pattern: PATTERN, char: charTokenizerJson() }));
