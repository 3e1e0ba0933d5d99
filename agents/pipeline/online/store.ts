import { openDatabase } from "@muster/shared/database/open.ts";
import type { Column, DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { FeatureView } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type pg from "pg";

/** A view whose events stand online: all that it takes to write them again. `columns`: the cleared ones, by table. */
export type OnlineView = {
  view: FeatureView;
  problem: Problem;
  columns: Record<string, Column[]>;
  pins: DatasetPin[];
};

type Document = Pick<OnlineView, "problem" | "columns"> & { definition: FeatureView };
type Tables = { online_view: { view: string; document: string; pins: string[]; at: string } };

/** Which views stand online, from which dataset versions. */
export type OnlineStore = ReturnType<typeof openOnlineStore>;

/** Opens them over pipeline's own schema, which its store brings up to date. */
export function openOnlineStore(pool: pg.Pool) {
  const db = openDatabase<Tables>(pool);
  const asView = ({ document, pins }: Tables["online_view"]): OnlineView => {
    const { definition, ...rest } = document as unknown as Document;
    return { view: definition, ...rest, pins: pins as DatasetPin[] };
  };
  return {
    /** Written before Redis is: what stands there can always be found, written again and taken away. */
    save: async ({ view, problem, columns, pins }: OnlineView, at: Date): Promise<void> => {
      const document = JSON.stringify({ definition: view, problem, columns } satisfies Document);
      const row = { document, pins, at: at.toISOString() };
      await db
        .insertInto("online_view")
        .values({ view: view.hash, ...row })
        .onConflict((conflict) => conflict.column("view").doUpdateSet(row))
        .execute();
    },
    all: async (): Promise<OnlineView[]> => (await db.selectFrom("online_view").selectAll().execute()).map(asView),
    remove: async (view: string): Promise<void> => {
      await db.deleteFrom("online_view").where("view", "=", view).execute();
    },
  };
}
