/** What the data plane counted of each version since it started. */
export type Work = { runs: number; failures: number; rows: number; seconds: number };

const counted =
  /^muster_serving_version_(runs|failures|rows|seconds)_total\{model="((?:[^"\\]|\\.)*)",version="(\d+)"\} (\S+)$/;

/** Reads the versions' work of one model from the data plane's metrics; a version that isn't there did none. */
export function readWork(metrics: string, model: string): Map<number, Work> {
  const work = new Map<number, Work>();
  for (const line of metrics.split("\n")) {
    const [, what, name, version, value] = counted.exec(line) ?? [];
    if (name !== model) continue;
    const of = work.get(Number(version)) ?? { runs: 0, failures: 0, rows: 0, seconds: 0 };
    work.set(Number(version), { ...of, [what!]: Number(value) });
  }
  return work;
}

/** Asks the data plane for it; empty where it doesn't answer: then failures and latency aren't judged. */
export async function askWork(url: string, model: string, signal: AbortSignal): Promise<Map<number, Work>> {
  const response = await fetch(`${url}/metrics`, { signal }).catch(() => null);
  return response?.ok ? readWork(await response.text(), model) : new Map();
}
