import { assertEquals } from "@std/assert";
import { cleanText, originalCleanUp } from "../../pipeline/ingest/clean/clean_text.ts";
import { decodeText } from "../../pipeline/ingest/clean/decode_text.ts";

Deno.test("plain text passes unchanged", () => {
  const text = " \nName:  ___   Unit No:   ___\n\tHgb-11.9* 5'4\" ~ 98.6\n";
  assertEquals(cleanText(text), { text, repairs: [], replacementCharacters: 0 });
});

Deno.test("good text beyond ASCII passes unchanged", () => {
  const text = "38.5°, µg, naïve, “quoted” – dash, Ångström, São, 😀, Â and Ã alone, café”–";
  assertEquals(cleanText(text).text, text);
  assertEquals(cleanText(text).repairs, []);
});

Deno.test("UTF-8 that was read as Windows-1252 is turned back", () => {
  const wrong = (text: string) =>
    new TextDecoder("windows-1252").decode(new TextEncoder().encode(text));
  for (const text of ["patient’s", "38.5°", "5 µg", "naïve", "– and —", "“so”", "€", "é à ü"]) {
    assertEquals(cleanText(wrong(text)), { text, repairs: ["mojibake"], replacementCharacters: 0 });
  }
});

Deno.test("control characters, line breaks and marks are repaired and named", () => {
  assertEquals(cleanText("a\0b\x07c"), {
    text: "abc",
    repairs: ["control"],
    replacementCharacters: 0,
  });
  assertEquals(cleanText("a\r\nb\rc\nd").text, "a\nb\nc\nd");
  assertEquals(cleanText("a\r\nb\rc\nd").repairs, ["newlines"]);
  assertEquals(cleanText("\ufeffa\u200bb").text, "ab");
  assertEquals(cleanText("\ufeffa\u200bb").repairs, ["mark"]);
  assertEquals(cleanText("lost \ufffd\ufffd").replacementCharacters, 2);
});

Deno.test("single bytes that are not UTF-8 are Windows-1252, the rest of the text stays", () => {
  const bytes = new Uint8Array([
    0x93,
    0x61,
    0x94,
    0x20,
    0xc3,
    0xa9,
    0x20,
    0xb0,
    0x20,
    0xe2,
    0x80,
    0x99,
  ]);
  assertEquals(decodeText(bytes), { text: "“a” é ° ’", decodedAsCp1252: true });
  assertEquals(decodeText(new TextEncoder().encode("é")), { text: "é", decodedAsCp1252: false });
});

Deno.test("the original clean-up leaves 37 symbols", () => {
  assertEquals(
    originalCleanUp("  Pt. is a ___ y/o Café-owner;\nHgb-11.9* "),
    "pt is a y o cafe owner hgb 11 9",
  );
  assertEquals(originalCleanUp("\n--- ___\n"), "");
});
