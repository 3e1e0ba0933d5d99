import { type Fault, fault } from "@muster/shared/fault.ts";
import { keyText, type RawValue } from "@muster/shared/features/raw.ts";
import { parseColumn } from "./raw-value.ts";
import type { RawColumn, ServedModel } from "./served-model.ts";

/** Rows as a caller sent them, by column, before their types are checked; `text`: cells of a CSV. */
export type SentTable = { rows: number; columns: Map<string, readonly unknown[]>; text: boolean };

/** Rows with checked types: one array per raw column, and the entity's key as text (null where none was sent). */
export type RawTable = { rows: number; columns: Map<string, RawValue[]>; keys: (string | null)[] | null };

/**
 * Checks what was sent against the model's signature, the same way whatever the protocol: every raw column must be
 * there (the entity key where features are looked up), none may be unknown, every value must fit its column's type.
 * `invalid_input` names the columns and the first row at fault, never a value.
 */
export function typedTable(model: Pick<ServedModel, "input" | "lookup" | "name">, sent: SentTable): RawTable {
  const { entity, columns } = model.input;
  if (sent.rows === 0) throw fault("invalid_input", "there are no rows to score; send at least one");
  const keyNeeded = entity !== null && model.lookup !== null;
  const wanted = keyNeeded ? [entity, ...columns.filter(({ name }) => name !== entity.name)] : columns;
  const missing = wanted.filter(({ name }) => !sent.columns.has(name)).map(({ name }) => name);
  const known = new Set([...columns.map(({ name }) => name), ...(entity ? [entity.name] : [])]);
  const unknown = [...sent.columns.keys()].filter((name) => !known.has(name));
  if (missing.length + unknown.length > 0) throw wrongColumns(model.name, missing, unknown);

  const typed = new Map<string, RawValue[]>();
  for (const column of columns) typed.set(column.name, typedColumn(column, sent));
  if (!entity || !sent.columns.has(entity.name)) return { rows: sent.rows, columns: typed, keys: null };
  const keys = (typed.get(entity.name) ?? typedColumn(entity, sent)).map((key, row) => {
    if (key === null && keyNeeded)
      throw fault("invalid_input", `${entity.name} of row ${row} is missing; it is the entity's key`);
    return keyText(key);
  });
  return { rows: sent.rows, columns: typed, keys };
}

function typedColumn(column: RawColumn, sent: SentTable): RawValue[] {
  const values = sent.columns.get(column.name)!;
  if (values.length !== sent.rows) {
    throw fault("invalid_input", `column ${column.name} has ${values.length} rows, others ${sent.rows}`);
  }
  return parseColumn(column, values, sent.text);
}

function wrongColumns(model: string, missing: string[], unknown: string[]): Fault {
  const parts = [
    ...(missing.length > 0 ? [`needs ${listed(missing)}`] : []),
    ...(unknown.length > 0 ? [`doesn't know ${listed(unknown)}`] : []),
  ];
  return fault("invalid_input", `model ${model} ${parts.join(" and ")}; its metadata lists what it takes`);
}

/** Names for an error text: at most twenty, each cut at 80 characters. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => (name.length > 80 ? `${name.slice(0, 80)}…` : name));
  return shown.join(", ") + (names.length > 20 ? ` and ${names.length - 20} more` : "");
}
