import {
  type Classification,
  classesOf,
  type Sensitivity,
  type SensitivityLevel,
} from "@muster/shared/domain/classification.ts";

/** So many columns that tell a person together with others do so among themselves. */
const quasiTogether = 3;

/** The classification of a whole dataset from its columns: the highest level that one of them, or several together, reach. */
export function sensitivityOf({ columns }: Classification): Sensitivity {
  const byClass = new Map<string, string[]>();
  for (const column of columns)
    for (const name of classesOf(column)) byClass.set(name, [...(byClass.get(name) ?? []), column.name]);
  const of = (...names: string[]) => [...new Set(names.flatMap((name) => byClass.get(name) ?? []))];
  const quasi = of("quasi");
  const levels: [SensitivityLevel, string[]][] = [
    ["secret", of("password", "card_security_code")],
    ["identifying", [...of("direct"), ...(quasi.length >= quasiTogether ? quasi : [])]],
    ["personal", of("pii")],
    ["internal", of("key", "protected")],
  ];
  const [level, reached] = levels.find(([, names]) => names.length > 0) ?? ["open" as const, []];
  const classes = [...byClass]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, held]) => ({ class: name, columns: held }));
  const because = reached.map((name) => {
    const column = columns.find((one) => one.name === name)!;
    return `${name}: ${classesOf(column).join(", ")}`;
  });
  return { level, columns: columns.length, classes, because };
}
