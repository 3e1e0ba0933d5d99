import { seededRandom } from "@muster/shared/random.ts";

/** Orders of a shop, over 400 days unless said, as CSV: each customer buys at a rate of its own, one kind of goods more than the others. */
export function shopOrders(seed: number, days = 400): string {
  const random = seededRandom(seed);
  const rows: [number, string][] = [];
  for (let who = 0; who < 300; who++) {
    const pace = 4 + 90 * random() ** 2;
    const likes = ["tea", "mugs", "books"][Math.floor(random() * 3)]!;
    const pays = 5 + 60 * random();
    for (let day = random() * pace * 2; day < days; day += pace * (0.3 + 1.4 * random())) {
      const at = Date.UTC(2025, 4, 27) + day * 86_400_000;
      const kind = random() < 0.8 ? likes : "other";
      const status = random() < 0.1 ? "failed" : "paid";
      const pieces = 1 + Math.floor(random() * 4);
      rows.push([
        at,
        `${new Date(at).toISOString().slice(0, 19)},c${who},${kind},${status},${pieces},${(pays * (0.8 + 0.4 * random())).toFixed(2)}`,
      ]);
    }
  }
  const sorted = rows.sort((a, b) => a[0] - b[0]).map(([, line], i) => `${i},${line}`);
  return `order_id,ordered_at,customer_id,kind,status,pieces,price\n${sorted.join("\n")}\n`;
}

/** Those who order there, and some who never did: since when they are known, and where they live. */
export function shopCustomers(seed: number): string {
  const random = seededRandom(seed);
  const rows = Array.from({ length: 330 }, (_, who) => {
    const since = new Date(Date.UTC(2025, 3, 1) + Math.floor(random() * 50) * 86_400_000).toISOString().slice(0, 10);
    return `c${who},${since},${["DE", "FR", "US"][Math.floor(random() * 3)]}`;
  });
  return `customer_id,signup_date,country\n${rows.join("\n")}\n`;
}

/** What two shops sold by day: a week's pattern of each, a slow trend, noise. */
export function dailySales(seed: number, days = 500): string {
  const random = seededRandom(seed);
  const week = [
    [5, 6, 6, 7, 9, 14, 3],
    [20, 19, 18, 20, 24, 9, 8],
  ];
  const rows = Array.from({ length: days }, (_, day) =>
    ["north", "south"].map((shop, i) => {
      const at = new Date(Date.UTC(2025, 0, 1) + day * 86_400_000).toISOString().slice(0, 10);
      const usual = week[i]![day % 7]! * (1 + day / 600);
      return `${at},${shop},${(usual + 3 * (random() + random() - 1)).toFixed(2)}`;
    }),
  );
  return `day,shop,sold\n${rows.flat().join("\n")}\n`;
}
