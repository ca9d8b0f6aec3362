import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { type LogEntry, readLog, RunLog } from "../../pipeline/train/log.ts";
import { inFolder } from "../helpers/in_folder.ts";

const entry = (step: number): LogEntry => ({
  kind: "train",
  step,
  tokens: step * 10,
  loss: 1 / 3 + step,
  gradNorm: 0.1 + 0.2,
  learningRate: 1e-3,
  tokensPerSecond: 5,
});

Deno.test(
  "entries come back with every digit",
  inFolder(async (folder) => {
    const path = join(folder, "log.jsonl");
    const log = await RunLog.open(path, 0);
    await log.append(entry(1), entry(2));
    log.close();
    assertEquals(await readLog(path), [entry(1), entry(2)]);
  }),
);

Deno.test(
  "going on after a step drops later lines and a torn one",
  inFolder(async (folder) => {
    const path = join(folder, "log.jsonl");
    const first = await RunLog.open(path, 0);
    await first.append(entry(1), entry(2), entry(3));
    first.close();
    await Deno.writeTextFile(path, '{"kind":"train","step":4,"lo', { append: true });
    assertEquals((await readLog(path)).length, 3);
    const second = await RunLog.open(path, 2);
    assertEquals(second.entries, [entry(1), entry(2)]);
    await second.append(entry(3));
    second.close();
    assertEquals(await readLog(path), [entry(1), entry(2), entry(3)]);
  }),
);

Deno.test(
  "there is no log before the first run",
  inFolder(async (folder) => {
    assertEquals(await readLog(join(folder, "log.jsonl")), []);
  }),
);
