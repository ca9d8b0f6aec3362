/** The targets of `deploy` on a hospital's own machines, by name. */

import { CONTAINER_ADDRESS, writeContainer } from "./container.ts";
import { writeHaproxy } from "./haproxy.ts";
import { FIRST_PORT, writeEnvironment, writeStandalone } from "./standalone.ts";
import { writeSystemd } from "./systemd.ts";

export const targets = ["haproxy", "systemd", "container"] as const;
export type TargetName = typeof targets[number];

export interface TargetOptions {
  processes: number;
  /** Requests per caller, minute and process. */
  rateLimit?: number;
}

/** Makes the assembled worker in `folder` one for `target`; what to do with it comes back. */
export async function writeTarget(
  folder: string,
  target: TargetName,
  secrets: Record<string, string>,
  { processes, rateLimit }: TargetOptions,
): Promise<string> {
  const container = target === "container";
  await writeStandalone(folder, container ? CONTAINER_ADDRESS : `127.0.0.1:${FIRST_PORT}`);
  await writeEnvironment(folder, secrets, { rateLimit, quoted: !container });
  if (container) return await writeContainer(folder, processes);
  const steps = [await writeSystemd(folder, processes)];
  if (target === "haproxy") steps.push(await writeHaproxy(folder, processes));
  return steps.join("\n");
}
