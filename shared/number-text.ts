/** A number in a sentence: four significant digits, as `0.8412` or `1235`; "undefined" where there is none. */
export const short = (value: number | undefined): string =>
  value === undefined ? "undefined" : String(Number(value.toPrecision(4)));

/** A difference in a sentence, with its sign: three significant digits, as `+0.0124` or `−3`. */
export const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Number(Math.abs(value).toPrecision(3))}`;
