/** Files that hold no notes that could be read, known by their first bytes. */

/** By what a file begins with, and what to do about it. */
const magics: readonly [magic: string, what: string][] = [
  ["PK\x03\x04", "a zip archive or an Office document: unpack it, or export it as CSV"],
  ["BZh", "bzip2: unpack it with bunzip2"],
  ["\xfd7zXZ", "xz: unpack it with unxz"],
  ["\x28\xb5\x2f\xfd", "zstd: unpack it with unzstd"],
  ["7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it with 7z x"],
  ["Rar!\x1a\x07", "a RAR archive: unpack it"],
  ["\x04\x22\x4d\x18", "lz4: unpack it with unlz4"],
  ["%PDF", "a PDF: extract its text first"],
  ["{\\rtf", "RTF: convert it to plain text first"],
  ["\xd0\xcf\x11\xe0", "an old Office document (.doc, .xls): save it as text or CSV"],
  ["<?xml", "XML: extract the text of the notes first"],
  ["<!DOCTYPE", "HTML: extract its text first"],
  ["<html", "HTML: extract its text first"],
  ["<HTML", "HTML: extract its text first"],
  ["<ClinicalDocument", "a CDA document: extract the text of its sections first"],
  ["SQLite format 3", "an SQLite database: export the table as CSV"],
  ["ARROW1", "an Arrow file: write it as Parquet"],
  ["FEA1", "a Feather file: write it as Parquet"],
  ["ORC", "an ORC file: write it as Parquet"],
  ["Obj\x01", "an Avro file: write it as Parquet"],
  ["\x89HDF", "an HDF5 file: write the table as Parquet or CSV"],
  ["\x89PNG", "an image (PNG)"],
  ["\xff\xd8\xff", "an image (JPEG)"],
  ["GIF8", "an image (GIF)"],
  ["II*\0", "an image (TIFF)"],
  ["MM\0*", "an image (TIFF)"],
  ["BM", "an image (BMP)"],
  ["RIFF", "a sound or a film"],
  ["ID3", "a sound (MP3)"],
  ["OggS", "a sound (Ogg)"],
  ["\x7fELF", "a program"],
  ["MZ", "a program"],
  ["\x93NUMPY", "a NumPy array"],
  ["\x80\x04\x95", "a Python pickle"],
];

/** A note may begin with these letters: they count only together with bytes that are no text. */
const mayBeText = (magic: string) => /^[A-Za-z0-9]{1,4}$/.test(magic);

/** What `bytes`, the beginning of a file, are if they are no text; undefined for text. */
export function notText(bytes: Uint8Array): string | undefined {
  const start = latin1(bytes, 0, 32);
  const binary = looksBinary(bytes);
  const text = start.replace(/^\xef\xbb\xbf/, "").trimStart();
  for (const [magic, what] of magics) {
    if (text.startsWith(magic) && (!mayBeText(magic) || binary)) return what;
    if (magic === "BZh" && /^BZh\d1AY/.test(start)) return what;
  }
  if (latin1(bytes, 257, 262) === "ustar") return "a tar archive: unpack it with tar -xf";
  if (latin1(bytes, 128, 132) === "DICM") return "a DICOM image";
  const utf16 = utf16WithoutMark(bytes);
  if (utf16) return `UTF-16 without a byte order mark: read it with --encoding ${utf16}`;
  return binary ? "not text" : undefined;
}

const latin1 = (bytes: Uint8Array, from: number, to: number) =>
  String.fromCharCode(...bytes.subarray(from, to));

/** More than one byte in fifty is a control character that texts do not hold. */
function looksBinary(bytes: Uint8Array): boolean {
  let controls = 0;
  for (const byte of bytes) {
    if (byte < 0x20 && (byte < 0x08 || byte > 0x0d) && byte !== 0x1b) controls++;
  }
  return controls > 4 && controls * 50 > bytes.length;
}

/** Every second byte is 0, as in Western text of two bytes a character. */
function utf16WithoutMark(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const zeros = [0, 0];
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === 0) zeros[at % 2]++;
  const many = bytes.length * 0.4;
  if (bytes.length < 8) return undefined;
  if (zeros[1] > many && zeros[0] * 10 < zeros[1]) return "utf-16le";
  if (zeros[0] > many && zeros[1] * 10 < zeros[0]) return "utf-16be";
  return undefined;
}
