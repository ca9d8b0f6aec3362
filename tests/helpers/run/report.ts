/** What `deno test` writes with --junit-path, as far as it is counted and timed here. */

export interface Case {
  file: string;
  name: string;
  seconds: number;
}

export interface Report {
  passed: number;
  failed: number;
  cases: Case[];
}

/** The report in `xml`; `undefined` where the process ended before it was whole. */
export function readReport(xml: string): Report | undefined {
  const head = /<testsuites[^>]*>/.exec(xml)?.[0];
  if (!head || !xml.trimEnd().endsWith("</testsuites>")) return undefined;
  const number = (tag: string, name: string) =>
    Number(new RegExp(` ${name}="([\\d.]+)"`).exec(tag)?.[1] ?? 0);
  const failed = number(head, "failures") + number(head, "errors");
  const cases: Case[] = [];
  for (const [, file, body] of xml.matchAll(/<testsuite name="([^"]*)"([^]*?)<\/testsuite>/g)) {
    for (const [tag, name] of body.matchAll(/<testcase name="([^"]*)"[^>]*>/g)) {
      cases.push({ file: unescape(file), name: unescape(name), seconds: number(tag, "time") });
    }
  }
  return { passed: number(head, "tests") - failed, failed, cases };
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

const unescape = (text: string) =>
  text.replace(
    /&(?:(lt|gt|quot|apos|amp)|#x([0-9a-f]+)|#(\d+));/gi,
    (_, name, hex, decimal) =>
      name ? ENTITIES[name] : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal)),
  );
