import { fault } from "@muster/shared/fault.ts";
import { Redis } from "ioredis";

/** Texts under keys, in sets that are written whole and then pointed at; Redis holds nothing that can't be written again. */
export type Keyed = ReturnType<typeof openKeyed>;

const prefix = "muster:keyed:";
/** What is no longer pointed at is kept so long for those who still read it. */
const graceSeconds = 300;
const timeoutMs = 3000;

/** Opens keyed texts in Redis. Every call ends `unavailable` within seconds where Redis doesn't answer. */
export function openKeyed(redisUrl: string) {
  const redis = new Redis(redisUrl, {
    maxRetriesPerRequest: 1,
    commandTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    retryStrategy: (n) => Math.min(n * 100, 2000),
  });
  redis.on("error", () => undefined); // reconnecting is ioredis's; a call that can't wait says so itself
  const asked = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw fault("unavailable", "Redis doesn't answer; see npx muster status", {}, error);
    }
  };
  return {
    /** Writes texts into a set, beside what it holds. */
    put: async (set: string, entries: readonly (readonly [string, string])[]): Promise<void> => {
      if (entries.length > 0) await asked(redis.hset(prefix + set, new Map(entries)));
    },
    /** The texts under keys of a set, in their order; null where there is none. */
    get: async (set: string, keys: readonly string[]): Promise<(string | null)[]> =>
      keys.length === 0 ? [] : asked(redis.hmget(prefix + set, ...keys)),
    /** Lets sets go, after those who read them have had time to notice. */
    drop: async (sets: readonly string[]): Promise<void> => {
      for (const set of sets) await asked(redis.expire(prefix + set, graceSeconds));
    },
    /** Lets sets go at once. */
    erase: async (sets: readonly string[]): Promise<void> => {
      if (sets.length > 0) await asked(redis.unlink(...sets.map((set) => prefix + set)));
    },
    /** Points a name at a document; null takes the name away. */
    point: async (name: string, document: unknown): Promise<void> => {
      const key = `${prefix}at:${name}`;
      await asked<unknown>(document === null ? redis.del(key) : redis.set(key, JSON.stringify(document)));
    },
    /** The document that a name points at; null without one. */
    pointed: async (name: string): Promise<unknown> => {
      const text = await asked(redis.get(`${prefix}at:${name}`));
      return text === null ? null : JSON.parse(text);
    },
    close: async (): Promise<void> => {
      redis.disconnect();
    },
  };
}
