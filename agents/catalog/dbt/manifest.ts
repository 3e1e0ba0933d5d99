import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";

const text = z.string().nullish();
const list = z.array(z.string()).nullish();

/** A column as dbt describes it. */
const DbtColumn = z.object({ name: z.string(), description: text, comment: text, tags: list });

/** What is read of a node of `manifest.json`, versions 9 to 12; the rest is left alone. */
const DbtNode = z.object({
  resource_type: z.string(),
  schema: text,
  name: z.string(),
  alias: text,
  identifier: text,
  description: text,
  columns: z.record(z.string(), DbtColumn).default({}),
  tags: list,
  meta: z.record(z.string(), z.unknown()).nullish(),
  config: z
    .object({
      severity: text,
      where: text,
      enabled: z.boolean().nullish(),
      meta: z.record(z.string(), z.unknown()).nullish(),
      group: text,
    })
    .nullish(),
  depends_on: z.object({ nodes: list }).nullish(),
  test_metadata: z.object({ name: z.string(), kwargs: z.record(z.string(), z.unknown()).default({}) }).nullish(),
  attached_node: text,
  column_name: text,
});
export type DbtNode = z.infer<typeof DbtNode>;

const Manifest = z.object({
  metadata: z.object({ dbt_schema_version: z.string(), project_name: text }),
  nodes: z.record(z.string(), DbtNode),
  sources: z.record(z.string(), DbtNode).default({}),
});

const Catalog = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      metadata: z.object({ comment: text, owner: text }),
      columns: z.record(z.string(), z.object({ name: z.string(), comment: text })),
    }),
  ),
});

/** A relation that dbt knows: a model, seed, snapshot or source, with what is said of it and of its columns. */
export type DbtRelation = {
  id: string;
  kind: string;
  schema: string;
  table: string;
  description: string;
  owner: string;
  tags: string[];
  columns: { name: string; description: string }[];
  dependsOn: string[];
};

/** A generic test of a column of a relation. */
export type DbtTest = {
  relation: string;
  column: string;
  name: string;
  kwargs: Record<string, unknown>;
  severity: "error" | "warn";
  dependsOn: string[];
};

/** A dbt project as its artifacts show it. `unread`: tests of a kind or with a condition that isn't understood. */
export type DbtProject = { name: string; relations: DbtRelation[]; tests: DbtTest[]; unread: number };

const OLDEST = 9;
const NEWEST = 12;
const RELATIONS = new Set(["model", "seed", "snapshot", "source"]);

function parsed<T>(type: z.ZodType<T>, raw: string, file: string): T {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch (error) {
    throw fault("invalid_input", `${file} isn't JSON; make it with: dbt docs generate`, {}, error);
  }
  const result = type.safeParse(json);
  if (result.success) return result.data;
  const path = result.error.issues[0]!.path.join(".").slice(0, 200);
  throw fault(
    "invalid_input",
    `${file} isn't one of dbt: ${path || "the document"} can't be read; make it with: dbt docs generate`,
  );
}

/** The owner as dbt's projects say it: `meta.owner`, or the group. */
const ownerOf = ({ meta, config }: DbtNode): string => {
  const owner = meta?.owner ?? config?.meta?.owner ?? config?.group;
  return typeof owner === "string" ? owner : "";
};

/**
 * Reads a project from the text of its `manifest.json` (versions 9 to 12) and, where it is there, of its `catalog.json`,
 * whose comments stand in for descriptions that nobody wrote. `invalid_input` says what can't be read.
 */
export function readDbt(manifest: string, catalog: string | null): DbtProject {
  const { metadata, nodes, sources } = parsed(Manifest, manifest, "manifest.json");
  const version = Number(/\/manifest\/v(\d+)\.json$/.exec(metadata.dbt_schema_version)?.[1]);
  if (!(version >= OLDEST && version <= NEWEST)) {
    const found = Number.isNaN(version) ? "another document" : `version ${version}`;
    throw fault("invalid_input", `manifest.json is ${found}; versions ${OLDEST} to ${NEWEST} are read`);
  }
  const documented = catalog === null ? {} : parsed(Catalog, catalog, "catalog.json").nodes;
  const relations = Object.entries({ ...nodes, ...sources }).flatMap(([id, node]) =>
    RELATIONS.has(node.resource_type) && node.schema ? [relationOf(id, node, documented[id])] : [],
  );
  const generic = Object.values(nodes).filter((node) => node.resource_type === "test");
  const tests = generic.flatMap((node) => testOf(node, relations));
  const unread = generic.length - tests.length;
  return { name: metadata.project_name ?? "dbt", relations, tests, unread };
}

function relationOf(
  id: string,
  node: DbtNode,
  seen: z.infer<typeof Catalog>["nodes"][string] | undefined,
): DbtRelation {
  const columns = new Map(
    Object.values(node.columns).map(({ name, description }) => [
      name.toLowerCase(),
      { name, description: description ?? "" },
    ]),
  );
  for (const { name, comment } of Object.values(seen?.columns ?? {})) {
    const column = columns.get(name.toLowerCase());
    if (!column || column.description === "") columns.set(name.toLowerCase(), { name, description: comment ?? "" });
  }
  return {
    ...{ id, kind: node.resource_type, schema: node.schema!, table: node.identifier ?? node.alias ?? node.name },
    ...{ description: node.description || seen?.metadata.comment || "", owner: ownerOf(node), tags: node.tags ?? [] },
    ...{ columns: [...columns.values()], dependsOn: node.depends_on?.nodes ?? [] },
  };
}

/** Tests under a condition hold for some rows only, which no expectation says: they are left out, like disabled ones. */
function testOf(node: DbtNode, relations: readonly DbtRelation[]): DbtTest[] {
  const { test_metadata: test, config } = node;
  const column = node.column_name ?? test?.kwargs.column_name;
  if (!test || typeof column !== "string" || config?.where || config?.enabled === false) return [];
  const named = /\bref\(\s*'([^']+)'(?:\s*,\s*'([^']+)')?\s*\)/.exec(String(test.kwargs.model ?? ""));
  const model = named?.[2] ?? named?.[1];
  const relation = node.attached_node ?? relations.find(({ id }) => model && id.endsWith(`.${model}`))?.id;
  if (!relation) return [];
  const severity = config?.severity?.toLowerCase() === "warn" ? "warn" : "error";
  return [
    { relation, column, name: test.name, kwargs: test.kwargs, severity, dependsOn: node.depends_on?.nodes ?? [] },
  ];
}
