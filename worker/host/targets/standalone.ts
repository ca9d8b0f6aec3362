/**
 * A worker as a folder that needs nothing else: the modules that Cloudflare would get, workerd and
 * its configuration. Settings come from the environment of the process.
 */

import { join } from "@std/path";
import { settingNames } from "../../src/settings.ts";
import { workerdBinary } from "../start_worker.ts";
import { workerdConfig } from "../workerd_config.ts";

/** Port of the first process; the others follow. */
export const FIRST_PORT = 9001;

/** Where the folder lies on the machine that runs it. */
export const INSTALLED = "/opt/nano-med-gpt";

/** Adds workerd and its configuration to the assembled worker in `folder`. */
export async function writeStandalone(folder: string, address: string): Promise<void> {
  const fromEnvironment = [...settingNames, "RATE_LIMIT"];
  const config = await workerdConfig(folder, { address, fromEnvironment });
  await Deno.writeTextFile(join(folder, "workerd.capnp"), config);
  await Deno.copyFile(workerdBinary, join(folder, "workerd"));
  await Deno.chmod(join(folder, "workerd"), 0o755);
}

/**
 * The settings as `NAME=value` lines, readable by their owner alone. systemd wants quotes around a
 * value such as JSON; containers and Kubernetes take the whole rest of the line.
 */
export async function writeEnvironment(
  folder: string,
  secrets: Record<string, string>,
  { rateLimit, quoted }: { rateLimit?: number; quoted: boolean },
): Promise<void> {
  const { DEVELOPMENT_NO_AUTH: _, ...settings } = secrets;
  const values = { ...settings, ...rateLimit && { RATE_LIMIT: `${rateLimit}` } };
  const lines = Object.entries(values).map(([name, value]) =>
    `${name}=${quoted ? `"${value.replace(/["\\$`]/g, "\\$&")}"` : value}`
  );
  await Deno.writeTextFile(join(folder, "settings.env"), lines.join("\n") + "\n", { mode: 0o600 });
}
