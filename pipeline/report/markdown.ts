/** Pieces of a Markdown page. */

/** A table; `columns` that start with ">" are right-aligned. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = columns.map((column) => column.replace(/^>/, ""));
  const rule = columns.map((column) => column.startsWith(">") ? "---:" : "---");
  return [head, rule, ...rows].map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n");
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** Text of a note or a model as code, on one line, so that no mark-up in it is read as such. */
export function code(text: string): string {
  const oneLine = text.replaceAll("\n", "⏎").replaceAll("`", "'");
  return oneLine.trim() === "" ? "` `" : `\`${oneLine}\``;
}

/** Thousands in groups. */
export const count = (value: number): string => Math.round(value).toLocaleString("en-US");

/** Decimal megabytes. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** "0.853 (0.84–0.87)": a value with its 95% interval. */
export function interval(
  { value, low, high }: { value: number; low: number; high: number },
  format: (value: number) => string,
): string {
  return `${format(value)} (${format(low)}–${format(high)})`;
}

/** Where the figures above come from. */
export const sourced = (...files: string[]): string =>
  `<sub>From ${[...new Set(files)].map((file) => `\`${file}\``).join(", ")}.</sub>`;
