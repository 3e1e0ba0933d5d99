import type { ClassKind, ClassTag, Identifier } from "@muster/shared/domain/classification.ts";
import type { ColumnType } from "@muster/shared/domain/dataset.ts";
import type { ColumnSample } from "./column-sample.ts";

/**
 * How one kind of data is found. A detector is one file and one line in the table.
 * `says`: plural noun for reasons ("e-mail addresses").
 * `names`: phrases of column names, lower case, without accents, in any language (`=` in front: the whole name).
 * `not`: words beside the phrase that mean something else.
 * `fits`: whether the values allow what the name claims; only asked of columns that have values and are no flags.
 * `value`: whether one value has the format (and checksum); null where only names tell.
 * `types`: storage types whose values are tested. `share`: the ratio of sampled values that must have the format.
 * `atMostDistinct`: the format only tells where the column has no more distinct values (null: always).
 * `notValues`: words of a name under which the values alone tell nothing (counties are called as people are).
 * `besidePerson`: counts only in a table that also identifies persons by something else.
 */
export type Detector = {
  kind: ClassKind;
  identifier: Identifier | null;
  says: string;
  names: readonly string[];
  not: readonly string[];
  fits: (column: ColumnSample) => boolean;
  value: ((value: string) => boolean) | null;
  types: readonly ColumnType[];
  share: number;
  atMostDistinct: number | null;
  notValues: readonly string[];
  besidePerson: boolean;
};

/** A finding about a column, with what the reason needs to know of its detector. */
export type Finding = { detector: Pick<Detector, "identifier" | "says" | "besidePerson">; tag: ClassTag };
