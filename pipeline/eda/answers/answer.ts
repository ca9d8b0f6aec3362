/** What every answer of the report is made with. */

import { percent as plainPercent } from "../../lib/base/format.ts";
import type { Chart } from "../../lib/base/page/chart.ts";
import type { Section } from "../../lib/base/page/page.ts";
import type { Eda } from "../analyse.ts";

/** Renders a Vega-Lite specification and keeps it as `name`.svg beside the page. */
export type DrawChart = (name: string, spec: object, description: string) => Promise<Chart>;

/** One question of the report: measures in, section out. */
export type Answer = (eda: Eda, draw: DrawChart) => Promise<Section> | Section;

/** `0.1234` as `12.3%`; a small share is no 0%, and all and nothing need no digit. */
export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return "< 0.1%";
  return plainPercent(share, share >= 0.9995 || share === 0 ? 0 : 1);
}

/** A number with at most three significant digits after a small integer part: 0.65, 12.3, 1,690. */
export function short(value: number): string {
  if (Math.abs(value) >= 100 || Number.isInteger(value)) {
    return Math.round(value).toLocaleString("en-US");
  }
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
