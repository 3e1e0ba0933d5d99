/** Rows as aligned columns; numbers stand right. An empty table says so. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[], empty = "none"): string {
  if (rows.length === 0) return empty;
  const text = rows.map((row) => row.map(cell));
  const widths = head.map((name, i) => Math.max(name.length, ...text.map((row) => row[i]!.length)));
  const numeric = head.map((_, i) => rows.every((row) => typeof row[i] === "number" || row[i] === null));
  const line = (cells: readonly string[]) =>
    cells
      .map((value, i) => (numeric[i] ? value.padStart(widths[i]!) : value.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "─".repeat(width))), ...text.map(line)].join("\n");
}

/** One value for people: numbers short, nothing as a dash. */
export function cell(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "number")
    return Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(4)));
  if (Array.isArray(value)) return value.map(cell).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
