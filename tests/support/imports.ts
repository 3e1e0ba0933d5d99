import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** What a file imports: `from` is a path of the checkout (for files of ours) or the name of a package. */
export type Import = { file: string; from: string };

const statements = [
  /(?:^|[\s;{}])(?:import|export)\b[^"'`;()]*?\bfrom\s*["']([^"']+)["']/g,
  /(?:^|[\s;{}])import\s*["']([^"']+)["']/g,
  /\bimport\s*\(\s*["'`]([^"'`$]+)["'`]/g,
  /\brequire\s*\(\s*["'`]([^"'`$]+)["'`]/g,
];

/** The specifiers that a source imports: statically, dynamically with a literal, for types, re-exported or required. */
export const specifiersOf = (source: string): string[] =>
  statements.flatMap((statement) => [...source.matchAll(statement)].map((match) => match[1]!));

/** Where the packages of the workspace stand, by name: `@muster/ml` → `agents/ml`. */
export type Workspace = ReadonlyMap<string, string>;

/** The imports of a source at `file` (a path of the checkout), those of ours as paths of the checkout. */
export function importsOf(file: string, source: string, workspace: Workspace): Import[] {
  return specifiersOf(source).map((specifier) => {
    if (specifier.startsWith(".")) return { file, from: normalize(join(dirname(file), specifier)) };
    const [scope = "", name = "", ...rest] = specifier.split("/");
    const folder = workspace.get(`${scope}/${name}`);
    if (folder !== undefined) return { file, from: join(folder, ...rest) };
    return { file, from: scope.startsWith("@") ? `${scope}/${name}` : scope };
  });
}

/** The workspace's packages from their manifests (paths of the checkout at `root`). */
export const workspaceOf = (root: string, manifests: readonly string[]): Workspace =>
  new Map(
    manifests.map((file) => [
      (JSON.parse(readFileSync(join(root, file), "utf8")) as { name: string }).name,
      dirname(file),
    ]),
  );
