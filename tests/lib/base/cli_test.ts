import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  bytes,
  defineTask,
  duration,
  errorLine,
  format,
  helpText,
  nextCommand,
  parseFlags,
  UsageError,
} from "../../../pipeline/lib/base/cli.ts";

const task = defineTask({
  name: "brew",
  summary: "Brews.",
  positional: "BEAN...",
  flags: {
    "cup-size": { type: "integer", default: 2, min: 1, max: 4, help: "decilitres" },
    strength: { type: "string", choices: ["mild", "strong"], default: "mild", help: "how strong" },
    ratio: { type: "number", help: "water to coffee" },
    iced: { type: "boolean", help: "over ice" },
  },
  run() {},
});

Deno.test("flags: defaults, both spellings of a value, camelCase names, positionals as text", () => {
  const none = parseFlags(task, []);
  assertEquals(none.args, []);
  assertEquals(none.flags.cupSize, 2);
  assertEquals(none.flags.ratio, undefined);
  assertEquals(none.flags.iced, false);
  assertEquals(none.flags.data, "data");
  const some = parseFlags(task, ["007", "--cup-size", "3", "--strength=strong", "--iced"]);
  assertEquals(some.args, ["007"]);
  assertEquals(some.flags.cupSize, 3);
  assertEquals(some.flags.strength, "strong");
  assertEquals(some.flags.iced, true);
});

Deno.test("flags: one that another task has now names that task", () => {
  const moved = { ...task, moved: { roast: "roast" } };
  const error = assertThrows(() => parseFlags(moved, ["--roast", "dark"]), UsageError);
  assertStringIncludes(error.message, '--roast is a flag of "deno task roast" now');
  assertThrows(() => parseFlags(moved, ["--grind"]), UsageError, "Unknown flag --grind");
});

Deno.test("flags: each mistake is a usage error that names what came and what was expected", () => {
  const cases: [string[], string][] = [
    [["--cups", "3"], "Unknown flag --cups"],
    [["-x"], "Unknown flag -x"],
    [["--cup-size", "big"], `--cup-size is "big", expected an integer`],
    [["--cup-size", "2.5"], "expected an integer"],
    [["--cup-size", "0"], "expected at least 1"],
    [["--cup-size", "5"], "expected at most 4"],
    [["--cup-size"], "--cup-size needs a value"],
    [["--strength", "odd"], "expected one of mild, strong"],
    [["--ratio", "1", "--ratio", "2"], "--ratio was given 2 times"],
  ];
  for (const [argv, message] of cases) {
    const error = assertThrows(() => parseFlags(task, argv), UsageError);
    assertStringIncludes(error.message, message);
    assertStringIncludes(error.message, "deno task brew --help");
  }
  const closed = defineTask({ name: "brew", summary: "", flags: {}, run() {} });
  assertThrows(() => parseFlags(closed, ["bean"]), UsageError, `Unexpected argument "bean"`);
});

Deno.test("help names every flag with its default and choices", () => {
  const help = helpText(task);
  assertStringIncludes(help, "deno task brew BEAN... [flags]");
  assertStringIncludes(help, "--cup-size N");
  assertStringIncludes(help, "--strength mild|strong");
  assertStringIncludes(help, "how strong (default mild)");
  assertStringIncludes(help, "--data DIR");
  const empty = { section: { type: "string", default: "", help: "its name" } } as const;
  const plain = helpText(defineTask({ name: "brew", summary: "", flags: empty, run() {} }));
  assertStringIncludes(plain, "its name\n"); // not "its name (default )"
});

Deno.test("numbers, durations and sizes as people read them", () => {
  assertEquals([format(1234567), format(3), format(2.345)], ["1,234,567", "3", "2.3"]);
  assertEquals([duration(4.24), duration(59.6), duration(185), duration(7800)], [
    "4.2s",
    "1m00s",
    "3m05s",
    "2h10m",
  ]);
  assertEquals([bytes(999), bytes(1500), bytes(3.3e9)], ["999 B", "1.5 kB", "3.3 GB"]);
});

Deno.test("an error is one line", () => {
  assertEquals(errorLine(new RangeError("too far\nand more")), "error: too far");
  assertEquals(errorLine(new Error("")), "error: Error");
});

Deno.test("a task that fails exits 1 with one line on stderr; wrong usage exits 2", async () => {
  const script = `import { defineTask, runTask } from ${
    JSON.stringify(new URL("../../../pipeline/lib/base/cli.ts", import.meta.url).href)
  };
  await runTask(defineTask({ name: "boil", summary: "Boils.", flags: {},
    run() { throw new RangeError("Cannot boil: no water; fill the kettle"); } }));`;
  const run = async (...args: string[]) => {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--ext=ts", "-", ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      cwd: new URL("../../..", import.meta.url),
    });
    const child = command.spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(script));
    await writer.close();
    const { code, stderr, stdout } = await child.output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stderr: text(stderr), stdout: text(stdout) };
  };
  assertEquals(await run(), {
    code: 1,
    stderr: "error: Cannot boil: no water; fill the kettle\n",
    stdout: "",
  });
  assertEquals((await run("--hot")).code, 2);
  const help = await run("--help");
  assertEquals(help.code, 0);
  assertStringIncludes(help.stdout, "Usage: deno task boil");
});

Deno.test("the next command keeps the workspace and the run, quoted for a shell", () => {
  assertEquals(nextCommand("eda", { data: "data" }), "deno task eda");
  assertEquals(
    nextCommand("export", { run: "nano", data: "/srv/it's here" }),
    `deno task export --run nano --data '/srv/it'\\''s here'`,
  );
  assertEquals(
    nextCommand("train", { run: "latest", data: "d", "init-from": undefined }),
    "deno task train --data d",
  );
});
