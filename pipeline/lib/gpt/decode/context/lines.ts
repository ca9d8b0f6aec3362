/** The lines of a context's texts: as a note might hold them, each with the place it comes from. */

import type { ContextItem } from "./types.ts";
import { writtenConversation } from "./written.ts";

/** A line of the context. */
export interface ContextLine {
  text: string;
  /** Index of its item. */
  item: number;
  /** Line number in the item's text, from 1. */
  number: number;
  /** The header that it stands under; empty if none. */
  header: string;
}

const HEADER = /^\s*(?:#+\s*)?([A-Za-z][^:\n]{1,58}?)\s*:\s*$|^\s*([A-Z][A-Z /&-]{3,50})\s*$/;

/** All lines of `items`, in order; those of conversations rewritten. */
export function linesOf(items: readonly ContextItem[]): ContextLine[] {
  return items.flatMap(({ kind, text }, item) =>
    kind === "conversation"
      ? writtenConversation(text).map(({ text, line }) => ({
        text,
        item,
        number: line + 1,
        header: "",
      }))
      : recordLines(text, item)
  );
}

/** Lines of a record. Those that a program wrapped are joined again. */
function recordLines(text: string, item: number): ContextLine[] {
  const lines: ContextLine[] = [];
  let header = "", open: ContextLine | undefined, width = 0;
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = raw.trim();
    const found = HEADER.exec(line);
    if (found) header = (found[1] ?? found[2]).trim();
    if (open !== undefined && isWrapped(width, line) && !found) {
      open.text += ` ${line}`;
      width = line.length;
      return;
    }
    open = line === "" ? undefined : { text: line, item, number: index + 1, header };
    width = line.length;
    if (open) lines.push(open);
    if (found) open = undefined;
  });
  return lines;
}

/** Shortest line that may have been wrapped rather than ended. */
const WRAPPED = 45;

/** Whether `line` goes on with one of `width` characters. */
const isWrapped = (width: number, line: string): boolean =>
  width >= WRAPPED && /^[\p{L}\p{N}(]/u.test(line) && !/^\d+[.)]\s|^[^:]{1,40}:/.test(line);
