/** P(K > x) of Kolmogorov's limit distribution, 0..1; the small-x form is used where the alternating series is slow. */
export function kolmogorovSurvival(x: number): number {
  if (x <= 0) return 1;
  let sum = 0;
  if (x < 1.18) {
    const y = Math.exp(-(Math.PI ** 2) / (8 * x * x));
    for (let k = 1; k < 40; k += 2) sum += y ** (k * k);
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  for (let k = 1; k < 100; k++) {
    const term = Math.exp(-2 * k * k * x * x);
    sum += k % 2 === 1 ? term : -term;
    if (term < 1e-18) break;
  }
  return 2 * sum;
}

/**
 * P(D ≥ d) of the two-sample Kolmogorov–Smirnov statistic for samples of a and b distinct values, exactly.
 * Walks all lattice paths: the share that touches the boundary is carried from cell to cell as a weighted mean, so small
 * tails keep their relative accuracy. Time and cost: a × b cells.
 */
export function ksExactSurvival(d: number, a: number, b: number): number {
  if (d <= 0) return 1;
  const m = Math.max(a, b);
  const n = Math.min(a, b);
  // The statistic is a multiple of 1 / (m · n); comparing whole numbers keeps rounding out of the boundary.
  const boundary = Math.round(d * m * n);
  const touched = new Float64Array(n + 1);
  for (let x = 0; x <= m; x++) {
    for (let y = 0; y <= n; y++) {
      if (Math.abs(x * n - y * m) >= boundary) touched[y] = 1;
      else if (x === 0) touched[y] = y === 0 ? 0 : touched[y - 1]!;
      else if (y > 0) touched[y] = (x * touched[y]! + y * touched[y - 1]!) / (x + y);
    }
  }
  return Math.min(1, touched[n]!);
}

/**
 * P(D ≥ d) of the one-sample statistic for n values by the expansion of Pelz and Good (1976), error O(1 / n²).
 * With n = round(a · b / (a + b)) it is what SciPy uses for two large samples.
 */
export function ksSurvival(d: number, n: number): number {
  const x = Math.sqrt(n) * d;
  if (x <= 0) return 1;
  // Below, the correction terms lose to rounding; above, the series needs many terms and 1 − cdf loses its digits.
  if (x < 0.2) return 1;
  if (x > 3) return Math.min(1, kolmogorovSurvival(x + 1 / (6 * Math.sqrt(n))));
  const q = Math.exp(-(Math.PI ** 2) / (8 * x * x));
  const pi2 = Math.PI ** 2;
  const pi4 = pi2 ** 2;
  const pi6 = pi2 ** 3;
  let k0 = 0;
  let k1 = 0;
  let k2 = 0;
  let k3 = 0;
  for (let k = 0; k < 20; k++) {
    const h = k + 0.5;
    const h2 = h * h;
    const odd = q ** ((2 * k + 1) ** 2);
    k0 += odd;
    k1 += (pi2 * h2 - x * x) * odd;
    k2 += (6 * x ** 6 + 2 * x ** 4 + pi2 * (2 * x ** 4 - 5 * x * x) * h2 + pi4 * (1 - 2 * x * x) * h2 * h2) * odd;
    k3 +=
      (-30 * x ** 6 -
        90 * x ** 8 +
        pi2 * (135 * x ** 4 - 96 * x ** 6) * h2 +
        pi4 * (-60 * x * x + 212 * x ** 4) * h2 ** 2 +
        pi6 * (5 - 30 * x * x) * h2 ** 3) *
      odd;
  }
  let k2even = 0;
  let k3even = 0;
  for (let k = 1; k < 20; k++) {
    const even = q ** (4 * k * k);
    k2even += k * k * even;
    k3even += (3 * pi2 * k * k * x * x - pi4 * k ** 4) * even;
  }
  const root = Math.sqrt(2 * Math.PI);
  const cdf =
    (k0 * root) / x +
    (k1 * Math.sqrt(Math.PI / 2)) / (3 * x ** 4) / Math.sqrt(n) +
    ((k2 * Math.sqrt(Math.PI / 2)) / (36 * x ** 7) - (k2even * pi2 * Math.sqrt(Math.PI / 2)) / (18 * x ** 3)) / n +
    ((k3 * Math.sqrt(Math.PI / 2)) / (3240 * x ** 10) + (k3even * Math.sqrt(Math.PI / 2)) / (108 * x ** 6)) / n ** 1.5;
  return Math.min(1, Math.max(0, 1 - cdf));
}
