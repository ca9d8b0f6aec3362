import { assertEquals, assertStringIncludes } from "@std/assert";
import { ink, renderChart } from "../../../../pipeline/lib/base/page/chart.ts";
import {
  facts,
  Html,
  html,
  notice,
  share,
  table,
  tiles,
} from "../../../../pipeline/lib/base/page/html.ts";
import { page } from "../../../../pipeline/lib/base/page/page.ts";

Deno.test("everything put into a page is escaped once", () => {
  const evil = `<script>"&`;
  const escaped = "&lt;script&gt;&quot;&amp;";
  assertEquals(html`<b>${evil}</b>`.text, `<b>${escaped}</b>`);
  assertEquals(html`<b>${html`<i>${evil}</i>`}</b>`.text, `<b><i>${escaped}</i></b>`);
  assertEquals(html`${[evil, 1, new Html("<br>")]}`.text, `${escaped}1<br>`);
  const whole = page({
    title: evil,
    subtitle: evil,
    summary: [
      tiles([{ label: evil, value: evil, note: evil }]),
      notice(evil),
      facts([[evil, evil]]),
    ],
    sections: [{
      id: "a",
      title: evil,
      lead: evil,
      body: table({ caption: evil, columns: [evil], rows: [[evil]] }),
    }],
    footer: evil,
  });
  assertEquals(whole.includes("<script"), false);
});

Deno.test("columns of numbers are right-aligned, words are not", () => {
  const { text } = table({
    columns: ["name", "count", { title: "share", align: "left" }],
    rows: [["a", "1,234", "5.0%"], ["b", 7, "< 0.1%"]],
  });
  assertStringIncludes(text, '<th>name</th><th class="number">count</th><th>share</th>');
  assertStringIncludes(text, '<td>b</td><td class="number">7</td><td>&lt; 0.1%</td>');
});

Deno.test("a wide table is reached by keyboard and named; tiles are a list of terms", () => {
  assertStringIncludes(
    table({ caption: html`Words <i>"x"</i>`, columns: ["a"], rows: [] }).text,
    'class="table" tabindex="0" role="group" aria-label="Words &quot;x&quot;"',
  );
  assertStringIncludes(
    tiles([{ label: "notes", value: "5", note: "of 2" }]).text,
    '<dt>notes</dt><dd>5</dd><dd class="note">of 2</dd>',
  );
});

Deno.test("a share's bar stays within its cell", () => {
  assertStringIncludes(share(1.7).text, "width:100.0%");
  assertStringIncludes(share(-1).text, "width:0.0%");
  assertStringIncludes(share(0.25).text, "25.0%");
});

Deno.test("a chart's colours follow the theme, and its description is read out", async () => {
  const chart = await renderChart({
    data: { values: [{ x: "a", y: 1 }] },
    mark: { type: "bar", color: ink("series2") },
    encoding: { x: { field: "x", type: "nominal" }, y: { field: "y", type: "quantitative" } },
  }, 'One "bar" <only>');
  assertStringIncludes(chart.inline.text, 'fill="var(--series2)"');
  assertStringIncludes(chart.inline.text, 'aria-label="One &#34;bar&#34; &#60;only&#62;"');
  assertEquals(chart.inline.text.includes("<style>"), false);
  assertStringIncludes(chart.file, "prefers-color-scheme: dark");
});
