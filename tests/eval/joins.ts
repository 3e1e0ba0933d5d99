import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findJoins } from "@muster/catalog/joins.ts";
import { type DatasetManifest, pinOf } from "@muster/shared/domain/dataset.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { type Lake, openLake } from "@muster/shared/warehouse/lake.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { type Evaluation, round } from "../support/measure.ts";
import { publicFile } from "../support/story.ts";
import { madeSchema, type Naming, namings } from "./labelled/schemas.ts";

const schemas = 12;
/** Schemas whose seeds the rules were tried on while they were written; the others are held out. */
const tried = 4;

type Case = {
  schema: string;
  heldOut: boolean;
  wanted: number;
  found: number;
  right: number;
  missed: string[];
  wrong: string[];
  byNaming: Record<Naming, { wanted: number; right: number }> | null;
};

/**
 * Joins found from data against known foreign keys: Northwind's, and those of made-up schemas whose keys are named after
 * their tables, by a role (`sent_to`) or by nothing at all (`f3`), dense, sparse and textual, beside measures that fit by chance.
 */
export const evaluation: Evaluation = {
  name: "joins",
  does: "joins found from data against the foreign keys of northwind and of made-up schemas with renamed keys",
  async run() {
    const cases: Case[] = [];
    const northwind = existsSync(publicFile("northwind")) ? await inLake(northwindCase) : null;
    for (let seed = 1; seed <= schemas; seed++) cases.push(await inLake((lake) => madeCase(lake, seed)));
    const held = cases.filter(({ heldOut }) => heldOut);
    return {
      figures: {
        northwindRecall: northwind && round(northwind.right / northwind.wanted),
        northwindPrecision: northwind && round(northwind.right / northwind.found),
        ...figuresOf("madeHeldOut", held),
        ...figuresOf(
          "madeTried",
          cases.filter(({ heldOut }) => !heldOut),
        ),
        schemas,
      },
      cases: northwind ? [northwind, ...cases] : cases,
    };
  },
};

const total = (cases: readonly Case[], of: (one: Case) => number) => cases.reduce((sum, one) => sum + of(one), 0);

function figuresOf(which: string, cases: readonly Case[]) {
  const share = (part: number, whole: number) => (whole === 0 ? null : round(part / whole));
  const by = (naming: Naming) =>
    share(
      total(cases, (one) => one.byNaming?.[naming].right ?? 0),
      total(cases, (one) => one.byNaming?.[naming].wanted ?? 0),
    );
  const right = total(cases, (one) => one.right);
  return {
    [`${which}Recall`]: share(
      right,
      total(cases, (one) => one.wanted),
    ),
    [`${which}Precision`]: share(
      right,
      total(cases, (one) => one.found),
    ),
    ...Object.fromEntries(namings.map((naming) => [`${which}Recall_${naming}`, by(naming)])),
  };
}

async function inLake<T>(work: (lake: Lake, home: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), "muster-eval-joins-"));
  try {
    return await work(await openLake(home), home);
  } finally {
    await rm(home, { recursive: true });
  }
}

const nameOf = (left: { dataset: string; column: string }, right: { dataset: string; column: string }) =>
  `${left.dataset}.${left.column},${right.dataset}.${right.column}`;

async function compared(
  lake: Lake,
  tables: readonly DatasetManifest[],
  wanted: ReadonlySet<string>,
): Promise<Omit<Case, "schema" | "heldOut" | "byNaming"> & { names: Set<string> }> {
  const pins = tables.map(({ name, version }) => pinOf(name, version));
  const joins = await withPins(lake, pins, { threads: 2 }, (reader) => findJoins(reader, tables));
  const names = new Set(joins.map(({ left, right }) => nameOf(left, right)));
  return {
    wanted: wanted.size,
    found: names.size,
    right: [...names].filter((one) => wanted.has(one)).length,
    missed: [...wanted].filter((one) => !names.has(one)),
    wrong: [...names].filter((one) => !wanted.has(one)),
    names,
  };
}

async function northwindCase(lake: Lake, home: string): Promise<Case> {
  const lines = (await readFile(publicFile("northwind", "foreign_keys.csv"), "utf8")).trim().split(/\r?\n/).slice(1);
  const tables: DatasetManifest[] = [];
  const inbox = join(home, "inbox");
  await mkdir(inbox);
  for (const name of [
    ...[
      "categories",
      "customers",
      "employee_territories",
      "employees",
      "order_details",
      "orders",
      "products",
      "region",
    ],
    ...["shippers", "suppliers", "territories", "us_states"],
  ]) {
    const file = `${name}.csv`;
    await copyFile(publicFile("northwind", file), join(inbox, file));
    tables.push(await ingest({ lake, inbox, file, now: new Date(0) }));
  }
  const there = new Set(tables.map(({ name }) => name));
  // Keys of tables that the dataset doesn't hold can't be found.
  const wanted = lines.filter((line) => line.split(",").every((side) => there.has(side.split(".")[0]!)));
  const { names: _, ...rest } = await compared(lake, tables, new Set(wanted));
  return { schema: "northwind", heldOut: false, ...rest, byNaming: null };
}

async function madeCase(lake: Lake, seed: number): Promise<Case> {
  const schema = madeSchema(seed);
  const tables: DatasetManifest[] = [];
  for (const { name, sql } of schema.tables)
    tables.push(await writeQuery(lake, { name, kind: "source", sql, inputs: [], origin: "made up", now: new Date(0) }));
  const wanted = new Map(schema.keys.map(({ left, right, naming }) => [nameOf(left, right), naming]));
  const { names, ...rest } = await compared(lake, tables, new Set(wanted.keys()));
  const counts = (naming: Naming) => {
    const own = [...wanted].filter(([, one]) => one === naming);
    return { wanted: own.length, right: own.filter(([one]) => names.has(one)).length };
  };
  const byNaming = { table: counts("table"), role: counts("role"), none: counts("none") };
  return { schema: `made ${seed}`, heldOut: seed > tried, ...rest, byNaming };
}
