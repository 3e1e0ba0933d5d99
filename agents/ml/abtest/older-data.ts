import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { changesOf } from "../scoring/open-newest.ts";
import type { ServingPackage } from "../serving/package.ts";

/** A dataset that changed since a version was trained: when the version it knows and the newest one were written (ISO 8601). */
export type Older = { dataset: string; trainedOn: string; newest: string };

/** The datasets of a version's scope that are newer by now than what it was trained on. */
export async function olderData({ scope }: Pick<ServingPackage, "scope">, lake: Lake): Promise<Older[]> {
  const changed = (await changesOf(lake, scope)).filter(({ deployed, now }) => deployed !== now);
  return Promise.all(
    changed.map(async ({ deployed, now }) => ({
      dataset: parseDatasetRef(deployed).name,
      trainedOn: (await lake.manifest(deployed)).writtenAt,
      newest: (await lake.manifest(now)).writtenAt,
    })),
  );
}

/**
 * Refuses a challenger of older data that can't be served on the rows of now: features that it looks up stand as they were then, and
 * would be compared with the live version's newer ones. `conflict` says since when. What reads the row that is sent, or the events of
 * its keys at that moment, is served on what is true now whatever it was trained on.
 */
export function checkServable(
  { name, version, lookup }: Pick<ServingPackage, "name" | "version" | "lookup">,
  older: readonly Older[],
): void {
  const [first] = older;
  if (first === undefined || lookup === null) return;
  throw fault(
    "conflict",
    `version ${version} of ${name} looks up ${lookup.slice(0, 3).join(", ")}${lookup.length > 3 ? " and others" : ""} as of ${first.trainedOn.slice(0, 10)}, and ${first.dataset} changed since: train it again on the data of now`,
    { datasets: older.map(({ dataset }) => dataset) },
  );
}

/** The same as a clause of a verdict; nothing where nothing changed. */
export const saysOlder = (older: readonly Older[]): string =>
  older.length === 0
    ? ""
    : `; the challenger was trained before ${older.map(({ dataset, trainedOn, newest }) => `${dataset} changed (${day(trainedOn)}, by now ${day(newest)})`).join(", ")}`;

const day = (moment: string): string => moment.slice(0, 16).replace("T", " ");
