/**
 * Reads knowledge files: `key: value` fields, then `== rule` blocks, one or many entries a file.
 * The format is described in README.md beside this file.
 */

import { type Compiler, type Mentions, noMentions, type Rule, type RuleKind } from "./grammar.ts";

export interface Entry {
  name: string;
  /** File and line where the entry begins, for error messages. */
  where: string;
  fields: Map<string, string[]>;
  rules: Map<string, Rule>;
  mentions: Mentions;
}

/** A mistake in a knowledge file, with file and line. */
export class KnowledgeError extends SyntaxError {
  override name = "KnowledgeError";
}

const ruleKinds: Record<string, RuleKind> = {
  "": "one",
  "&": "sentences",
  "*": "lines",
  "!": "memo",
  "!!": "trait",
};

/** The entries of one file. Without a `=== name` line the file is one entry called `fileName`. */
export function parseEntries(
  text: string,
  fileName: string,
  compiler: Compiler,
): Entry[] {
  const entries: Entry[] = [];
  let entry: Entry | undefined;
  let rule: Rule | undefined;
  const begin = (name: string, line: number) => {
    entry = {
      name,
      where: `${fileName}:${line}`,
      fields: new Map(),
      rules: new Map(),
      mentions: noMentions(),
    };
    entries.push(entry);
    compiler.mentions = entry.mentions;
    rule = undefined;
    return entry;
  };
  for (const { line, text: body } of logicalLines(text)) {
    const fail = (why: string) => new KnowledgeError(`Cannot read ${fileName}:${line}: ${why}`);
    const heading = /^===\s*([a-z][a-z0-9_]*)$/.exec(body);
    if (heading) {
      begin(heading[1], line);
      continue;
    }
    const current = entry ?? begin(fileName.replace(/^.*\//, "").replace(/\.txt$/, ""), line);
    const block = /^==\s*([a-z][a-z0-9_.]*)\s*([&*]|!{0,2})$/.exec(body);
    if (block) {
      const [, name, kind] = block;
      if (current.rules.has(name)) throw fail(`rule "${name}" is there twice`);
      rule = { name, kind: ruleKinds[kind], lines: [] };
      current.rules.set(name, rule);
    } else if (body.startsWith("==")) {
      throw fail(
        `expected "== name", "== name &", "== name *", "== name !" or "== name !!", found "${body}"`,
      );
    } else if (rule) {
      try {
        rule.lines.push(compiler.line(body));
      } catch (error) {
        throw fail((error as Error).message);
      }
    } else {
      const field = /^([a-z][a-z_]*):\s*(.*)$/.exec(body);
      if (!field) throw fail(`expected "key: value" before the first "== rule", found "${body}"`);
      const values = current.fields.get(field[1]);
      if (values) values.push(field[2]);
      else current.fields.set(field[1], [field[2]]);
    }
  }
  return entries;
}

/** Lines without comments and blanks; an indented line continues the one before it. */
function logicalLines(text: string): { line: number; text: string }[] {
  const lines: { line: number; text: string }[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const body = raw.trim();
    if (body === "" || body.startsWith("//")) continue;
    const previous = lines.at(-1);
    if (/^\s/.test(raw) && previous) previous.text += ` ${body}`;
    else lines.push({ line: index + 1, text: body });
  }
  return lines;
}
