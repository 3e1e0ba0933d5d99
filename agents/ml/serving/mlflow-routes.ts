import { fault } from "@muster/shared/fault.ts";
import type { FastifyInstance } from "fastify";
import { answer, type Scoring } from "./answer.ts";
import { bodyBytes, mediaType } from "./body.ts";
import { parseCsv } from "./csv.ts";
import { bodyText, parseObject } from "./json.ts";
import { invocationResponse, readInvocation } from "./mlflow.ts";
import type { Models } from "./models.ts";
import { versionsOf } from "./open-inference.ts";
import type { ServedModel } from "./served-model.ts";
import type { SentTable } from "./table.ts";

/** Content types that `/invocations` takes; any other is 415. */
const contentTypes = ["application/json", "text/csv"];

/**
 * MLflow's scoring protocol: `/invocations?model=NAME[@ALIAS | /VERSION][&extra=ignore]`, `/ping`, `/health`, `/version`. The version
 * that answered (several where traffic is split, joined by commas) stands in the header `muster-model-version`, the time of looked-up features in `muster-features-as-of`.
 * A column that the model doesn't take is refused by name; with `extra=ignore` it isn't read, and the header
 * `muster-columns-ignored` names it (each name URI-encoded, joined by commas).
 */
export function mlflowRoutes(app: FastifyInstance, scoring: Scoring, version: string): void {
  const { models } = scoring;
  for (const path of ["/ping", "/health"]) {
    app.get(path, async (_request, reply) =>
      reply
        .status(models.ready() ? 200 : 503)
        .type("text/plain")
        .send("\n"),
    );
  }
  app.get("/version", async (_request, reply) => reply.type("text/plain").send(version));
  app.post<{ Querystring: { model?: string | string[]; extra?: string } }>(
    "/invocations",
    async ({ query, headers, body }, reply) => {
      const type = mediaType(headers["content-type"]);
      if (!contentTypes.includes(type)) {
        return reply.status(415).send({ error: `the content type must be one of ${contentTypes.join(", ")}` });
      }
      const ignored: string[] = [];
      const answered = await answer(scoring, "mlflow", () => {
        const bytes = bodyBytes(body);
        const read = type === "text/csv" ? csvRows(bytes) : jsonRows(bytes);
        const rows = extraRule(query.extra) === "ignore" ? withoutExtra(read, ignored) : read;
        return { ...meant(models, query.model), request: scoring.newId(), rows };
      });
      const { served, scored, sides } = answered;
      reply.header("muster-model-version", versionsOf(served, sides).join(","));
      if (scored.featuresAsOf !== null) reply.header("muster-features-as-of", scored.featuresAsOf);
      if (ignored.length > 0) reply.header("muster-columns-ignored", ignored.map(encodeURIComponent).join(","));
      return invocationResponse(answered);
    },
  );
}

type Read = (served: ServedModel) => SentTable;

function extraRule(extra: string | undefined): "refuse" | "ignore" {
  if (extra === undefined || extra === "ignore") return extra ?? "refuse";
  throw fault("invalid_input", "extra= takes ignore; without it unknown columns are refused");
}

/** Reads only what the model takes; the names of the rest go into `ignored`. */
const withoutExtra =
  (read: Read, ignored: string[]): Read =>
  (served) => {
    const table = read(served);
    const { entity, columns } = served.input;
    const taken = new Set([...columns.map(({ name }) => name), ...(entity ? [entity.name] : [])]);
    ignored.push(...[...table.columns.keys()].filter((name) => !taken.has(name)));
    return { ...table, columns: new Map([...table.columns].filter(([name]) => taken.has(name))) };
  };

function csvRows(bytes: Buffer): Read {
  const table = parseCsv(bodyText(bytes));
  return () => table;
}

function jsonRows(bytes: Buffer): Read {
  const body = parseObject(bytes);
  return ({ input, lookup }) => {
    const key = input.entity && lookup ? [input.entity.name] : [];
    const own = input.columns.map(({ name }) => name).filter((name) => !key.includes(name));
    return readInvocation(body, [...key, ...own]);
  };
}

/** The model that `?model=` means; without it the only one that is served. */
function meant(models: Models, query: string | string[] | undefined) {
  if (Array.isArray(query)) throw fault("invalid_input", "pass ?model= once");
  if (query === undefined) {
    const names = models.list().map(({ name }) => name);
    if (names.length === 0) throw fault("not_found", "no model is served; deploy one first");
    if (names.length > 1)
      throw fault("invalid_input", `several models are served; pass ?model= with one of ${names.sort().join(", ")}`);
    return { model: names[0]!, want: {} };
  }
  const [, model = query, mark, rest] = /^([^@/]+)([@/])(.+)$/.exec(query) ?? [];
  return { model, want: mark === "@" ? { alias: rest } : mark === "/" ? { version: rest } : {} };
}
