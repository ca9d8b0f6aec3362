/// <reference lib="dom" />

/** The page at `/check`: how to test from one's own page, and the same test from the worker's. */

import { check, type Finding } from "./check.ts";

const byId = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const token = byId<HTMLInputElement>("token");
const button = byId<HTMLButtonElement>("run");

byId("line").textContent = `await (await import("${location.origin}/check.js"))\n` +
  `  .check({ getToken: () => "the token that your page would send" });`;

function rowOf({ test, ok, says }: Finding): HTMLTableRowElement {
  const row = document.createElement("tr");
  for (const text of [test, ok ? "yes" : "no", says]) {
    row.append(Object.assign(document.createElement("td"), { textContent: text }));
  }
  return row;
}

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  byId("state").textContent = "Testing …";
  try {
    const findings = await check({ getToken: () => token.value || undefined });
    byId("rows").replaceChildren(...findings.map(rowOf));
    byId("findings").hidden = false;
    const bad = findings.find(({ ok }) => !ok);
    byId("state").textContent = bad ? `Not working: ${bad.test}.` : "All of it works from here.";
  } finally {
    button.disabled = false;
  }
});
