/**
 * Fetches an https:// input to a temporary file, which is then read like any other: DuckDB's own
 * way to the network is an extension that many hospitals cannot download.
 */

import { basename, join } from "@std/path";
import { bytes as sizeOf } from "../../lib/base/cli.ts";
import { InputError } from "./note_source.ts";

export interface DownloadOptions {
  /** Refuses files of more bytes than this. */
  maxBytes: number;
  signal?: AbortSignal;
  /** Bytes so far, and of how many where the server says. */
  onBytes(done: number, total: number | undefined): void;
}

export const isWeb = (input: string): boolean => /^https?:\/\//.test(input);

/** An address without what may be a secret: the query of a signed link, a password. */
export function publicName(url: string): string {
  if (!isWeb(url)) return url;
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** Fetches `url` into `folder` and returns the path; an `InputError` if not all of it came. */
export async function download(
  url: string,
  folder: string,
  { maxBytes, signal, onBytes }: DownloadOptions,
): Promise<string> {
  const name = publicName(url);
  await requireNetwork(url, name);
  const response = await fetch(url, { signal }).catch((error: Error) => {
    if (signal?.aborted) throw signal.reason;
    throw new InputError(`Cannot download ${name}: ${withoutAddress(error, url, name)}`);
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new InputError(
      `Cannot download ${name}: the server answered ${response.status} ${response.statusText}`
        .trim(),
    );
  }
  const total = Number(response.headers.get("content-length")) || undefined;
  const tooLarge = () =>
    new InputError(
      `Cannot download ${name}: it is larger than ${sizeOf(maxBytes)}; ` +
        "allow more with --max-download-gb, or download it yourself and ingest the file",
    );
  if (total !== undefined && total > maxBytes) {
    await response.body.cancel();
    throw tooLarge();
  }
  const path = join(folder, basename(new URL(url).pathname) || "download");
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  let done = 0;
  for await (const chunk of response.body) {
    done += chunk.length;
    if (done > maxBytes) throw tooLarge();
    for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
    onBytes(done, total);
  }
  if (total !== undefined && !response.headers.has("content-encoding") && done !== total) {
    throw new InputError(`Cannot download ${name}: ${done} bytes came, expected ${total}`);
  }
  return path;
}

/** The task has no network permission of its own: notes are not to leave the machine. */
async function requireNetwork(url: string, name: string): Promise<void> {
  const { host } = new URL(url);
  const { state } = await Deno.permissions.query({ name: "net", host });
  if (state === "granted") return;
  throw new InputError(
    `Cannot download ${name}: ingest runs without network. Download the file yourself, or run ` +
      `"deno run -R -W -E -S --allow-ffi --allow-net=${host} pipeline/ingest/main.ts" with the same arguments`,
  );
}

const withoutAddress = (error: Error, url: string, name: string) =>
  error.message.split("\n")[0].replaceAll(url, name);
