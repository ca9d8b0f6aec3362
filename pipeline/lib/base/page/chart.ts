/** Vega-Lite charts as SVG, without a browser and without a DOM. */

import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { Html } from "./html.ts";
import { type Ink, theme, themeCss } from "./theme.ts";

export interface Chart {
  /** For a page that has the theme's variables. */
  inline: Html;
  /** A file of its own: brings the variables along and follows the viewer's light or dark. */
  file: string;
}

const FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif";

/** The colour of the theme to write into a specification; becomes a CSS variable in the SVG. */
export const ink = (name: Ink): string => theme[name].light;

const config = {
  background: "transparent",
  font: FONT,
  padding: 4,
  view: { stroke: "transparent" },
  axis: {
    labelColor: ink("muted"),
    titleColor: ink("muted"),
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: "normal",
    gridColor: ink("rule"),
    domainColor: ink("rule"),
    tickColor: ink("rule"),
    labelPadding: 4,
    titlePadding: 8,
  },
  axisY: { domain: false, ticks: false },
  axisX: { grid: false, labelAngle: 0 },
  legend: {
    labelColor: ink("ink"),
    titleColor: ink("muted"),
    labelFontSize: 11,
    titleFontSize: 12,
  },
  header: { labelColor: ink("ink"), titleColor: ink("muted") },
  title: { color: ink("ink"), fontSize: 13, anchor: "start", fontWeight: 600 },
  bar: { color: ink("series1") },
  line: { color: ink("series1"), strokeWidth: 2 },
  area: { color: ink("series1") },
  point: { color: ink("series1"), filled: true },
  rule: { color: ink("muted") },
  text: { color: ink("ink"), fontSize: 11 },
  range: {
    category: (["series1", "series2", "series3", "series4", "series5", "series6"] as const).map(
      ink,
    ),
  },
};

/**
 * Renders a Vega-Lite specification. Colours written as `ink("...")` follow the theme.
 * `description` says in words what the chart shows, for readers who do not see it.
 */
export async function renderChart(spec: object, description: string): Promise<Chart> {
  const compiled = compile({ ...spec, config } as TopLevelSpec);
  const view = new View(parse(compiled.spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  const themed = withVariables(accessible(svg, description));
  const style = `<style>${themeCss()} svg { background: var(--paper); }</style>`;
  return {
    inline: new Html(themed),
    file: themed.replace(/(<svg[^>]*>)/, `$1${style}`),
  };
}

/** Colours of the light theme in attributes become variables. */
function withVariables(svg: string): string {
  const names = new Map<string, string>(
    Object.entries(theme).map(([name, { light }]) => [light, name]),
  );
  return svg.replace(/"(#[0-9a-f]{6})"/g, (quoted, colour: string) => {
    const name = names.get(colour);
    return name === undefined ? quoted : `"var(--${name})"`;
  });
}

/** A label for screen readers, and no class names or fixed size that could clash in a page. */
function accessible(svg: string, description: string): string {
  const label = description.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
  return svg
    .replace(/^.*?<svg\b/s, `<svg role="img" aria-label="${label}"`)
    .replace(/ class="[^"]*"/g, "")
    .replace(/ aria-(roledescription|hidden)="[^"]*"/g, "");
}
