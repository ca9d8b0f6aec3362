import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { splitOf } from "../../pipeline/ingest/identity/split.ts";

Deno.test("the split of a patient is what the documented rule says", async () => {
  for (const id of ["10000032", "x", "patient-ü"]) {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(id));
    const percentile = new DataView(digest).getUint32(0) % 100;
    const expected = percentile < 90 ? "train" : percentile < 95 ? "val" : "test";
    assertEquals(splitOf(id), expected, id);
  }
});

Deno.test("splits take 90, 5 and 5 percent of the patients", () => {
  const count = { train: 0, val: 0, test: 0 };
  const patients = 20_000;
  for (let id = 0; id < patients; id++) count[splitOf(String(10_000_000 + id))]++;
  assertAlmostEquals(count.train / patients, 0.9, 0.01);
  assertAlmostEquals(count.val / patients, 0.05, 0.006);
  assertAlmostEquals(count.test / patients, 0.05, 0.006);
  assert(count.val > 0 && count.test > 0);
});
