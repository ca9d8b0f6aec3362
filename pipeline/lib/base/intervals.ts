/**
 * 95% intervals of shares, rates and areas under ROC curves that hold with few observations and with
 * none found, where a bootstrap has nothing to resample: all of score form, in which the variance is
 * that at the end of the interval, not at the estimate.
 */

export interface Interval {
  value: number;
  low: number;
  high: number;
}

/** Of a standard normal, between whose ends ± lie 95%. */
const Z = 1.959964;

/** `found` of `of` (Wilson 1927). Of none, the share may be anything. */
export function share(found: number, of: number): Interval {
  if (of === 0) return { value: 0, low: 0, high: 1 };
  const value = found / of, square = Z * Z;
  const middle = (value + square / (2 * of)) / (1 + square / of);
  const half = Z * Math.sqrt(value * (1 - value) / of + square / (4 * of * of)) /
    (1 + square / of);
  return { value, low: found === 0 ? 0 : middle - half, high: found === of ? 1 : middle + half };
}

/** The count that `found` events are a sample of (Poisson, score interval). */
export function events(found: number): Interval {
  const middle = found + Z * Z / 2, half = Z * Math.sqrt(found + Z * Z / 4);
  return { value: found, low: Math.max(0, middle - half), high: middle + half };
}

/** `first` − `second`, which are independent (Newcombe 1998, method 10). */
export function difference(first: Interval, second: Interval): Interval {
  const value = first.value - second.value;
  return {
    value,
    low: value - Math.hypot(first.value - first.low, second.high - second.value),
    high: value + Math.hypot(first.high - first.value, second.value - second.low),
  };
}

/**
 * An area under the ROC curve of `members` against `others` (Newcombe 2006, method 5): the areas θ
 * whose own standard error, by Hanley & McNeil 1982, explains the distance to `auc`.
 */
export function area(auc: number, members: number, others: number): Interval {
  if (members === 0 || others === 0) return { value: auc, low: 0, high: 1 };
  const more = (members + others) / 2 - 1;
  const error = (theta: number) =>
    Math.sqrt(
      theta * (1 - theta) *
        (1 + more * (1 - theta) / (2 - theta) + more * theta / (1 + theta)) / (members * others),
    );
  /** Where the distance to `auc` becomes more than Z errors, between `inside` and `outside`. */
  const end = (inside: number, outside: number) => {
    for (let step = 0; step < 40; step++) {
      const middle = (inside + outside) / 2;
      if (Math.abs(auc - middle) <= Z * error(middle)) inside = middle;
      else outside = middle;
    }
    return inside;
  };
  return { value: auc, low: end(auc, 0), high: end(auc, 1) };
}
