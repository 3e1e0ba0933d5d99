import type { ColumnType } from "@muster/shared/domain/dataset.ts";

/** The engine's type of each storage type. */
export const sqlType: Record<ColumnType, string> = {
  boolean: "BOOLEAN",
  integer: "BIGINT",
  number: "DOUBLE",
  text: "VARCHAR",
  date: "DATE",
  timestamp: "TIMESTAMP",
};
