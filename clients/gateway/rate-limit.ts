/** Gives the seconds to wait before the next request of an address, 0 when it may go on: a token bucket each. */
export function rateLimit({ perMinute, now }: { perMinute: number; now: () => number }): (address: string) => number {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (address) => {
    const at = now();
    if (buckets.size > 10_000) buckets.clear();
    const bucket = buckets.get(address) ?? { tokens: perMinute, at };
    const tokens = Math.min(perMinute, bucket.tokens + ((at - bucket.at) / 60_000) * perMinute);
    buckets.set(address, { tokens: Math.max(0, tokens - 1), at });
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 60) / perMinute);
  };
}
