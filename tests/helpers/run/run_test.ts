import { assertEquals } from "@std/assert";
import { batchesOf } from "./batches.ts";
import { readReport } from "./report.ts";

Deno.test("every file is in one batch, the longest batch first, a long file alone", () => {
  const files = Array.from({ length: 40 }, (_, i) => `tests/${String(i).padStart(2, "0")}_test.ts`);
  const batches = batchesOf(files, { [files[7]]: 300 }, 2);
  assertEquals(batches.flatMap((batch) => batch.files).sort(), files);
  assertEquals(batches[0].files, [files[7]]);
  const seconds = batches.map((batch) => batch.seconds);
  assertEquals(seconds, seconds.toSorted((a, b) => b - a));
});

Deno.test("a report counts what passed and failed, and times each test", () => {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="1" errors="0" time="2">
    <testsuite name="./tests/a_test.ts" tests="3" disabled="0" errors="0" failures="1">
        <testcase name="less &lt; &quot;more&quot;" classname="./tests/a_test.ts" time="0.5" line="1"></testcase>
        <testcase name="two" classname="./tests/a_test.ts" time="1.5" line="2"></testcase>
        <testcase name="three" classname="./tests/a_test.ts" time="0.0" line="3"><failure/></testcase>
    </testsuite>
</testsuites>
`;
  const report = readReport(xml)!;
  assertEquals([report.passed, report.failed], [2, 1]);
  assertEquals(report.cases[0], { file: "./tests/a_test.ts", name: 'less < "more"', seconds: 0.5 });
});

Deno.test("a report that ends early is none", () => {
  assertEquals(readReport(""), undefined);
  assertEquals(readReport('<testsuites tests="1" failures="0" errors="0">\n'), undefined);
});
