import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { fitLinear } from "./fit.ts";
import { minimise } from "./lbfgs.ts";
import { fitLogistic } from "./logistic.ts";
import { fitRidge, normalEquations } from "./ridge.ts";
import { fitSoftmax } from "./softmax.ts";

// R's mtcars (Henderson & Velleman 1981).
const mpg = [
  21, 21, 22.8, 21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3, 15.2, 10.4, 10.4, 14.7, 32.4, 30.4, 33.9,
  21.5, 15.5, 15.2, 13.3, 19.2, 27.3, 26, 30.4, 15.8, 19.7, 15, 21.4,
];
const wt = [
  2.62, 2.875, 2.32, 3.215, 3.44, 3.46, 3.57, 3.19, 3.15, 3.44, 3.44, 4.07, 3.73, 3.78, 5.25, 5.424, 5.345, 2.2, 1.615,
  1.835, 2.465, 3.52, 3.435, 3.84, 3.845, 1.935, 2.14, 1.513, 3.17, 2.77, 3.57, 2.78,
];
const am = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1];
const gear = [4, 4, 4, 3, 3, 3, 3, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 4, 4, 4, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 4];

const designOf = (...columns: number[][]) => ({
  rows: columns[0]!.length,
  columns: columns.length,
  values: Float64Array.from(columns[0]!.flatMap((_, row) => columns.map((column) => column[row]!))),
});
const ones = mpg.map(() => 1);
const close = (actual: ArrayLike<number>, expected: number[], tolerance: number) => {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries())
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
};

describe("logistic regression", () => {
  // R: glm(am ~ wt, binomial, mtcars): 12.04037, −4.02397; scikit-learn 1.9.1, no penalty, more digits.
  test("without a penalty gives R's coefficients for am ~ wt", () => {
    close(fitLogistic(designOf(wt, ones), am, 0, { tolerance: 1e-11 }), [-4.023969962173, 12.040369728657], 1e-7);
  });

  // scikit-learn 1.9.1 LogisticRegression(C=1, solver="newton-cholesky", tol=1e-14); C = 1 / (penalty · rows).
  test("with a penalty agrees with scikit-learn", () => {
    const weights = fitLogistic(designOf(mpg, wt, ones), am, 1 / 32, { tolerance: 1e-11 });
    close(weights, [0.110017554476, -1.57401945586, 2.254652898895], 1e-7);
  });

  test("stays finite on classes that a line separates, and refuses columns that repeat without a penalty", () => {
    const separated = fitLogistic(designOf([1, 2, 3, 4], [1, 1, 1, 1]), [0, 0, 1, 1], 1e-4);
    expect(separated.every(Number.isFinite)).toBe(true);
    expect(() => fitLogistic(designOf(wt, wt, ones), am, 0)).toThrow("repeat one another");
  });
});

// scikit-learn 1.9.1 LogisticRegression(C=1) on gear ~ mpg + wt, lbfgs tol=1e-12 (its newton-cg agrees to 3e-8).
test("softmax regression agrees with scikit-learn", () => {
  const labels = gear.map((g) => g - 3);
  const weights = fitSoftmax(designOf(mpg, wt, ones), labels, 3, 1 / 32, { tolerance: 1e-10 });
  close(weights[0]!, [-0.171931233051, 0.766778305025, 1.229693423653], 1e-6);
  close(weights[1]!, [0.213232512473, 0.187875021668, -4.63518557521], 1e-6);
  close(weights[2]!, [-0.041301279415, -0.954653326687, 3.405492151568], 1e-6);
});

describe("ridge regression", () => {
  // scikit-learn 1.9.1 Ridge(alpha=3, solver="cholesky"); alpha = penalty · rows.
  test("agrees with scikit-learn", () => {
    const labels = am.map((a, i) => a + gear[i]!);
    const weights = fitRidge(normalEquations(designOf(mpg, wt, ones), labels), 3 / 32);
    close(weights, [0.021980926605, -0.613493406144, 5.625901107348759], 1e-9);
  });

  // NIST StRD Longley, certified values; the design is famous for being almost singular.
  test("without a penalty gives NIST's certified coefficients for Longley", () => {
    const longley = designOf(
      [83, 88.5, 88.2, 89.5, 96.2, 98.1, 99, 100, 101.2, 104.6, 108.4, 110.8, 112.6, 114.2, 115.7, 116.9],
      [
        234289, 259426, 258054, 284599, 328975, 346999, 365385, 363112, 397469, 419180, 442769, 444546, 482704, 502601,
        518173, 554894,
      ],
      [2356, 2325, 3682, 3351, 2099, 1932, 1870, 3578, 2904, 2822, 2936, 4681, 3813, 3931, 4806, 4007],
      [1590, 1456, 1616, 1650, 3099, 3594, 3547, 3350, 3048, 2857, 2798, 2637, 2552, 2514, 2572, 2827],
      [
        107608, 108632, 109773, 110929, 112075, 113270, 115094, 116219, 117388, 118734, 120445, 121950, 123366, 125368,
        127852, 130081,
      ],
      [1947, 1948, 1949, 1950, 1951, 1952, 1953, 1954, 1955, 1956, 1957, 1958, 1959, 1960, 1961, 1962],
    );
    const employed = Float64Array.of(
      ...[60323, 61122, 60171, 61187, 63221, 63639, 64989, 63761, 66019, 67857, 68169, 66513, 68655, 69564, 69331],
      70551,
    );
    const { estimator } = fitLinear(longley, employed, { link: "identity", classes: 1, penalties: [0], splits: [] });
    const certified = [
      15.0618722713733, -0.035819179292591, -2.02022980381683, -1.03322686717359, -0.0511041056535807, 1829.15146461355,
    ];
    for (const [j, value] of certified.entries()) expect(estimator.coefficients[0]![j]! / value).toBeCloseTo(1, 8);
    expect(estimator.intercept[0]! / -3482258.63459582).toBeCloseTo(1, 8);
  });
});

describe("the penalty path", () => {
  const random = seededRandom(5);
  const rows = 300;
  const columns = 30;
  const values = Float64Array.from({ length: rows * columns }, () => normal(random));
  const design = { rows, columns, values };
  const noise = Float64Array.from({ length: rows }, () => (random() < 0.5 ? 1 : 0));
  const clear = Float64Array.from({ length: rows }, (_, i) => (values[i * columns]! * 3 + normal(random) > 0 ? 1 : 0));
  const index = Array.from({ length: rows }, (_, i) => i);
  const splits = [0, 1, 2].map((fold) => ({
    train: Int32Array.from(index.filter((i) => i % 3 !== fold)),
    valid: Int32Array.from(index.filter((i) => i % 3 === fold)),
  }));
  const options = { link: "logistic" as const, classes: 1, penalties: [1, 0.1, 0.01, 0.001], splits };

  test("takes the strongest penalty for noise and a weaker one for a clear signal", () => {
    expect(fitLinear(design, noise, options).penalty).toBe(1);
    expect(fitLinear(design, clear, options).penalty).toBeLessThan(1);
  });

  test("doesn't depend on the unit of a column, and a constant column gets 0", () => {
    const scaled = values.map((v, i) => (i % columns === 0 ? v * 1000 + 5 : i % columns === 1 ? 4 : v));
    const plain = values.map((v, i) => (i % columns === 1 ? 4 : v));
    const a = fitLinear({ ...design, values: plain }, clear, options).estimator;
    const b = fitLinear({ ...design, values: scaled }, clear, options).estimator;
    expect(b.coefficients[0]![0]! * 1000).toBeCloseTo(a.coefficients[0]![0]!, 6);
    expect(b.coefficients[0]![1]).toBe(0);
  });
});

test("L-BFGS finds the minimum of Rosenbrock's function in ten dimensions", () => {
  const rosenbrock = (x: Float64Array, gradient: Float64Array) => {
    gradient.fill(0);
    let value = 0;
    for (let i = 0; i + 1 < x.length; i++) {
      const a = x[i + 1]! - x[i]! ** 2;
      value += 100 * a ** 2 + (1 - x[i]!) ** 2;
      gradient[i]! += -400 * x[i]! * a - 2 * (1 - x[i]!);
      gradient[i + 1]! += 200 * a;
    }
    return value;
  };
  const found = minimise(rosenbrock, new Float64Array(10), { tolerance: 1e-9, maxIterations: 1000 });
  expect(found.converged).toBe(true);
  close(found.x, new Array(10).fill(1), 1e-6);
});
