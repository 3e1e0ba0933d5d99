import { adjustmentText } from "@muster/shared/domain/adjustment-text.ts";
import type { Answer } from "@muster/shared/domain/request.ts";
import { citing } from "./cite.ts";
import { groupDropped } from "./dropped.ts";
import type { AnswerInput } from "./facts.ts";
import { unfairness } from "./fairness-text.ts";
import { count, listed, merit, sentence, usd } from "./say.ts";

type Fields = Omit<Answer, "text">;
type Cite = ReturnType<typeof citing>;

/** The answer about a model, in paragraphs: the question, the model and how good it is, what it rests on, where it serves. */
export function modelText(fields: Fields, input: AnswerInput): string {
  const cite = citing(input);
  const paragraphs = [
    [...standing(fields, input, cite), ...question(fields, cite)],
    [
      ...[...quality(fields, input, cite), ...candidates(fields, cite)],
      ...[...searchedBefore(fields, input, cite), ...unfairness(input, cite)],
    ],
    drivers(fields, cite),
    leftOut(fields, cite),
    [...serving(fields, cite), ...cost(fields, input, cite)],
  ];
  return paragraphs
    .filter((sentences) => sentences.length > 0)
    .map((sentences) => sentences.join("\n"))
    .join("\n\n");
}

function standing({ deployment, model }: Fields, input: AnswerInput, cite: Cite): string[] {
  if (!input.standing || !model) return [];
  const what = deployment ? `the standing deployment ${deployment.name}` : `the standing model ${model.name}`;
  return [
    sentence(
      `This is answered from ${what}: nothing was trained anew`,
      cite(deployment ? "deployment.live" : "model.registered"),
    ),
  ];
}

const question = ({ problem }: Fields, cite: Cite): string[] =>
  problem ? [sentence(problem.sentence, cite("problem.defined"))] : [];

/** The metric that the model was chosen by, else the first there is. */
function leading({ model, problem }: Fields): string | null {
  const names = Object.keys(model?.metrics ?? {});
  return problem && names.includes(problem.metric) ? problem.metric : (names[0] ?? null);
}

function quality(fields: Fields, { facts }: AnswerInput, cite: Cite): string[] {
  const { model } = fields;
  const metric = leading(fields);
  if (!model || metric === null) return [];
  const said = [`The model ${model.name}, version ${model.version}, is ${article(model)}`];
  const interval = model.intervals[metric];
  const within = interval ? ` (95 % interval ${merit(interval[0])} to ${merit(interval[1])})` : "";
  const baseline =
    model.baseline[metric] === undefined ? "" : `; always saying the same gives ${merit(model.baseline[metric])}`;
  const before = model.seasonal?.[metric];
  const seasonal = before === undefined ? "" : `; saying what stood there a season before gives ${merit(before)}`;
  const reach = `On the sealed hold-out it reaches ${metric} ${merit(model.metrics[metric]!)}${within}${baseline}${seasonal}; this was look ${model.holdoutLook} at it`;
  const others = Object.entries(model.metrics).filter(([name]) => name !== metric);
  return [
    sentence(said.join(" "), cite("model.registered")),
    sentence(reach, cite("model.evaluated")),
    ...(others.length > 0
      ? [
          sentence(
            `Also on the hold-out: ${others.map(([name, value]) => `${name} ${merit(value)}`).join(", ")}`,
            cite("model.evaluated"),
          ),
        ]
      : []),
    ...(model.threshold === null
      ? []
      : [sentence(`It says yes from a probability of ${merit(model.threshold)}`, cite("run.finished"))]),
    ...(model.adjustments ?? []).map((one) =>
      sentence(`To fit into its memory the training was changed: ${adjustmentText(one)}`, cite("run.finished")),
    ),
    ...(facts["run.finished"]?.beatsConstant === false
      ? [sentence("In cross-validation it is no better than always saying the same", cite("run.finished"))]
      : []),
    ...(facts["model.evaluated"]?.exploratory
      ? [sentence("It is exploratory: there were too few cases to rely on it", cite("model.evaluated"))]
      : []),
  ];
}

const article = ({ algorithm, candidates }: NonNullable<Fields["model"]>): string =>
  ({
    ensemble: `an ensemble (${candidates.find(({ chosen }) => chosen)?.parameters.members ?? "several models"})`,
    xgboost: "boosted trees (xgboost)",
    random_forest: "a random forest",
    linear: "a linear model",
    constant: "a constant: nothing did better",
    outside: "one that was made outside",
  })[algorithm] ?? `of the kind ${algorithm}`;

function candidates(fields: Fields, cite: Cite): string[] {
  const { model } = fields;
  const metric = leading(fields);
  if (!model || metric === null || model.candidates.length === 0) return [];
  const raced = bestOfEach(model.candidates, metric);
  const skipped = model.candidates.filter((one) => !one.cv[metric] && !one.chosen);
  const chosen = model.candidates.find((one) => one.chosen);
  const board = raced.map((one) => `${one.algorithm} ${merit(one.cv[metric]!.mean)} ± ${merit(one.cv[metric]!.se)}`);
  return [
    ...(board.length > 0 ? [sentence(`Cross-validated ${metric}: ${board.join(", ")}`, cite("run.finished"))] : []),
    ...(chosen?.reason ? [sentence(`Chosen: ${chosen.algorithm}, ${chosen.reason}`, cite("run.finished"))] : []),
    ...skipped.map((one) =>
      sentence(`Not ranked: ${one.algorithm}, ${one.reason || "not finished"}`, cite("run.finished")),
    ),
  ];
}

/** Settings that another request's search found are never taken without saying so: nobody asked for a search here. */
function searchedBefore({ model }: Fields, { facts, requests }: AnswerInput, cite: Cite): string[] {
  const tuned = requests?.["parameters.tuned"] === undefined ? undefined : facts["parameters.tuned"];
  const raced = new Set(model?.candidates.map(({ parameters }) => parameters.setting));
  if (!tuned?.candidates.every(({ id }) => raced.has(id))) return [];
  const said = 'Its settings are those that an earlier request found best by a search; say "tune" to search anew';
  return [sentence(said, cite("parameters.tuned"))];
}

/** The best of each algorithm, in the order of the race; the whole board stands in the fields. */
function bestOfEach(candidates: NonNullable<Fields["model"]>["candidates"], metric: string): typeof candidates {
  const lowerIsBetter = /^(rmse|mae|log_loss|brier)$/.test(metric);
  const best = new Map<string, (typeof candidates)[number]>();
  for (const one of candidates) {
    const [now, held] = [one.cv[metric]?.mean, best.get(one.algorithm)?.cv[metric]?.mean];
    if (now === undefined) continue;
    if (held === undefined || (lowerIsBetter ? now < held : now > held)) best.set(one.algorithm, one);
  }
  return [...best.values()];
}

function drivers({ model }: Fields, cite: Cite): string[] {
  const top = (model?.features ?? []).slice(0, 5);
  if (top.length === 0) return [];
  const shares = top.map((one) => `${one.name} ${merit(one.importance)}`).join(", ");
  return [
    sentence(
      `Most strongly associated with its output, as shares of all contributions: ${shares}`,
      cite("model.explained"),
    ),
  ];
}

function leftOut({ model }: Fields, cite: Cite): string[] {
  const groups = groupDropped(model?.dropped ?? []);
  const told = groups
    .filter((group) => !group.brief)
    .map(({ title, members, number }) => {
      const names = members.map((one) =>
        number && one.number !== null ? `${one.name} (${merit(one.number)})` : one.name,
      );
      return sentence(
        `Left out, since ${title}: ${listed(names)}`,
        cite(title === "they are personal data" ? "training.cleared" : "features.suggested"),
      );
    });
  const brief = groups.flatMap((group) => (group.brief ? [group.brief] : []));
  if (brief.length === 0) return told;
  return [
    ...told,
    sentence(
      `Left out as well, each listed in the fields with its number: what ${listed(brief)}`,
      cite("features.suggested"),
    ),
  ];
}

function serving({ predictions, deployment, monitoring }: Fields, cite: Cite): string[] {
  return [
    ...(predictions
      ? [
          sentence(
            `${count(predictions.rows)} scores stand in the dataset ${predictions.dataset}`,
            cite("predictions.written"),
          ),
        ]
      : []),
    ...(deployment
      ? [sentence(`The deployment ${deployment.name} answers at ${deployment.url}`, cite("deployment.live"))]
      : []),
    ...(monitoring
      ? [
          sentence(
            `It is watched on the schedule "${monitoring.schedule}", next at ${monitoring.nextRun}`,
            cite("monitoring.started"),
          ),
        ]
      : []),
  ];
}

function cost({ cost }: Fields, { standing }: AnswerInput, cite: Cite): string[] {
  if (!cost || standing) return [];
  const spent = `The training cost ${usd(cost.actualUsd)} of an estimated ${usd(cost.estimatedUsd)}: ${cost.actualCpuSeconds.toFixed(1)} CPU-seconds and at most ${count(cost.peakMemoryMb)} MB`;
  return [
    sentence(spent, cite("run.finished")),
    sentence(`The whole request took ${cost.seconds.toFixed(1)} seconds`, cite("run.finished")),
  ];
}
