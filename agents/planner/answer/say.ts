/** A figure of merit: three decimals below 10 (ratios, losses), one above. */
export const merit = (value: number): string => value.toFixed(Math.abs(value) < 10 ? 3 : 1);

/** A count, never with separators. */
export const count = (value: number): string => String(Math.round(value));

/** Money in USD: two decimals from 1, four below, and six below a cent, so that a small sum isn't shown as none. */
export const usd = (value: number): string =>
  `${value.toFixed(value === 0 ? 0 : value >= 1 ? 2 : value >= 0.01 ? 4 : 6)} USD`;

/** Names in a row, at most `most`, then "and others". */
export function listed(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most);
  if (names.length > most) return `${shown.join(", ")} and others`;
  return shown.length < 2 ? (shown[0] ?? "none") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** A sentence with the mark of what it rests on. */
export const sentence = (text: string, mark: string): string =>
  `${text.replace(/[.\s]+$/, "")}${/[?!]$/.test(text.trim()) ? "" : "."} ${mark}`;
