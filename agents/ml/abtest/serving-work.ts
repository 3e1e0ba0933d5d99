/** What the data plane counted of a version under one split, since it started; `gone`: why it lost its traffic, null while it has it. */
export type Work = { runs: number; failures: number; rows: number; seconds: number; gone: string | null };

/** What a version did that never came to work. */
export const idle: Work = { runs: 0, failures: 0, rows: 0, seconds: 0, gone: null };

const text = '"((?:[^"\\\\]|\\\\.)*)"';
const counted = new RegExp(
  `^muster_serving_version_(?:(runs|failures|rows|seconds)_total|gone)\\{model=${text},version="(\\d+)",split=${text}(?:,because=${text})?\\} (\\S+)$`,
);

/** Reads the work of the versions of one model under one split from the data plane's metrics; a version that isn't there did none. */
export function readWork(metrics: string, model: string, split: string): Map<number, Work> {
  const work = new Map<number, Work>();
  for (const line of metrics.split("\n")) {
    const [, what, name, version, salt, because, value] = counted.exec(line) ?? [];
    if (name !== model || salt !== split) continue;
    const of = work.get(Number(version)) ?? idle;
    const found = what === undefined ? { gone: unescaped(because ?? "") } : { [what]: Number(value) };
    work.set(Number(version), { ...of, ...found });
  }
  return work;
}

const unescaped = (label: string) => label.replaceAll(/\\(.)/g, (_, one: string) => (one === "n" ? "\n" : one));

/** Asks the data plane for it; empty where it doesn't answer: then failures and slowness aren't judged. */
export async function askWork(
  url: string,
  model: string,
  split: string,
  signal: AbortSignal,
): Promise<Map<number, Work>> {
  const response = await fetch(`${url}/metrics`, { signal }).catch(() => null);
  return response?.ok ? readWork(await response.text(), model, split) : new Map();
}
