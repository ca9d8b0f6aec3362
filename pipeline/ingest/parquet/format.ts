/**
 * Parquet's headers as Thrift structs; field numbers and codes are those of parquet.thrift.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */

import { encodeStruct, type ThriftStruct, type ThriftValue } from "./thrift.ts";

/** A column: null only where `optional`. */
export interface Column {
  name: string;
  type: "string" | "int32";
  optional: boolean;
}

/** What is known of the pages of one column of one row group when they have been written. */
export interface ColumnChunk {
  offset: number;
  values: number;
  /** With the page headers. */
  packedBytes: number;
  plainBytes: number;
}

export interface RowGroup {
  rows: number;
  chunks: ColumnChunk[];
}

export const MAGIC = new TextEncoder().encode("PAR1");
const DATA_PAGE = 0;
const PLAIN = 0, RLE = 3;
const ZSTD = 6;
const UTF8 = 0;
const REQUIRED = 0, OPTIONAL = 1;
const physicalTypes = { int32: 1, string: 6 };

/** The header that stands before a page of plain values, packed or not. */
export function pageHeader(
  values: number,
  plainBytes: number,
  packedBytes: number,
): Uint8Array<ArrayBuffer> {
  return encodeStruct({
    1: { i32: DATA_PAGE },
    2: { i32: plainBytes },
    3: { i32: packedBytes },
    5: { struct: { 1: { i32: values }, 2: { i32: PLAIN }, 3: { i32: RLE }, 4: { i32: RLE } } },
  });
}

/** What ends a file: metadata, their length, and the magic bytes once more. */
export function footer(columns: readonly Column[], groups: readonly RowGroup[]): Uint8Array {
  const metadata = encodeStruct({
    1: { i32: 1 },
    2: { list: [root(columns), ...columns.map(schemaElement)] },
    3: { i64: sum(groups.map(({ rows }) => rows)) },
    4: { list: groups.map((group) => rowGroup(columns, group)) },
    6: { string: "nano-med-gpt" },
  });
  const bytes = new Uint8Array(metadata.length + 8);
  bytes.set(metadata);
  new DataView(bytes.buffer).setUint32(metadata.length, metadata.length, true);
  bytes.set(MAGIC, metadata.length + 4);
  return bytes;
}

const root = (columns: readonly Column[]): ThriftValue => ({
  struct: { 4: { string: "schema" }, 5: { i32: columns.length } },
});

function schemaElement({ name, type, optional }: Column): ThriftValue {
  const struct: ThriftStruct = {
    1: { i32: physicalTypes[type] },
    3: { i32: optional ? OPTIONAL : REQUIRED },
    4: { string: name },
  };
  if (type === "string") {
    struct[6] = { i32: UTF8 };
    struct[10] = { struct: { 1: { struct: {} } } }; // LogicalType.STRING, which has no fields.
  }
  return { struct };
}

function rowGroup(columns: readonly Column[], { rows, chunks }: RowGroup): ThriftValue {
  return {
    struct: {
      1: { list: chunks.map((chunk, index) => columnChunk(columns[index], chunk)) },
      2: { i64: sum(chunks.map(({ plainBytes }) => plainBytes)) },
      3: { i64: rows },
      5: { i64: chunks[0].offset },
      6: { i64: sum(chunks.map(({ packedBytes }) => packedBytes)) },
    },
  };
}

function columnChunk({ name, type }: Column, chunk: ColumnChunk): ThriftValue {
  return {
    struct: {
      2: { i64: chunk.offset },
      3: {
        struct: {
          1: { i32: physicalTypes[type] },
          2: { list: [{ i32: PLAIN }, { i32: RLE }] },
          3: { list: [{ string: name }] },
          4: { i32: ZSTD },
          5: { i64: chunk.values },
          6: { i64: chunk.plainBytes },
          7: { i64: chunk.packedBytes },
          9: { i64: chunk.offset },
        },
      },
    },
  };
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);
