import type { LiftFigure, PairedLift, Thought, TriedRound } from "@muster/shared/domain/improvement.ts";
import type { Answer } from "@muster/shared/domain/request.ts";
import { citing } from "./cite.ts";
import type { AnswerInput } from "./facts.ts";
import { modelText } from "./model-text.ts";
import { count, listed, merit, sentence } from "./say.ts";

/** Features named of a round; all of them stand in the fields. */
const mostNamed = 4;
/** What wasn't tried is told with its reason up to here. */
const mostRefused = 5;

/**
 * The answer to "improve": each round with what was proposed, why, and its difference out of fold; then the lift that the
 * one look at the sealed hold-out confirmed, with its interval, or that there is none; and the model where it was kept.
 */
export function improvementText(fields: Omit<Answer, "text">, input: AnswerInput): string {
  const { improvement, problem } = fields;
  const { rounds, why, lift, look, kept, thoughts = [] } = improvement!;
  const cite = citing(input);
  const question = problem ? [sentence(problem.sentence, cite("problem.defined"))] : [];
  const tried = rounds.flatMap((round) => [
    ...roundText(round, cite("improvement.compared")),
    ...thoughts.filter((one) => one.round === round.round).map((one) => thoughtText(one, cite("improvement.compared"))),
  ]);
  const untried = thoughts.filter((one) => !rounds.some(({ round }) => round === one.round));
  const others = untried.map((one) => thoughtText(one, cite("improvement.proposed")));
  const ended = why === null ? [] : [sentence(`Nothing more was proposed: ${why}`, cite("improvement.proposed"))];
  const named = new Set(rounds.flatMap(({ features }) => features.map(({ because }) => because)));
  const found = lift ? liftText(lift, look!, { named, mark: cite("improvement.confirmed") }) : [];
  const outcome = sentence(outcomeOf(kept, rounds, lift), cite(outcomeFact(rounds, lift)));
  const steps = [...tried, ...others, ...ended];
  const paragraphs = kept
    ? [steps, [...found, outcome], [modelText(fields, input)]]
    : [question, steps, [...found, outcome]];
  return paragraphs
    .filter((sentences) => sentences.length > 0)
    .map((sentences) => sentences.join("\n"))
    .join("\n\n");
}

function roundText({ round, features, difference, better, unequal }: TriedRound, mark: string): string[] {
  const { metric, against, challenger, mean, se } = difference;
  const names = listed(
    features.map(({ feature }) => feature.name),
    mostNamed,
  );
  const because = [...new Set(features.map((one) => one.because))][0]!;
  const noise = se === null ? "" : ` ± ${merit(se)}`;
  const came = better ? "more than its noise" : (unequal ?? "not more than its noise");
  return [
    sentence(`Round ${round} tried ${names}; what pointed there: ${because}`, mark),
    sentence(
      `Out of fold it reaches ${metric} ${merit(challenger)} where the model before reaches ${merit(against)}, better by ${merit(mean)}${noise}: ${came}`,
      mark,
    ),
  ];
}

/** What a language model proposed in a round: which of it is among what was tried, and why the rest isn't. */
function thoughtText({ model, tried, leftOut, why }: Thought, mark: string): string {
  const who = `The language model ${model}`;
  if (why !== null) return sentence(`${who} proposed nothing: ${why}`, mark);
  const refused = leftOut.map(({ name, reason }) => `${name} (${reason})`);
  const more = refused.length > mostRefused ? ", and others that stand in the fields" : "";
  const rest =
    refused.length === 0 ? "" : `; of what it proposed isn't tried: ${refused.slice(0, mostRefused).join(", ")}${more}`;
  return sentence(
    tried.length > 0
      ? `${who} proposed ${listed(tried)} of these${rest}`
      : `${who} proposed nothing that could be tried${rest}`,
    mark,
  );
}

function liftText(
  { metric, overall, slice, sliceNote, by, clusters, rows }: PairedLift,
  look: number,
  { named, mark }: { named: ReadonlySet<string>; mark: string },
): string[] {
  const first = overall[metric];
  const others = told(overall, (name) => name !== metric);
  const drawn = { entity: "entities", time: "blocks of time", row: "rows" }[by];
  return [
    sentence(
      `Confirmed once on the ${count(rows)} rows of the sealed hold-out, look ${look} at it, both models on the same draws of ${count(clusters)} ${drawn}: lift in ${metric} ${first ? figure(first) : "isn't defined"}`,
      mark,
    ),
    ...(others.length > 0 ? [sentence(`Lift in the others: ${others.join(", ")}`, mark)] : []),
    sentence(
      slice
        ? `On the slice${named.has(slice.words) ? "" : ` (${slice.words})`}, ${count(slice.rows)} of these rows: ${told(slice.figures).join(", ") || "no figure is defined"}`
        : `On the slice it isn't told: ${sliceNote}`,
      mark,
    ),
  ];
}

const told = (figures: Record<string, LiftFigure>, which: (name: string) => boolean = () => true): string[] =>
  Object.entries(figures)
    .filter(([name, { lift }]) => which(name) && lift !== null)
    .map(([name, one]) => `${name} ${figure(one)}`);

const figure = ({ base, challenger, lift }: LiftFigure): string =>
  lift === null
    ? "isn't defined"
    : `${merit(lift.value)} (95 % interval ${merit(lift.low)} to ${merit(lift.high)}), from ${merit(base!)} to ${merit(challenger!)}`;

function outcomeOf(kept: boolean, rounds: readonly TriedRound[], lift: PairedLift | null): string {
  if (kept) return `The interval lies above zero: the challenger is kept${byModel(rounds)}`;
  if (lift?.above)
    return "The interval lies above zero, but these rows were looked at too often to rely on: promotion wants fresh data, so the challenger is dropped and the model before stays";
  if (lift)
    return "No lift: the interval doesn't lie above zero, so the challenger is dropped and the model before stays";
  return rounds.length > 0
    ? "No lift: nothing that was tried is better out of fold by more than its noise, so the hold-out stays sealed and the model before stays"
    : "No lift: nothing was tried, so the hold-out stays sealed and the model before stays";
}

/** Which of the features that are kept a language model thought of: those of the rounds that were better. */
function byModel(rounds: readonly TriedRound[]): string {
  const thoughtOf = rounds.filter(({ better }) => better).flatMap(({ features }) => features.filter(({ by }) => by));
  if (thoughtOf.length === 0) return "";
  const names = listed(thoughtOf.map(({ feature }) => feature.name));
  return `, with ${names} that the language model ${thoughtOf[0]!.by} proposed`;
}

const outcomeFact = (rounds: readonly TriedRound[], lift: PairedLift | null) =>
  lift ? "improvement.confirmed" : rounds.length > 0 ? "improvement.compared" : "improvement.proposed";
