import type { Feature } from "@muster/shared/domain/feature.ts";
import { isRelated, ownColumns, relatedValues } from "@muster/shared/features/kinds.ts";

/** Of this table each row speaks for leaving: how many there are is the driver itself. */
const spoken = "support_tickets";

/** Whether a feature reads one of the columns of a table; `own`: the table of the row itself. */
export function reads(feature: Feature, table: string, columns: readonly string[], own: string): boolean {
  if (!isRelated(feature)) return table === own && ownColumns(feature).some((column) => columns.includes(column));
  if (feature.table !== table) return false;
  if (table === spoken && relatedValues(feature).length === 0) return true;
  return relatedValues(feature).some((column) => columns.includes(column));
}
