/** The frame of a report: one self-contained HTML file that opens without a network. */

import { type Content, escape } from "./html.ts";
import { themeCss } from "./theme.ts";
import css from "./page.css" with { type: "text" };

export interface Section {
  /** Anchor in the page. */
  id: string;
  title: string;
  /** One or two sentences that answer the section's question before the charts do. */
  lead?: Content;
  body: Content;
}

export interface Page {
  title: string;
  /** What was measured, when, with what. */
  subtitle: Content;
  /** Stands above the table of contents. */
  summary: Content;
  sections: readonly Section[];
  footer?: Content;
}

/**
 * The page as HTML text: light and dark by the reader's setting, light on paper. A content
 * security policy forbids every request, so the report cannot load or send anything.
 */
export function page({ title, subtitle, summary, sections, footer }: Page): string {
  const contents = sections.map(({ id, title }) => `<a href="#${id}">${escape(title)}</a>`);
  const body = sections.map(({ id, title, lead, body }) =>
    `<section id="${id}">
<h2>${escape(title)}</h2>
${lead === undefined ? "" : `<p class="lead">${escape(lead)}</p>`}
${escape(body)}
</section>`
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>
${themeCss()}
${css}</style>
</head>
<body>
<header>
<h1>${escape(title)}</h1>
<p class="subtitle">${escape(subtitle)}</p>
</header>
<main>
<section id="summary">
${escape(summary)}
</section>
<nav aria-label="Contents">${contents.join("")}</nav>
${body.join("\n")}
</main>
${footer === undefined ? "" : `<footer>${escape(footer)}</footer>`}
</body>
</html>
`;
}
