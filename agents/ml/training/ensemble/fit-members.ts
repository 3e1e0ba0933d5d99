import { fault } from "@muster/shared/fault.ts";
import type { Encoding } from "../../encode.ts";
import type { Member } from "../../fitted.ts";
import { weightedMargins } from "../../score.ts";
import type { FitContext, FittedCandidate } from "../fit-candidate.ts";
import type { Candidate, EnsembleParams } from "../job.ts";
import { seedOf } from "../seed-of.ts";

/** A candidate fitted on some rows, whatever its `margins` take: columns of others, or their places. */
type Fitted<Rows> = Omit<FittedCandidate, "margins"> & { margins: (rows: Rows) => Float64Array[] };

/**
 * Fits the members of an ensemble one after the other, each by a seed of its own, and puts them together: margins are the
 * weighted sum of theirs, the design matrix is theirs side by side. `fit` fits one member.
 */
export function fitMembers<Rows>(
  { members }: EnsembleParams,
  context: FitContext,
  fit: (member: Candidate, context: FitContext) => Fitted<Rows>,
): Fitted<Rows> {
  const fitted: { weight: number; of: Fitted<Rows> }[] = [];
  const free = () => {
    for (const { of } of fitted) of.free();
  };
  try {
    for (const { candidate, weight } of members)
      fitted.push({ weight, of: fit(candidate, { ...context, seed: seedOf(context.seed, candidate.name, 0) }) });
  } catch (error) {
    free();
    throw error;
  }
  const { encoding, firsts } = sideBySide(fitted.map(({ of }) => of.encoding));
  return {
    encoding,
    estimator() {
      const own = fitted.map(({ weight, of }, i): Member => {
        const estimator = of.estimator();
        if (estimator.kind !== "trees" && estimator.kind !== "linear")
          throw fault("internal", `a ${estimator.kind} model is no member of an ensemble`);
        return { weight, first: firsts[i]!, count: of.encoding.encoding.length, estimator };
      });
      return { kind: "ensemble", members: own, link: own[0]!.estimator.link };
    },
    boosters: () => fitted.flatMap(({ of }) => of.boosters()),
    margins: (rows) => weightedMargins(fitted.map(({ weight, of }) => ({ weight, margins: of.margins(rows) }))),
    chosen: Object.fromEntries(
      fitted.flatMap(({ of }, i) =>
        Object.entries(of.chosen).map(([key, value]) => [`${members[i]!.candidate.name}.${key}`, value]),
      ),
    ),
    free,
  };
}

/** One encoding of several: every input once, all design columns in their order, and where those of each begin. */
function sideBySide(parts: readonly Encoding[]): { encoding: Encoding; firsts: number[] } {
  const inputs = new Map(parts.flatMap((part) => part.inputs.map((input) => [input.name, input])));
  const place = new Map([...inputs.keys()].map((name, i) => [name, i]));
  const firsts: number[] = [];
  const encoding: Encoding["encoding"] = [];
  for (const part of parts) {
    firsts.push(encoding.length);
    encoding.push(
      ...part.encoding.map((column) => ({ ...column, input: place.get(part.inputs[column.input]!.name)! })),
    );
  }
  return { encoding: { inputs: [...inputs.values()], encoding }, firsts };
}
