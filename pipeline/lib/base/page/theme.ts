/**
 * Colours of reports and charts, once for light and once for dark. Charts refer to them as CSS
 * variables, so one SVG serves both.
 */

/** Series colours keep 3:1 against their paper and stay apart for the common colour blindnesses. */
export const theme = {
  paper: { light: "#ffffff", dark: "#14171c" },
  panel: { light: "#f5f7f9", dark: "#1d2128" },
  ink: { light: "#1c2430", dark: "#e4e8ee" },
  muted: { light: "#5b6675", dark: "#9aa5b4" },
  rule: { light: "#dde3ea", dark: "#323a45" },
  series1: { light: "#2166ac", dark: "#6cb0f0" },
  series2: { light: "#c2571a", dark: "#f2a367" },
  series3: { light: "#2f7f56", dark: "#74c99a" },
  series4: { light: "#7a4fa3", dark: "#c0a0e4" },
  series5: { light: "#8c6d00", dark: "#dbbf57" },
  series6: { light: "#a8326b", dark: "#ef8fba" },
  alarm: { light: "#b3261e", dark: "#ff8f85" },
} as const;

export type Ink = keyof typeof theme;
type Shade = "light" | "dark";

const declarations = (shade: Shade) =>
  Object.entries(theme).map(([name, colour]) => `--${name}: ${colour[shade]};`).join(" ");

/** The variables, dark where the reader's system is dark, light on paper. */
export function themeCss(): string {
  return `:root { ${declarations("light")} }
@media screen and (prefers-color-scheme: dark) { :root { ${declarations("dark")} } }`;
}
