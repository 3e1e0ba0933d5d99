import { basename } from "node:path";
import type { Import } from "./imports.ts";

/** The part of the checkout that a path belongs to: `shared`, `bus`, `agents/ml`, `clients/cli`, `infra`, `tests`. */
function partOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  return top === "agents" || top === "clients" ? `${top}/${second}` : top;
}

const parts = /^(shared|bus|agents|clients|infra|tests)\//;

/** Which other parts a part may import: `shared ← bus ← agents, clients`; infra and tests see all. */
function sees(part: string): readonly string[] | "all" {
  if (part === "infra" || part === "tests") return "all";
  if (part === "shared") return [];
  if (part === "bus") return ["shared"];
  // The command line acts on the machine itself: it brings the swarm up and down.
  return part === "clients/cli" ? ["bus", "shared", "infra"] : ["bus", "shared"];
}

/** Packages that one place alone imports: everything else goes through it. */
const homes: { package: RegExp; at: (file: string) => boolean; home: string }[] = [
  { package: /^(nats|bullmq|ioredis)$/, at: (file) => partOf(file) === "bus", home: "bus" },
  {
    package: /^kysely$/,
    at: (file) => basename(file) === "store.ts" || file.startsWith("shared/database/"),
    home: "a store.ts or shared/database",
  },
  { package: /^@langchain\//, at: (file) => partOf(file) === "agents/planner", home: "agents/planner" },
  { package: /^(onnxruntime-node|koffi)$/, at: (file) => partOf(file) === "agents/ml", home: "agents/ml" },
];

/** The faults of imports against the house's directions, a sentence each. */
export function importFaults(imports: readonly Import[]): string[] {
  return imports.flatMap(({ file, from }) => {
    const home = homes.find((one) => one.package.test(from));
    if (home && !home.at(file)) return [`${file} imports ${from}, which is for ${home.home}`];
    if (!parts.test(`${from}/`)) return [];
    const [here, there] = [partOf(file), partOf(from)];
    const seen = sees(here);
    if (here === there || seen === "all" || seen.includes(there)) return [];
    return [`${file} imports ${from}: ${here} may see ${seen.join(", ") || "nobody of ours"}`];
  });
}
