import { readFileSync } from "node:fs";
import { readCoded } from "@muster/quality/cells/read-coded.ts";
import { findSuspects, type SuspectCell } from "@muster/quality/cells/suspects.ts";
import { fault } from "@muster/shared/fault.ts";
import { openEngine } from "@muster/shared/warehouse/duckdb.ts";
import { quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { storageType } from "@muster/shared/warehouse/storage.ts";
import { type Evaluation, round } from "../support/measure.ts";
import { publicDatasets, publicFile } from "../support/story.ts";
import { cleanTable, damages, dirtyTable, domains, type Table } from "./dirty-tables.ts";

const seeds = [11, 12, 13];
/** Tables in which little or nothing is known to be wrong. */
const clean = [
  ...["customers", "orders", "order_details", "products", "suppliers", "employees"].map((name) => ["northwind", name]),
  ["telco_churn", "telco_churn"],
  ["credit_g", "credit_g"],
] as const;

/** Cells by row and column name, with what was found of them. */
type Found = { rows: number; columns: number; cells: Map<string, SuspectCell> };

/** What is found in a CSV, as it would be after loading. */
async function foundIn(text: { file: string } | { csv: string }): Promise<Found> {
  const file = "file" in text ? text.file : null;
  const engine = await openEngine({ files: file ? [file] : [], memoryMb: 1024, threads: 2 });
  try {
    if (file)
      await engine.run(`CREATE TABLE t AS SELECT * FROM read_csv(${quoteLiteral(file)}, header = true, nullstr = '')`);
    else await fill(engine.run, "csv" in text ? text.csv : "");
    const described = await engine.query<{ column_name: string; column_type: string }>("DESCRIBE t");
    const columns = described.map((d) => ({ name: d.column_name, type: storageType(d.column_type) }));
    const table = await readCoded(engine, "t", columns);
    const cells = findSuspects(table).cells.map((cell): [string, SuspectCell] => [
      `${cell.row} ${columns[cell.column]!.name}`,
      cell,
    ]);
    return { rows: table.rows, columns: columns.length, cells: new Map(cells) };
  } finally {
    engine.close();
  }
}

/** Makes the table `t` of made-up cells, each column of the type that all of its cells can be read as. */
async function fill(run: (sql: string) => Promise<void>, json: string): Promise<void> {
  const table = JSON.parse(json) as Table;
  const names = Object.keys(table);
  const numeric = (cells: Table[string]) =>
    cells.every((cell) => cell === null || /^-?(0|[1-9]\d*)(\.\d+)?(e-?\d+)?$/.test(cell));
  const whole = (cells: Table[string]) => cells.every((cell) => cell === null || /^-?\d+$/.test(cell));
  const types = names.map((name) => (!numeric(table[name]!) ? "VARCHAR" : whole(table[name]!) ? "BIGINT" : "DOUBLE"));
  await run(`CREATE TABLE t (${names.map((name, i) => `"${name}" ${types[i]}`).join(", ")})`);
  const rows = Array.from({ length: table[names[0]!]!.length }, (_, row) => {
    const cells = names.map((name) => table[name]![row] ?? null);
    return `(${cells.map((cell) => (cell === null ? "NULL" : quoteLiteral(cell))).join(", ")})`;
  });
  for (let at = 0; at < rows.length; at += 1000)
    await run(`INSERT INTO t VALUES ${rows.slice(at, at + 1000).join(", ")}`);
}

const made = (table: Table) => foundIn({ csv: JSON.stringify(table) });

function judged(found: Found, wrong: ReadonlySet<string>) {
  const hits = [...found.cells.keys()].filter((cell) => wrong.has(cell)).length;
  return {
    wrong: wrong.size,
    flagged: found.cells.size,
    rightFlagged: found.cells.size - hits,
    precision: found.cells.size > 0 ? round(hits / found.cells.size) : null,
    recall: wrong.size > 0 ? round(hits / wrong.size) : null,
  };
}

/** The cells of the dirty hospital that differ from what they should be. */
function hospitalWrong(): Set<string> {
  const lines = (name: string) =>
    readFileSync(publicFile("dirty_hospital", name), "utf8").trimEnd().split(/\r?\n/).map(fieldsOf);
  const [header, ...rows] = lines("hospital.csv");
  const truth = new Map(
    lines("hospital_clean.csv")
      .slice(1)
      .map(([row, column, cell]) => [`${row} ${column}`, cell]),
  );
  return new Set(
    rows.flatMap((cells, row) =>
      header!.flatMap((column, i) => (cells[i] !== truth.get(`${row} ${column}`) ? [`${row} ${column}`] : [])),
    ),
  );
}

/** The fields of a line of CSV. */
const fieldsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );

/** How much of what is wrong in dirty tables is found, and how much that is right is suspected, with no configuration at all. */
export const evaluation: Evaluation = {
  name: "quality",
  does: "wrong cells found and right ones suspected, without configuration: a public dirty table, made-up ones, and clean ones",
  async run() {
    if (!publicDatasets()) throw fault("unavailable", "the public datasets aren't beside the checkout");
    const hospital = await foundIn({ file: publicFile("dirty_hospital", "hospital.csv") });
    const ofHospital = judged(hospital, hospitalWrong());
    const cases: Record<string, unknown>[] = [{ table: "dirty_hospital", ...ofHospital }];
    const kinds = new Map(damages.map((damage) => [damage, { wrong: 0, found: 0 }]));
    let [madeWrong, madeFlagged, madeHits, cleanFlagged, cleanCells] = [0, 0, 0, 0, 0];
    for (const domain of domains) {
      for (const seed of seeds) {
        const { table, wrong } = dirtyTable(domain, seed);
        const found = await made(table);
        const result = judged(found, new Set(wrong.keys()));
        cases.push({ table: `made-up ${domain.name}, seed ${seed}`, ...result });
        madeWrong += result.wrong;
        madeFlagged += result.flagged;
        madeHits += result.flagged - result.rightFlagged;
        for (const [cell, damage] of wrong) {
          const kind = kinds.get(damage)!;
          kind.wrong++;
          if (found.cells.has(cell)) kind.found++;
        }
      }
      const found = await made(cleanTable(domain, seeds[0]!));
      cases.push({ table: `made-up ${domain.name}, clean`, ...judged(found, new Set()) });
      cleanFlagged += found.cells.size;
      cleanCells += found.rows * found.columns;
    }
    for (const [folder, name] of clean) {
      const found = await foundIn({ file: publicFile(folder, `${name}.csv`) });
      cases.push({ table: name, ...judged(found, new Set()) });
      cleanFlagged += found.cells.size;
      cleanCells += found.rows * found.columns;
    }
    for (const [damage, { wrong, found }] of kinds) cases.push({ damage, wrong, found, recall: round(found / wrong) });
    return {
      figures: {
        hospitalRecall: ofHospital.recall,
        hospitalPrecision: ofHospital.precision,
        hospitalWrong: ofHospital.wrong,
        hospitalRightFlagged: ofHospital.rightFlagged,
        madeRecall: round(madeHits / madeWrong),
        madePrecision: round(madeHits / madeFlagged),
        cleanFlaggedShare: round(cleanFlagged / cleanCells),
      },
      cases,
    };
  },
};
