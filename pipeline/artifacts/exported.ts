/** The export of a run, as whoever serves it reads it. */

import { join } from "@std/path";
import { ArtifactError, exists, sha256File } from "../lib/base/files.ts";
import { readReport, type Report } from "./reports.ts";

/**
 * export.json of the export in `folder`, or undefined where there is none: the folder may come from
 * other tools. An `ArtifactError` where one of `files` is not the one that export.json names.
 *
 * What has become of the run since does not matter here: an export is served as it is, also while
 * its run is trained on. `deno task status` tells whether it is outdated.
 */
export async function readExport(
  folder: string,
  files: readonly string[],
): Promise<Report<"export"> | undefined> {
  const path = join(folder, "export.json"), madeBy = "deno task export";
  if (!await exists(path)) return undefined;
  const report = await readReport("export", path, madeBy);
  for (const name of files) {
    const file = join(folder, name), recorded = report.files[name]?.sha256;
    const found = await exists(file) ? await sha256File(file) : undefined;
    if (found === recorded) continue;
    throw new ArtifactError(
      `Cannot use ${file}: it is not the file that ${path} of ${report.lineage.created} describes; ` +
        `run "${madeBy}" again`,
    );
  }
  return report;
}
