/** Pieces of a report page. Everything that is not `Html` already is escaped. */

/** A string that is safe to put into a page as it is. */
export class Html {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

export type Content = Html | string | number | readonly Content[];

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** `content` as HTML text; strings and numbers are escaped. */
export function escape(content: Content): string {
  if (content instanceof Html) return content.text;
  if (typeof content === "object") return content.map(escape).join("");
  return String(content).replace(/[&<>"]/g, (char) => entities[char]);
}

/**
 * Tagged template that escapes what is put in.
 *
 * ```ts
 * html`<b>${"a < b"}</b>`.text; // <b>a &lt; b</b>
 * ```
 */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(escape)));
}

export interface Column {
  title: string;
  /** Numbers stand right-aligned in figures of equal width. */
  align?: "left" | "right";
}

export interface TableOptions {
  caption?: Content;
  columns: readonly (string | Column)[];
  rows: readonly (readonly Content[])[];
}

/** A table; a column whose cells are all numbers is right-aligned unless it says otherwise. */
export function table({ caption, columns, rows }: TableOptions): Html {
  const declared = columns.map((column) => typeof column === "string" ? { title: column } : column);
  const aligns = declared.map(({ align }: Column, index) =>
    align ?? (rows.length > 0 && rows.every((row) => isNumeric(row[index])) ? "right" : "left")
  );
  const cell = (tag: string, content: Content, index: number) =>
    `<${tag}${aligns[index] === "right" ? ' class="number"' : ""}>${escape(content)}</${tag}>`;
  const head = declared.map(({ title }, index) => cell("th", title, index)).join("");
  const body = rows
    .map((row) => `<tr>${row.map((content, index) => cell("td", content, index)).join("")}</tr>`)
    .join("\n");
  const title = caption === undefined ? "" : `<caption>${escape(caption)}</caption>`;
  const label = caption === undefined
    ? `Table of ${declared.map(({ title }) => title).join(", ")}`
    : escape(caption).replace(/<[^>]*>/g, "");
  // A table may be wider than the page: its scrolling box has to be reachable by keyboard.
  return new Html(
    `<div class="table" tabindex="0" role="group" aria-label="${
      escape(new Html(label.replaceAll('"', "&quot;")))
    }"><table>${title}<thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`,
  );
}

const isNumeric = (content: Content | undefined) =>
  typeof content === "number" ||
  (typeof content === "string" && /^[-−+]?[\d,.]+( ?[%×]| [kMG]?B)?$/.test(content));

/** A chart with its caption. `svg` comes from `renderChart(...).inline`. */
export function figure(svg: Html, caption: Content): Html {
  return html`<figure>${svg}<figcaption>${caption}</figcaption></figure>`;
}

export interface Stat {
  label: string;
  value: string;
  /** A few words below: how the number is meant, or what it compares to. */
  note?: Content;
}

/** The figures a reader should leave with, in a row of tiles. */
export function tiles(stats: readonly Stat[]): Html {
  const items = stats.map(({ label, value, note }) =>
    html`<div class="tile"><dt>${label}</dt><dd>${value}</dd>${
      note === undefined ? "" : html`<dd class="note">${note}</dd>`
    }</div>`
  );
  return html`<dl class="tiles">${items}</dl>`;
}

/** Short name: value lines. */
export function facts(pairs: readonly (readonly [name: string, value: Content])[]): Html {
  return html`<dl class="facts">${
    pairs.map(([name, value]) =>
      html`
        <div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>`;
}

/** A remark that a reader must not miss. */
export const notice = (content: Content): Html => html`<p class="notice">${content}</p>`;

/** A failure, in red and in plain words. */
export const problem = (content: Content): Html => html`<p class="notice problem">${content}</p>`;

/** What the numbers amount to, one sentence each. */
export const findings = (items: readonly Content[]): Html =>
  html`<ul class="findings">${items.map((item) => html`<li>${item}</li>`)}</ul>`;

/** A number with a small bar behind it, for shares between 0 and 1 in table cells. */
export function share(value: number, text = `${(value * 100).toFixed(1)}%`): Html {
  const width = Math.max(0, Math.min(1, value)) * 100;
  return new Html(
    `<span class="share"><i style="width:${width.toFixed(1)}%"></i><b>${escape(text)}</b></span>`,
  );
}
