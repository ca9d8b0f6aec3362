import { assertEquals } from "@std/assert";
import type { Completion } from "../../../worker/plugin/client.ts";
import { SuggestionSession } from "../../../worker/plugin/session.ts";

/** A session whose requests are answered by the test. */
function harness() {
  const asked: string[] = [];
  const shown: string[] = [];
  const waiting: ((texts: string[] | undefined) => void)[] = [];
  let cancelled = 0;
  const session = new SuggestionSession({
    complete({ before }) {
      asked.push(before);
      return new Promise<Completion[] | undefined>((resolve) =>
        waiting.push((texts) => resolve(texts?.map((text) => ({ text, confidence: 0.5 }))))
      );
    },
    cancel: () => cancelled++,
    show: (text) => {
      if (text !== (shown.at(-1) ?? "")) shown.push(text);
    },
  });
  const type = (before: string, after = "") => session.update({ before, after });
  const answer = async (update: Promise<void>, ...texts: string[]) => {
    waiting.shift()!(texts);
    await update;
  };
  return { session, asked, shown, waiting, type, answer, cancelled: () => cancelled };
}

Deno.test("typing what is suggested keeps the rest without a new request", async () => {
  const { session, asked, type, answer } = harness();
  await answer(type("no"), " acute distress");
  await type("no ");
  await type("no ac");
  assertEquals(session.suggestion, "ute distress");
  assertEquals(asked, ["no"]);
});

Deno.test("typing something else asks anew; the old suggestion is gone at once", async () => {
  const { session, asked, type, answer } = harness();
  await answer(type("no"), " acute distress");
  const update = type("no c");
  assertEquals(session.suggestion, "");
  await answer(update, "hronic pain");
  assertEquals(session.suggestion, "hronic pain");
  assertEquals(asked, ["no", "no c"]);
});

Deno.test("an alternative that fits takes over when the shown one no longer does", async () => {
  const { session, asked, type, answer } = harness();
  await answer(type("no"), " acute distress", " chronic pain", " chest pain");
  await type("no ch");
  assertEquals(session.suggestion, "ronic pain");
  assertEquals(session.alternatives, 2);
  assertEquals(asked.length, 1);
});

Deno.test("an answer that was overtaken is not shown", async () => {
  const { session, type, waiting } = harness();
  const first = type("a");
  const second = type("b");
  waiting[0]([{ text: "late" }.text]);
  waiting[1](["right"]);
  await Promise.all([first, second]);
  assertEquals(session.suggestion, "right");
});

Deno.test("accept gives all, acceptWord one word and keeps the rest once it is typed", async () => {
  const { session, asked, type, answer } = harness();
  await answer(type("no"), " acute distress.");
  assertEquals(session.acceptWord(), " acute");
  await type("no acute");
  assertEquals(session.suggestion, " distress.");
  assertEquals(session.accept(), " distress.");
  assertEquals(session.suggestion, "");
  assertEquals(asked.length, 1);
});

Deno.test("alternatives cycle both ways; one alone does not", async () => {
  const { session, type, answer } = harness();
  await answer(type("x"), "a", "b", "c");
  assertEquals(session.cycle(1), true);
  assertEquals(session.suggestion, "b");
  session.cycle(-1);
  session.cycle(-1);
  assertEquals(session.suggestion, "c");
  await answer(type("y"), "only");
  assertEquals(session.cycle(1), false);
});

Deno.test("a caret that moved, other text behind it, or none at all removes the suggestion", async () => {
  const { session, type, answer, cancelled } = harness();
  await answer(type("no"), " acute");
  void type("n");
  assertEquals(session.suggestion, "");
  const { session: other, type: typeOther, answer: answerOther } = harness();
  await answerOther(typeOther("no"), " acute");
  void typeOther("no", "text");
  assertEquals(other.suggestion, "");
  await session.update(undefined);
  assertEquals(cancelled() > 0, true);
});

Deno.test("a failed request shows nothing and asks nothing by itself", async () => {
  const { session, asked, type, waiting } = harness();
  const update = type("no");
  waiting[0](undefined);
  await update;
  assertEquals([session.suggestion, asked.length], ["", 1]);
});
