import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

const Text = (most: number) => z.string().min(1).max(most);
const Millis = z.number().int().min(1e12);
const Tag = z.strictObject({ key: Text(250), value: z.string().max(5000) });
const Param = z.strictObject({ key: Text(250), value: z.string().max(6000) });
const Metric = z.strictObject({ key: Text(250), value: z.number(), timestamp: Millis, step: z.number().int().min(0) });
const Name = z.strictObject({ name: Text(256) });

/** What each call of MLflow's REST API 2.0 takes, as its documentation says; anything else in a body is refused. */
const calls = {
  "POST experiments/create": z.strictObject({ name: Text(500), tags: z.array(Tag).optional() }),
  "GET experiments/get-by-name": z.strictObject({ experiment_name: Text(500) }),
  "POST runs/search": z.strictObject({
    experiment_ids: z.array(Text(50)).min(1),
    filter: z.string(),
    max_results: z.number().int().positive().max(50_000),
  }),
  "POST runs/create": z.strictObject({
    experiment_id: Text(50),
    run_name: Text(250),
    start_time: Millis,
    tags: z.array(Tag).max(100),
  }),
  "POST runs/update": z.strictObject({
    run_id: Text(50),
    status: z.enum(["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]),
    end_time: Millis.optional(),
  }),
  "POST runs/log-batch": z
    .strictObject({
      run_id: Text(50),
      metrics: z.array(Metric).max(1000).optional(),
      params: z.array(Param).max(100).optional(),
      tags: z.array(Tag).max(100).optional(),
    })
    .refine(({ metrics = [], params = [], tags = [] }) => metrics.length + params.length + tags.length <= 1000),
  "POST registered-models/create": Name,
  "GET model-versions/search": z.strictObject({ filter: z.string(), max_results: z.string().regex(/^\d+$/) }),
  "POST model-versions/create": z.strictObject({
    name: Text(256),
    source: Text(500),
    run_id: Text(50),
    tags: z.array(Tag).max(100),
  }),
  "POST registered-models/alias": z.strictObject({
    name: Text(256),
    alias: Text(256),
    version: z.string().regex(/^\d+$/),
  }),
  "DELETE registered-models/alias": z.strictObject({ name: Text(256), alias: Text(256) }),
} satisfies Record<string, z.ZodType>;
type Called = keyof typeof calls;

type Run = {
  info: { run_id: string; experiment_id: string; status: string; end_time?: number };
  name: string;
  metrics: { key: string; value: number; step: number }[];
  params: Map<string, string>;
  tags: Map<string, string>;
};
type Version = { name: string; version: string; run_id: string; source: string; tags: z.infer<typeof Tag>[] };

class Refused extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** An MLflow server as far as a mirror needs one: it keeps what it is told, and refuses every body that isn't to the letter. */
export async function startMlflow() {
  const experiments = new Map<string, string>();
  const runs = new Map<string, Run>();
  const versions: Version[] = [];
  const models = new Map<string, Map<string, string>>();
  const heard: { call: string; authorization: string | undefined; status: number }[] = [];
  let down: (call: string) => number | null = () => null;
  const runOf = (id: string): Run => {
    const run = runs.get(id);
    if (!run) throw new Refused("RESOURCE_DOES_NOT_EXIST");
    return run;
  };
  const set = (
    pairs: readonly { key: string; value: string }[] | undefined,
    map: Map<string, string>,
    final: boolean,
  ) => {
    for (const { key, value } of pairs ?? []) {
      if (final && map.has(key) && map.get(key) !== value) throw new Refused("INVALID_PARAMETER_VALUE");
      map.set(key, value);
    }
  };

  const answers: { [C in Called]: (body: z.infer<(typeof calls)[C]>) => object } = {
    "POST experiments/create": ({ name }) => {
      if (experiments.has(name)) throw new Refused("RESOURCE_ALREADY_EXISTS");
      experiments.set(name, String(experiments.size + 1));
      return { experiment_id: experiments.get(name) };
    },
    "GET experiments/get-by-name": ({ experiment_name: name }) => {
      if (!experiments.has(name)) throw new Refused("RESOURCE_DOES_NOT_EXIST");
      return { experiment: { experiment_id: experiments.get(name), name } };
    },
    "POST runs/search": ({ experiment_ids, filter }) => {
      const [, key, value] = /^tags\.`([^`]+)` = '([^']*)'$/.exec(filter) ?? [];
      if (!key) throw new Refused("INVALID_PARAMETER_VALUE");
      const found = [...runs.values()].filter(
        (run) => experiment_ids.includes(run.info.experiment_id) && run.tags.get(key) === value,
      );
      return found.length > 0 ? { runs: found.map(({ info }) => ({ info })) } : {};
    },
    "POST runs/create": ({ experiment_id, run_name, tags }) => {
      if (![...experiments.values()].includes(experiment_id)) throw new Refused("RESOURCE_DOES_NOT_EXIST");
      const info = { run_id: `remote${runs.size + 1}`, experiment_id, status: "RUNNING" };
      const run = { info, name: run_name, metrics: [], params: new Map(), tags: new Map() };
      set(tags, run.tags, false);
      runs.set(info.run_id, run);
      return { run: { info, data: {} } };
    },
    "POST runs/update": ({ run_id, status, end_time }) => {
      Object.assign(runOf(run_id).info, { status, end_time });
      return { run_info: runOf(run_id).info };
    },
    "POST runs/log-batch": ({ run_id, metrics, params, tags }) => {
      const run = runOf(run_id);
      set(params, run.params, true);
      set(tags, run.tags, false);
      for (const { key, value, step } of metrics ?? [])
        if (!run.metrics.some((one) => one.key === key && one.value === value && one.step === step))
          run.metrics.push({ key, value, step });
      return {};
    },
    "POST registered-models/create": ({ name }) => {
      if (models.has(name)) throw new Refused("RESOURCE_ALREADY_EXISTS");
      models.set(name, new Map());
      return { registered_model: { name } };
    },
    "GET model-versions/search": ({ filter }) => {
      const [, name] = /^name='([^']+)'$/.exec(filter) ?? [];
      if (!name) throw new Refused("INVALID_PARAMETER_VALUE");
      return { model_versions: versions.filter((one) => one.name === name) };
    },
    "POST model-versions/create": ({ name, source, run_id, tags }) => {
      if (!models.has(name)) throw new Refused("RESOURCE_DOES_NOT_EXIST");
      runOf(run_id);
      const version = String(versions.filter((one) => one.name === name).length + 1);
      versions.push({ name, version, run_id, source, tags });
      return { model_version: { name, version } };
    },
    "POST registered-models/alias": ({ name, alias, version }) => {
      if (!versions.some((one) => one.name === name && one.version === version))
        throw new Refused("RESOURCE_DOES_NOT_EXIST");
      models.get(name)!.set(alias, version);
      return {};
    },
    "DELETE registered-models/alias": ({ name, alias }) => {
      if (!models.has(name)) throw new Refused("RESOURCE_DOES_NOT_EXIST");
      models.get(name)!.delete(alias);
      return {};
    },
  };

  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url ?? "", "http://mlflow");
    const path = url.pathname.replace(/^\/tracking\/api\/2\.0\/mlflow\//, "");
    const call = `${request.method} ${path}`;
    const end = (status: number, answer: object) => {
      heard.push({ call, authorization: request.headers.authorization, status });
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    };
    const fails = down(call);
    if (fails !== null) return end(fails, { error_code: "TEMPORARILY_UNAVAILABLE" });
    if (!Object.hasOwn(calls, call)) return end(404, { error_code: "ENDPOINT_NOT_FOUND" });
    const said: unknown = request.method === "GET" ? Object.fromEntries(url.searchParams) : JSON.parse(body || "null");
    const read = calls[call as Called].safeParse(said);
    if (!read.success) return end(400, { error_code: "INVALID_PARAMETER_VALUE", message: read.error.message });
    try {
      end(200, answers[call as Called](read.data as never));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const missing = error.code === "RESOURCE_DOES_NOT_EXIST";
      end(missing ? 404 : 400, { error_code: error.code });
    }
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/tracking/`,
    host: "127.0.0.1",
    ...{ experiments, runs, versions, models, heard },
    /** Lets calls fail with a status, or none. */
    fail: (next: (call: string) => number | null) => {
      down = next;
    },
    stop: () => new Promise((closed) => server.close(closed)),
  };
}
