import { type CardItem, type ModelCard, type RecordEntry, reader } from "./card.ts";
import type { ModelRecord } from "./gather-record.ts";

type Section = ModelCard["sections"][number];

/** A figure with its 95 % interval: three lines. */
const figure = (read: ReturnType<typeof reader>, label: string, ...path: (string | number)[]): CardItem[] => [
  ...read.item(label, ...path, "value"),
  ...read.item(`${label}, 95 % from`, ...path, "low"),
  ...read.item(`${label}, 95 % to`, ...path, "high"),
];

function model({ of }: ModelRecord): Section {
  const run = reader(of("run.finished"));
  return {
    title: "Model",
    items: [
      ...reader(of("model.registered")).item("name", "name"),
      ...reader(of("model.registered")).item("version", "version"),
      ...reader(of("model.registered")).item("hash", "hash"),
      ...["algorithm", "task", "run", "engine", "seed", "threads", "validation", "threshold"].flatMap((key) =>
        run.item(key, key),
      ),
    ],
  };
}

function use({ of }: ModelRecord): Section {
  const problem = reader(of("problem.defined"));
  const accepted = reader(of("request.accepted"));
  return {
    title: "Intended use",
    items: [
      ...problem.item("question", "sentence"),
      ...["dataset", "target", "entity", "metric", "labelDelayDays"].flatMap((key) => problem.item(key, key)),
      ...accepted.item("purpose", "purpose"),
      ...accepted.item("asked by", "person"),
      ...problem.keys("assumptions").flatMap((at) => problem.item("assumption", "assumptions", at)),
    ],
  };
}

function data({ of, all }: ModelRecord): Section {
  const scope = reader(of("scope.pinned"));
  const run = reader(of("run.finished"));
  const set = reader(of("training_set.passed"));
  return {
    title: "Data",
    items: [
      ...scope.keys("datasets").flatMap((at) => scope.item("table", "datasets", at, "pin")),
      ...run.item("training matrix", "training"),
      ...run.item("training rows", "rows"),
      ...run
        .keys("classCounts")
        .flatMap((at) => run.item(`training rows of ${run.text("classes", at)}`, "classCounts", at)),
      ...set.item("rows of the rarer class", "positives"),
      ...all("features.materialized").flatMap((one) => {
        const read = reader(one);
        return read.item(`${read.text("role")} rows`, "rows");
      }),
      ...all("quality.passed").flatMap((one) => {
        const read = reader(one);
        return read.item(`checks held, ${read.text("dataset").split("@")[0]}`, "statistics", "successful");
      }),
    ],
  };
}

function performance({ of }: ModelRecord): Section {
  const found = reader(of("model.evaluated"));
  const run = reader(of("run.finished"));
  return {
    title: "Performance on the sealed hold-out",
    items: [
      ...found
        .keys("metrics")
        .flatMap((name) => [
          ...found.item(name, "metrics", name),
          ...found.item(`${name}, 95 % from`, "intervals", name, 0),
          ...found.item(`${name}, 95 % to`, "intervals", name, 1),
          ...found.item(`${name} of the constant baseline`, "baseline", name),
        ]),
      ...["rows", "look", "threshold", "exploratory"].flatMap((key) => found.item(key, key)),
      ...["brier", "slope", "intercept"].flatMap((key) => found.item(`calibration ${key}`, "calibration", key)),
      ...found.item("stored predictions (artifact)", "predictions"),
      ...run
        .keys("cv")
        .flatMap((name) => [
          ...run.item(`cross-validated ${name}`, "cv", name, "mean"),
          ...run.item(`cross-validated ${name}, standard error`, "cv", name, "se"),
        ]),
    ],
  };
}

function fairness({ of }: ModelRecord): Section {
  const read = reader(of("model.fairness"));
  return {
    title: "Fairness",
    items: [
      ...read.keys("attributes").flatMap((at) => {
        const of = (...path: (string | number)[]) => ["attributes", at, ...path];
        const attribute = read.text(...of("attribute"));
        return [
          ...figure(read, `${attribute}: ratio of outcome rates`, ...of("ratio")),
          ...figure(read, `${attribute}: ratio of true positive rates`, ...of("tprRatio")),
          ...figure(read, `${attribute}: told by the features, AUC`, ...of("together", "rocAuc")),
          ...read.item(`${attribute}: read by the model itself`, ...of("isFeature")),
          ...read.keys(...of("groups")).flatMap((group) => groupItems(read, attribute, of("groups", group))),
        ];
      }),
      ...read
        .keys("uncompared")
        .flatMap((at) =>
          read.item(`${read.text("uncompared", at, "attribute")}: not compared`, "uncompared", at, "reason"),
        ),
      ...read.item("method", "method"),
    ],
  };
}

function groupItems(read: ReturnType<typeof reader>, attribute: string, path: (string | number)[]): CardItem[] {
  const name = `${attribute} ${read.text(...path, "group")}`;
  return [
    ...read.item(`${name}: rows`, ...path, "rows"),
    ...read
      .keys(...path, "rates")
      .flatMap((outcome) => figure(read, `${name}: predicted ${outcome}`, ...path, "rates", outcome)),
    ...read
      .keys(...path, "actual")
      .flatMap((outcome) => figure(read, `${name}: is ${outcome}`, ...path, "actual", outcome)),
    ...figure(read, `${name}: true positive rate`, ...path, "truePositive"),
    ...figure(read, `${name}: false positive rate`, ...path, "falsePositive"),
    ...figure(read, `${name}: roc_auc`, ...path, "rocAuc"),
    ...figure(read, `${name}: accuracy`, ...path, "accuracy"),
    ...figure(read, `${name}: rmse`, ...path, "rmse"),
    ...figure(read, `${name}: mean prediction minus mean label`, ...path, "calibration"),
  ];
}

const dropping = ["training.cleared", "features.suggested", "training_set.passed", "run.finished"] as const;

function features({ of }: ModelRecord): Section {
  const explained = reader(of("model.explained"));
  const dropped = dropping.flatMap((fact) => {
    const read = reader(of(fact));
    return read
      .keys("dropped")
      .flatMap((at) => [
        ...read.item(`${read.text("dropped", at, "name")}: left out`, "dropped", at, "reason"),
        ...read.item(`${read.text("dropped", at, "name")}: the number that shows it`, "dropped", at, "number"),
      ]);
  });
  return {
    title: "Features",
    items: [
      ...explained
        .keys("importance")
        .flatMap((at) =>
          explained.item(
            `${explained.text("importance", at, "name")}: share of contribution`,
            "importance",
            at,
            "importance",
          ),
        ),
      ...explained.item("method", "method"),
      ...dropped.filter(({ value }) => value !== null),
    ],
  };
}

const listed = (entry: RecordEntry | null, label: string, key: string): CardItem[] => {
  const read = reader(entry);
  return read.keys(key).flatMap((at) => read.item(label, key, at));
};

function governed({ of, decisions, approvals }: ModelRecord): Section {
  return {
    title: "Policies and approvals",
    items: [
      ...listed(of("training.cleared"), "training cleared by policy", "policies"),
      ...listed(of("training.cleared"), "obligation", "obligations"),
      ...listed(of("deployment.cleared"), "deployment cleared by policy", "policies"),
      ...decisions.flatMap((row) => {
        const read = reader({ kind: "decision", id: row.id, body: row });
        return [
          ...read.item(`${row.action}: allowed`, "allowed"),
          ...read.item(`${row.action}: because`, "why"),
          ...read.item(`${row.action}: policy set`, "facts", "policySet"),
          ...read.item(`${row.action}: environment`, "facts", "environment"),
        ];
      }),
      ...approvals.flatMap((row) => {
        const read = reader({ kind: "approval", id: row.id, body: row });
        return [
          ...read.item("approval of", "what"),
          ...["role", "state", "decided_by", "decided_at", "comment"].flatMap((key) =>
            read.item(`approval ${key.replace("_", " ")}`, key),
          ),
        ].filter(({ value }) => value !== null);
      }),
    ],
  };
}

function cost({ of, spent }: ModelRecord): Section {
  const run = reader(of("run.finished"));
  const reserved = reader(of("budget.reserved"));
  return {
    title: "Cost",
    items: [
      ...run.item("CPU-seconds", "cpuSeconds"),
      ...run.item("seconds", "seconds"),
      ...run.item("peak memory, MB", "peakMemoryMb"),
      ...reserved.item("estimated, USD", "estimatedUsd"),
      ...reserved.item("limit, USD", "limitUsd"),
      ...spent.flatMap((event) =>
        reader({ kind: "audit", id: event.id, body: event }).item("settled at, USD", "data", "usd"),
      ),
    ],
  };
}

function watched({ of, all }: ModelRecord): Section {
  const live = reader(of("deployment.live"));
  const started = reader(of("monitoring.started"));
  return {
    title: "Deployment and monitoring",
    items: [
      ...live.item("deployment", "name"),
      ...live.item("address", "url"),
      ...reader(of("deployment.live", "receipt")).item("live since", "at"),
      ...started.item("schedule", "cron"),
      ...all("drift.checked").flatMap((one) => {
        const read = reader(one);
        return [
          ...read.item("drift", "report", "verdict"),
          ...read.item("drift: because", "report", "reason"),
          ...read.item("drift: share of columns", "report", "share"),
        ];
      }),
    ],
  };
}

/** Composes a model's card: every line is read from its record and says where. Sections without a line are left out. */
export function composeCard(record: ModelRecord): ModelCard {
  const { name, version, hash } = record.registered;
  const sections = [model, use, data, performance, fairness, features, governed, cost, watched].map((of) => of(record));
  const items = sections.flatMap((section) => section.items);
  const read = new Set(items.map(({ source }) => source.id));
  return {
    ...{ model: name, version, hash },
    sections: sections.filter((section) => section.items.length > 0),
    receipts: record.receipts
      .filter(({ id }) => read.has(id))
      .map(({ id, fact, by, at }) => ({ receipt: id, fact, by, at })),
  };
}
