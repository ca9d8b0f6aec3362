/** The SVG files beside the report. */

import { join } from "@std/path";
import { writeAtomic } from "../lib/base/files.ts";
import { renderChart } from "../lib/base/page/chart.ts";

export class Drawings {
  /** `folder` is where REPORT.md stands. */
  constructor(private readonly folder: string) {}

  /** Writes `svg` as NAME.svg and returns the Markdown that shows it. */
  async add(name: string, svg: string, description: string): Promise<string> {
    await writeAtomic(join(this.folder, `${name}.svg`), svg);
    return `![${description}](${name}.svg)`;
  }

  /** The same for a Vega-Lite specification. */
  async chart(name: string, spec: object, description: string): Promise<string> {
    return this.add(name, (await renderChart(spec, description)).file, description);
  }
}
