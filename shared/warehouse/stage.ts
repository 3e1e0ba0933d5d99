import { isUtf8 } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { fault } from "../fault.ts";
import { asDiskFault } from "./atomic.ts";
import type { InboxFile } from "./inbox.ts";

/** What a file holds. */
export type Format = "csv" | "json_lines" | "parquet";

/** A private copy of an inbox file that nobody else can change: UTF-8 text without byte order mark, or Parquet. */
export type Staged = { format: Format; path: string; notes: string[] };

const formats: Record<string, Format> = {
  csv: "csv",
  tsv: "csv",
  txt: "csv",
  jsonl: "json_lines",
  ndjson: "json_lines",
  json: "json_lines",
  parquet: "parquet",
  pq: "parquet",
};

/** The format that a file name promises, and whether it is gzipped. `invalid_input` names what can be loaded. */
export function formatOfName(name: string): { format: Format; gzip: boolean } {
  const parts = name.toLowerCase().split(".");
  const gzip = parts.length > 1 && parts.at(-1) === "gz";
  if (gzip) parts.pop();
  const format = parts.length > 1 ? formats[parts.at(-1)!] : undefined;
  if (!format || (gzip && format === "parquet")) {
    throw fault(
      "invalid_input",
      "this kind of file can't be loaded; use .csv, .csv.gz, .tsv, .jsonl, .ndjson or .parquet",
    );
  }
  return { format, gzip };
}

const startsWith = (head: Buffer, bytes: string) => head.subarray(0, bytes.length).equals(Buffer.from(bytes, "latin1"));

function checkMagic(head: Buffer, tail: Buffer, format: Format, gzip: boolean): void {
  const isParquet = startsWith(head, "PAR1");
  if (format === "parquet") {
    if (!isParquet) throw fault("invalid_input", "the file is named .parquet but isn't Parquet");
    if (!startsWith(tail, "PAR1")) throw fault("invalid_input", "the Parquet file is cut off; copy it again");
    return;
  }
  if (isParquet) throw fault("invalid_input", "the file is Parquet; give it the ending .parquet");
  if (startsWith(head, "\x1f\x8b") !== gzip) {
    throw fault(
      "invalid_input",
      gzip ? "the file ends in .gz but isn't gzipped" : "the file is gzipped; name it .csv.gz",
    );
  }
  if (startsWith(head, "PK\x03\x04"))
    throw fault("invalid_input", "the file is a zip or a spreadsheet; save it as CSV");
}

async function* bytesOf(handle: FileHandle, gzip: boolean, maxBytes: number): AsyncGenerator<Buffer> {
  const raw = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 18 });
  const source = gzip ? raw.pipe(createGunzip({ chunkSize: 1 << 18 })) : raw;
  let total = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > maxBytes) {
        const message = `the file unpacks to more than the limit of ${maxBytes} bytes; split it, or load Parquet`;
        throw fault("invalid_input", message, { limit: maxBytes });
      }
      yield chunk;
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code.startsWith("Z_"))
      throw fault("invalid_input", "the gzip file is damaged or cut off; copy it again", {}, error);
    throw error;
  } finally {
    raw.destroy();
  }
}

/** What the bytes of a text file show about its encoding and line ends. */
type Seen = { head: Buffer; utf8: boolean; nul: boolean; crlf: number; lf: number };

/** Bytes at the end of a chunk that begin a UTF-8 sequence which isn't complete yet. */
function openTail(chunk: Buffer): number {
  for (let back = 1; back <= Math.min(3, chunk.length); back++) {
    const byte = chunk[chunk.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

async function copyText(source: AsyncIterable<Buffer>, to: FileHandle): Promise<Seen> {
  const seen: Seen = { head: Buffer.alloc(0), utf8: true, nul: false, crlf: 0, lf: 0 };
  let tail = Buffer.alloc(0);
  let last = 0;
  for await (const chunk of source) {
    if (seen.head.length < 4) seen.head = Buffer.concat([seen.head, chunk.subarray(0, 4)]);
    for (let i = chunk.indexOf(10); i >= 0; i = chunk.indexOf(10, i + 1)) {
      if ((i > 0 ? chunk[i - 1] : last) === 13) seen.crlf += 1;
      else seen.lf += 1;
    }
    if (!seen.nul) seen.nul = chunk.includes(0);
    if (seen.utf8) {
      const whole = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk;
      const cut = whole.length - openTail(whole);
      seen.utf8 = isUtf8(whole.subarray(0, cut));
      tail = Buffer.from(whole.subarray(cut));
    }
    last = chunk[chunk.length - 1] ?? last;
    await to.write(chunk);
  }
  if (tail.length > 0) seen.utf8 = false;
  return seen;
}

/** The encoding of a text, and whether it must be written anew to be plain UTF-8 with one kind of line end. */
function encodingOf(seen: Seen): { encoding: string; rewrite: boolean; notes: string[] } {
  const mark = (bytes: string) => startsWith(seen.head, bytes);
  if (mark("\xff\xfe")) return { encoding: "utf-16le", rewrite: true, notes: [] };
  if (mark("\xfe\xff")) return { encoding: "utf-16be", rewrite: true, notes: [] };
  if (seen.nul) {
    const message =
      "the file holds NUL bytes: it is binary, or UTF-16 without a byte order mark; save it as UTF-8 text";
    throw fault("invalid_input", message);
  }
  if (!seen.utf8) {
    const note =
      "the text isn't valid UTF-8 and was read as Windows-1252 (Latin-1); save it as UTF-8 if letters look wrong";
    return { encoding: "windows-1252", rewrite: true, notes: [note] };
  }
  return { encoding: "utf-8", rewrite: mark("\xef\xbb\xbf") || (seen.crlf > 0 && seen.lf > 0), notes: [] };
}

async function rewriteText(from: string, to: FileHandle, encoding: string, oneLineEnd: boolean): Promise<void> {
  const decoder = new TextDecoder(encoding, { fatal: encoding !== "windows-1252" });
  const source = await open(from, "r");
  let held = "";
  const put = async (text: string, end: boolean) => {
    let whole = held + text;
    // A CR at the end waits for the LF that may follow it.
    held = !end && whole.endsWith("\r") ? "\r" : "";
    if (held) whole = whole.slice(0, -1);
    if (whole.includes("\0"))
      throw fault("invalid_input", "the file holds NUL characters; save it as plain UTF-8 text");
    await to.write(oneLineEnd ? whole.replaceAll("\r\n", "\n") : whole);
  };
  try {
    for await (const chunk of source.createReadStream({ autoClose: false, highWaterMark: 1 << 18 })) {
      await put(decoder.decode(chunk as Buffer, { stream: true }), false);
    }
    await put(decoder.decode(), true);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw fault("invalid_input", "the text is cut off or isn't in the encoding that its first bytes name", {}, error);
  } finally {
    await source.close();
  }
}

/**
 * Copies an inbox file to a private path (one of the fresh `paths`; remove both afterwards): unpacked, at most `maxBytes`
 * long, text as UTF-8. `invalid_input` where name and content disagree, a gzip or Parquet file is damaged or too big, or
 * the text can't be decoded.
 */
export async function stage(file: InboxFile, paths: [string, string], maxBytes: number): Promise<Staged> {
  const { format, gzip } = formatOfName(file.name);
  const head = Buffer.alloc(4);
  const tail = Buffer.alloc(4);
  await file.handle.read(head, 0, 4, 0);
  await file.handle.read(tail, 0, 4, Math.max(0, file.bytes - 4));
  checkMagic(head, tail, format, gzip);

  try {
    const copy = await open(paths[0], "wx", 0o600);
    let seen: Seen;
    try {
      const source = bytesOf(file.handle, gzip, maxBytes);
      if (format === "parquet") {
        for await (const chunk of source) await copy.write(chunk);
        return { format, path: paths[0], notes: [] };
      }
      seen = await copyText(source, copy);
    } finally {
      await copy.close();
    }
    const { encoding, rewrite, notes } = encodingOf(seen);
    if (!rewrite) return { format, path: paths[0], notes };
    const text = await open(paths[1], "wx", 0o600);
    try {
      await rewriteText(paths[0], text, encoding, encoding.startsWith("utf-16") || (seen.crlf > 0 && seen.lf > 0));
    } finally {
      await text.close();
    }
    return { format, path: paths[1], notes };
  } catch (error) {
    throw asDiskFault(error);
  }
}
