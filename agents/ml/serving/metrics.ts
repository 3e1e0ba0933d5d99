/** Upper bounds of the latency histogram, in seconds. */
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type Protocol = "open_inference" | "mlflow";

/** One scoring request as the metrics count it; `model` is "" where no served model was meant. */
export type Observation = { protocol: Protocol; model: string; status: number; rows: number; seconds: number };

/** A version at work; `split`: the salt of the split that it answered or shadowed under, "" outside of one. */
export type VersionAtWork = { model: string; version: number; split: string };
/** Its share of the work: rows it scored and how long that took. */
export type VersionWork = VersionAtWork & { rows: number; seconds: number };

/** A version that lost its traffic under a split, and why. */
export type Gone = VersionAtWork & { because: string };

export type ServingMetrics = {
  observe(observation: Observation): void;
  /** Rows that a version scored, whoever got the answer. */
  scored(work: VersionWork): void;
  /** A version that couldn't score what it was given. */
  failed(of: VersionAtWork): void;
  /** The Prometheus text of everything observed, with the prediction log's counts and the versions that lost their traffic. */
  text(log: { logged: number; dropped: number; waiting: number }, gone?: readonly Gone[]): string;
};

/** Counters of the data plane since its start; labels come from a fixed set and the names of served models. */
export function servingMetrics(): ServingMetrics {
  const requests = new Map<string, number>();
  const errors = new Map<string, number>();
  const rows = new Map<string, number>();
  const latency = new Map<string, { buckets: number[]; sum: number; count: number }>();
  const versionRows = new Map<string, number>();
  const versionRuns = new Map<string, number>();
  const versionSeconds = new Map<string, number>();
  const versionFailures = new Map<string, number>();
  const ofVersion = ({ model, version, split }: VersionAtWork) =>
    `model="${escaped(model)}",version="${version}",split="${escaped(split)}"`;
  const add = (to: Map<string, number>, key: string, amount: number) => void to.set(key, (to.get(key) ?? 0) + amount);

  return {
    observe({ protocol, model, status, rows: scored, seconds }) {
      const labels = `protocol="${protocol}",model="${escaped(model)}"`;
      add(requests, `${labels},status="${status}"`, 1);
      if (status >= 400) add(errors, `${labels},status="${status}"`, 1);
      else add(rows, labels, scored);
      let histogram = latency.get(labels);
      if (!histogram) {
        histogram = { buckets: new Array<number>(bounds.length).fill(0), sum: 0, count: 0 };
        latency.set(labels, histogram);
      }
      histogram.sum += seconds;
      histogram.count++;
      for (let b = bounds.length - 1; b >= 0 && seconds <= bounds[b]!; b--) histogram.buckets[b]!++;
    },
    scored({ rows: scored, seconds, ...of }) {
      add(versionRows, ofVersion(of), scored);
      add(versionRuns, ofVersion(of), 1);
      add(versionSeconds, ofVersion(of), seconds);
    },
    failed: (of) => add(versionFailures, ofVersion(of), 1),
    text(log, gone = []) {
      const out: string[] = [];
      const family = (name: string, type: string, help: string, lines: string[]) =>
        out.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines);
      const lines = (name: string, values: Map<string, number>) =>
        [...values].map(([labels, value]) => `${name}{${labels}} ${value}`);
      const counter = (name: string, help: string, values: Map<string, number>) =>
        family(name, "counter", help, lines(name, values));
      counter("muster_serving_requests_total", "Scoring requests.", requests);
      counter("muster_serving_errors_total", "Scoring requests that ended in an error.", errors);
      counter("muster_serving_rows_total", "Rows scored.", rows);
      counter("muster_serving_version_rows_total", "Rows scored by a version, shadows too.", versionRows);
      counter("muster_serving_version_runs_total", "Times a version scored rows.", versionRuns);
      counter("muster_serving_version_seconds_total", "Time that a version took to score.", versionSeconds);
      counter("muster_serving_version_failures_total", "Times a version could not score.", versionFailures);
      family("muster_serving_version_gone", "gauge", "Versions beside the live one that lost their traffic, and why.", [
        ...gone.map(
          ({ because, ...of }) => `muster_serving_version_gone{${ofVersion(of)},because="${escaped(because)}"} 1`,
        ),
      ]);
      const histogram = "muster_serving_request_seconds";
      family(histogram, "histogram", "Time from the parsed request's arrival to its answer.", [
        ...[...latency].flatMap(([labels, { buckets, sum, count }]) => [
          ...buckets.map((n, b) => `${histogram}_bucket{${labels},le="${bounds[b]}"} ${n}`),
          `${histogram}_bucket{${labels},le="+Inf"} ${count}`,
          `${histogram}_sum{${labels}} ${sum}`,
          `${histogram}_count{${labels}} ${count}`,
        ]),
      ]);
      const single = (name: string, type: string, help: string, value: number) =>
        family(name, type, help, [`${name} ${value}`]);
      single("muster_serving_predictions_logged_total", "counter", "Predictions written to the log.", log.logged);
      single("muster_serving_predictions_dropped_total", "counter", "Predictions that the log dropped.", log.dropped);
      single("muster_serving_predictions_waiting", "gauge", "Predictions waiting to be written.", log.waiting);
      return `${out.join("\n")}\n`;
    },
  };
}

const escaped = (label: string) => label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
