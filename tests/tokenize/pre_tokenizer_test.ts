// The scanner over bytes and the regular expression in tokenizer.json are two forms of one thing.

import { assertEquals } from "@std/assert";
import { PATTERN, preTokenEnd } from "../../pipeline/tokenize/pre_tokenizer.ts";
import { RandomText } from "./random_text.ts";

const utf8 = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

function scan(text: string): string[] {
  const bytes = utf8.encode(text);
  const words: string[] = [];
  for (let start = 0, end; start < bytes.length; start = end) {
    end = preTokenEnd(bytes, start, bytes.length);
    words.push(decoder.decode(bytes.subarray(start, end)));
  }
  return words;
}

Deno.test("pre-tokens of a note", () => {
  const expected: [string, string][] = [
    ["Pt ___ on 12.5mg/dL", "Pt| ___| on| 1|2|.5|mg|/dL"],
    ["Hgb-11.2* ___.", "Hgb|-1|1|.2|*| ___|."],
    ["seen. \n \nHPI:\nPt", "seen|.| \n \n|HPI|:\n|Pt"],
    ["(q6h) -\r\n\r\n", "(q|6|h|)| -\r\n\r\n"],
    ["   - 98.6°F", "  | -| 9|8|.6|°F"],
    ["\t\tpatient's  ___", "\t|\tpatient|'s| | ___"],
    ["", ""],
  ];
  for (const [text, words] of expected) assertEquals(scan(text).join("|"), words);
});

Deno.test("the scanner splits where the regular expression does", () => {
  const pattern = new RegExp(PATTERN, "gu");
  const random = new RandomText(1);
  for (let i = 0; i < 20_000; i++) {
    const text = random.next(12);
    assertEquals(scan(text), [...text.match(pattern) ?? []], JSON.stringify(text));
  }
});

Deno.test("every single code point and every pair of ASCII characters is split alike", () => {
  const pattern = new RegExp(PATTERN, "gu");
  for (let code = 0; code < 0x110000; code += code < 0x3000 ? 1 : 17) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const text = `a${String.fromCodePoint(code)} 1`;
    assertEquals(scan(text), [...text.match(pattern)!], code.toString(16));
  }
  for (let pair = 0; pair < 1 << 14; pair++) {
    const text = String.fromCharCode(pair >> 7, pair & 127);
    assertEquals(scan(text), [...text.match(pattern)!], JSON.stringify(text));
  }
});
