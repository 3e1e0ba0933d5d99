/** How a CSV file is written. `skip` blank lines stand before the first record. */
export type Dialect = { delimiter: string; skip: number };

const QUOTE = '"';

/**
 * The records at the start of a CSV text (quotes as in RFC 4180), at most `limit`. Where the text is only the beginning
 * of a file (`whole` false), the last, perhaps cut record is left out.
 */
export function readRecords(text: string, delimiter: string, limit: number, whole: boolean): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length && records.length < limit) {
    let cell = "";
    let end = at;
    if (text[at] === QUOTE) {
      let from = at + 1;
      for (;;) {
        const close = text.indexOf(QUOTE, from);
        if (close < 0) return records;
        cell += text.slice(from, close);
        end = close + 1;
        if (text[end] !== QUOTE) break;
        cell += QUOTE;
        from = end + 1;
      }
    }
    const rest = end;
    while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end++;
    record.push(cell + text.slice(rest, end));
    if (text[end] === delimiter) {
      at = end + 1;
      if (at < text.length) continue;
      record.push("");
    }
    if (end >= text.length && !whole) return records;
    if (record.length > 1 || record[0] !== "") records.push(record);
    record = [];
    at = text[end] === "\r" && text[end + 1] === "\n" ? end + 2 : Math.max(end + 1, at);
  }
  return records;
}

/**
 * The dialect of a CSV text from its first records: the delimiter (tab, semicolon, bar, comma, in this order, since a
 * comma may be a decimal sign) that splits at least nine in ten records (all but one of a few) into as many cells as the
 * first one, and more than one. Where none does, the file has one column and the delimiter is a control character that it doesn't hold.
 */
export function sniffDialect(text: string, whole: boolean): Dialect {
  const blank = /^(?:[ \t]*(?:\r\n|\n|\r))*/.exec(text)![0];
  const skip = blank.split(/\r\n|\n|\r/).length - 1;
  const body = text.slice(blank.length);
  for (const delimiter of ["\t", ";", "|", ","]) {
    const records = readRecords(body, delimiter, 200, whole);
    const width = records[0]?.length ?? 0;
    const same = records.filter((record) => record.length === width).length;
    const enough = same >= Math.min(0.9 * records.length, records.length - 1) && (same > 1 || records.length === 1);
    if (width > 1 && enough) return { delimiter, skip };
  }
  return { delimiter: "\x1f", skip };
}
