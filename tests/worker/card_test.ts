import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { cardHtml } from "../../worker/host/card.ts";

Deno.test("a model card is HTML without its header", () => {
  const html = cardHtml(
    "---\nlibrary_name: transformers.js\n---\n\n# nano\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> read it\n",
  );
  assertFalse(html.includes("library_name"));
  for (const part of ["<h1>nano</h1>", "<td>1</td>", "<blockquote>"]) {
    assertStringIncludes(html, part);
  }
});

Deno.test("what a card quotes is shown, and does nothing", () => {
  const html = cardHtml(
    'because: <script>alert(1)</script> <img src=x onerror=alert(1)>\n\n[x](javascript:alert(1)) ![y](https://evil.example/p.png) [z](https://a.example/"><b>)',
  );
  assertFalse(/<script|<img|javascript:|<b>/.test(html), html);
  assertStringIncludes(html, "&#60;script&#62;");
  assertEquals(cardHtml(""), "");
});
