import { randomFillSync } from "node:crypto";

const pool = Buffer.alloc(4096);
let used = pool.length;

/** Random bytes of the system's source, at most 64 at once; drawn in bulk, since asking for a few costs as much as for thousands. */
export function randomBytes(n: number): Buffer {
  if (used + n > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += n;
  return Buffer.from(pool.subarray(used - n, used));
}
