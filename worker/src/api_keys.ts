/** API keys by the digests of them: a worker knows which key is right, and none of them. */

/** One entry of API_KEYS. */
export interface ApiKey {
  name: string;
  sha256: Uint8Array;
}

/** The entries of API_KEYS; throws a `TypeError` that quotes nothing of them. */
export function parseApiKeys(json: string | undefined): ApiKey[] {
  if (json === undefined || json === "") return [];
  const wrong = () =>
    new TypeError(
      'Cannot read API_KEYS: expected JSON like [{"name": "ehr", "sha256": "64 hex digits"}]; make an entry with "deno task deploy --new-key NAME"',
    );
  let entries: unknown;
  try {
    entries = JSON.parse(json);
  } catch {
    throw wrong();
  }
  if (!Array.isArray(entries)) throw wrong();
  return entries.map((entry) => {
    const { name, sha256 } = entry ?? {};
    const valid = typeof name === "string" && name !== "" &&
      typeof sha256 === "string" && /^[0-9a-f]{64}$/i.test(sha256);
    if (!valid) throw wrong();
    const bytes = sha256.match(/../g)!.map((hex: string) => parseInt(hex, 16));
    return { name, sha256: Uint8Array.from(bytes) };
  });
}

/** Compares digests, every entry and every byte, so that timing tells nothing about a key. */
export async function findKey(keys: readonly ApiKey[], given: string): Promise<ApiKey | undefined> {
  if (keys.length === 0) return;
  const digest = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(given)),
  );
  let found: ApiKey | undefined;
  for (const key of keys) {
    let difference = 0;
    for (let i = 0; i < digest.length; i++) difference |= digest[i] ^ key.sha256[i];
    if (difference === 0) found = key;
  }
  return found;
}
