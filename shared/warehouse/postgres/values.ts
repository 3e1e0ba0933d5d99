import type pg from "pg";
import type { Plain } from "../plain.ts";

const [BOOL, INT8, INT2, INT4, OID, FLOAT4, FLOAT8, DATE, TIMESTAMP, TIMESTAMPTZ, NUMERIC] = [
  16, 20, 21, 23, 26, 700, 701, 1082, 1114, 1184, 1700,
];
const [JSON_TEXT, JSON_BINARY] = [114, 3802];
const [FLOAT8_LIST, INT8_LIST, NUMERIC_LIST] = [1022, 1016, 1231];

const finite = (text: string): number | null => (Number.isFinite(Number(text)) ? Number(text) : null);
const integer = (text: string): Plain => (Number.isSafeInteger(Number(text)) ? Number(text) : text);
const moment = (text: string): Plain => {
  const at = new Date(
    `${text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00")}${/[+-]\d\d(:\d\d)?$/.test(text) ? "" : "Z"}`,
  );
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
};
const list =
  (read: (text: string) => Plain) =>
  (text: string): Plain =>
    text === "{}"
      ? []
      : text
          .slice(1, -1)
          .split(",")
          .map((item) => (item === "NULL" ? null : read(item)));

const readers = new Map<number, (text: string) => Plain>([
  [BOOL!, (text) => text === "t"],
  ...[INT2!, INT4!, INT8!, OID!].map((oid) => [oid, integer] as const),
  ...[FLOAT4!, FLOAT8!, NUMERIC!].map((oid) => [oid, finite] as const),
  [DATE!, (text) => (text.endsWith("infinity") ? null : text)],
  [TIMESTAMP!, moment],
  [TIMESTAMPTZ!, moment],
  [JSON_TEXT!, (text) => JSON.parse(text) as Plain],
  [JSON_BINARY!, (text) => JSON.parse(text) as Plain],
  [FLOAT8_LIST!, list(finite)],
  [NUMERIC_LIST!, list(finite)],
  [INT8_LIST!, list(integer)],
]);

/** How results come as plain data: as `plain` gives DuckDB's. Anything else is its text. */
export const plainTypes = {
  getTypeParser: (oid: number) => readers.get(oid) ?? ((text: string) => text),
} as unknown as pg.CustomTypesConfig;
