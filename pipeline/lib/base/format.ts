/** Numbers as people read them, in the terminal and on pages. */

import { format as formatBytes } from "@std/fmt/bytes";

/** `1234567` → `1,234,567`; fractions only below 100. */
export function format(value: number): string {
  if (Math.abs(value) < 100 && !Number.isInteger(value)) return value.toFixed(1);
  return Math.round(value).toLocaleString("en-US");
}

/** `0.1234` → `12.3%`. */
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)}%`;

/** `0.0123` → `+1.23%`, with a true minus sign. */
export const signedPercent = (share: number): string =>
  `${share < 0 ? "−" : "+"}${percent(Math.abs(share), 2)}`;

/** Seconds as `45s`, `3m05s` or `2h10m`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m${String(whole % 60).padStart(2, "0")}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
}

/** Bytes as `1.5 MB` (decimal units). */
export function bytes(count: number): string {
  const digits = count < 1000 ? 0 : 1;
  return formatBytes(count, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
