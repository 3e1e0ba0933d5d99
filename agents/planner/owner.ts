import type pg from "pg";

/** Says which planner process owns a request: `take` is true while no other does; `leave` lets it go. */
export type Owner = {
  take: (request: string) => Promise<boolean>;
  leave: (request: string) => Promise<void>;
  close: () => Promise<void>;
};

/**
 * Ownership by PostgreSQL advisory locks, all of them on one connection of their own: when the process dies the server
 * drops the locks with the connection, and another may go on. A lost connection loses them likewise; the steps' own
 * leases still keep anything from happening twice.
 */
export function advisoryOwner(pool: pg.Pool): Owner {
  let client: Promise<pg.PoolClient> | null = null;
  const connection = async (): Promise<pg.PoolClient> => {
    client ??= pool.connect();
    const held = await client.catch((error) => {
      client = null;
      throw error;
    });
    if (held.listenerCount("error") === 0)
      held.once("error", () => {
        client = null;
      });
    return held;
  };
  return {
    take: async (request) =>
      (await (await connection()).query("select pg_try_advisory_lock(hashtextextended($1, 11)) as ours", [request]))
        .rows[0].ours as boolean,
    leave: async (request) => {
      await (await connection()).query("select pg_advisory_unlock(hashtextextended($1, 11))", [request]);
    },
    close: async () => {
      if (client) (await client).release(true);
    },
  };
}
