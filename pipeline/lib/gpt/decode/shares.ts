/** Room that several share: who has taken the most makes room first. */

/**
 * Which of `items` makes room for one more of `owner`: the first of whoever will then have the most.
 * Items (at least one) are oldest first, so that among equals the oldest goes.
 */
export function makesRoom<T>(items: Iterable<T>, ownerOf: (item: T) => string, owner?: string): T {
  const counts = new Map<string, number>(), all = [...items];
  for (const item of all) counts.set(ownerOf(item), (counts.get(ownerOf(item)) ?? 0) + 1);
  const own = owner === undefined ? undefined : counts.get(owner);
  if (own !== undefined) counts.set(owner!, own + 1);
  const most = Math.max(...counts.values());
  return all.find((item) => counts.get(ownerOf(item)) === most)!;
}
