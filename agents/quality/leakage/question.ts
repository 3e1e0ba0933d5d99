import { hashOf } from "@muster/shared/canonical.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";

/**
 * What two problems have in common that ask the same of the same table, whatever they are called and as of when: whether
 * a column is known in time is the same for both.
 */
export const questionOf = ({ dataset, target, entity, time, horizon, label }: Problem): string =>
  hashOf({ dataset, target, entity, time, horizon, label });
