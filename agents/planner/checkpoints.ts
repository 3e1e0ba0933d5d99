import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import type pg from "pg";

const schema = "planner";

/** Opens LangGraph's checkpoints in the planner's own schema, over our own pool (the one it makes has no error listener). */
export async function openCheckpoints(pool: pg.Pool): Promise<PostgresSaver> {
  await new PostgresSaver(withoutCreateSchema(pool), undefined, { schema }).setup();
  return new PostgresSaver(pool, undefined, { schema });
}

/**
 * The pool for setting up alone. PostgreSQL asks for CREATE on the database even where the schema of `create schema if not
 * exists` is there; the planner's role has no such right and needs none, so that one statement isn't sent.
 */
function withoutCreateSchema(pool: pg.Pool): pg.Pool {
  const connect = async () => {
    const client = await pool.connect();
    const query = async (text: string, values?: unknown[]) =>
      /^create schema/i.test(text) ? null : client.query(text, values);
    return { query, release: () => client.release() };
  };
  return { connect } as unknown as pg.Pool;
}
