import type { ToolCard } from "@muster/bus/tool.ts";
import { describe, expect, test } from "vitest";
import { type Held, type PlanInput, plan, stepKey } from "./plan.ts";

const pin = (name: string) => `${name}@${"a".repeat(64)}`;
const card = (
  name: string,
  needs: ToolCard["needs"],
  gives: ToolCard["gives"],
  more: Partial<ToolCard> & { takes?: string[] } = {},
): ToolCard => {
  const [agent, tool] = name.split(".") as [string, string];
  const properties = Object.fromEntries((more.takes ?? []).map((key) => [key, { type: "string" }]));
  return {
    agent,
    name: tool,
    does: "",
    effect: "read",
    long: false,
    confirmedBy: [],
    cost: { ms: 10 },
    output: {},
    needs,
    gives,
    input: { type: "object", properties, required: more.takes ?? [] },
    ...more,
  };
};

const cards: ToolCard[] = [
  card("ml.define_problem", [{ is: "request.accepted" }], [{ is: "problem.defined" }], { takes: ["dataset"] }),
  card("catalog.pin_datasets", [{ is: "problem.defined" }], [{ is: "scope.pinned" }]),
  card("quality.profile_dataset", [], [{ is: "dataset.profiled", of: "dataset" }], { takes: ["dataset"] }),
  card(
    "governance.classify_columns",
    [{ is: "dataset.profiled", of: "dataset" }],
    [{ is: "dataset.classified", of: "dataset" }],
    { takes: ["dataset"] },
  ),
  card(
    "quality.check_dataset",
    [{ is: "dataset.profiled", of: "dataset" }],
    [{ is: "quality.passed", of: "dataset" }],
    { takes: ["dataset"] },
  ),
  card(
    "governance.clear_training",
    [
      { is: "request.accepted" },
      { is: "problem.defined" },
      { is: "scope.pinned" },
      { is: "dataset.classified", each: "scope.pinned" },
      { is: "quality.passed", each: "scope.pinned", failed: "too" },
    ],
    [{ is: "training.cleared" }],
  ),
  card("pipeline.build_labels", [{ is: "problem.defined" }, { is: "training.cleared" }], [{ is: "labels.built" }], {
    effect: "write",
  }),
  card("pipeline.materialize_features", [{ is: "labels.built" }], [{ is: "features.materialized", role: "role" }], {
    takes: ["role"],
    effect: "write",
  }),
  card(
    "ml.train_model",
    [{ is: "features.materialized", role: "training" }, { is: "training.cleared" }],
    [{ is: "run.finished" }],
    { effect: "write" },
  ),
  card(
    "ml.evaluate_model",
    [{ is: "run.finished" }, { is: "features.materialized", role: "holdout" }],
    [{ is: "model.evaluated" }],
    { effect: "write" },
  ),
];
const accepted: Held = {
  id: "r_acc",
  fact: "request.accepted",
  about: { request: "req", person: "ada", purpose: "analytics" },
  verdict: "passed",
  request: "req",
};
const defined: Held = {
  id: "r_def",
  fact: "problem.defined",
  about: { problem: "p1" },
  verdict: "passed",
  request: "req",
};
const scope: Held = {
  id: "r_scope",
  fact: "scope.pinned",
  about: { problem: "p1", scope: [pin("a"), pin("b")] },
  verdict: "passed",
  request: "req",
  members: [pin("a"), pin("b")],
};
const base: PlanInput = {
  request: "req",
  goals: [{ is: "model.evaluated" }],
  arguments: { dataset: "a" },
  cards,
  held: [accepted],
};
const tools = (input: Partial<PlanInput>) => plan({ ...base, ...input }).steps.map((step) => step.tool.split(".")[1]);

describe("what may be asked beside", () => {
  const asking = (more: ToolCard[]) => {
    const improve = card(
      "ml.improve",
      [{ is: "run.finished" }, { is: "features.proposed", optional: true, asked: true }],
      [{ is: "improvement.proposed" }],
    );
    return { cards: [...cards, improve, ...more], goals: [{ is: "improvement.proposed" }] };
  };
  const ideas = card("planner.ideas", [{ is: "problem.defined" }], [{ is: "features.proposed" }]);

  test("is a step before where a tool that answers gives it", () => {
    const { steps } = plan({ ...base, ...asking([ideas]) });
    const [asked, improve] = ["planner.ideas", "ml.improve"].map((tool) => steps.find((step) => step.tool === tool)!);
    expect(improve!.after).toContain(asked!.id);
  });

  test("is asked again for another round: on what was tried since", () => {
    const first: Held = {
      ...{ ...defined, id: "r_ideas", fact: "features.proposed" },
      about: { problem: "p1", view: "v", challenger: "v" },
    };
    const round = (challenger: string) => {
      const goals = [{ is: "improvement.proposed", of: { round: 2 }, on: { view: "v", challenger } }];
      return plan({ ...base, ...asking([ideas]), goals, held: [accepted, first] });
    };
    expect(round("v").steps.map(({ tool }) => tool)).not.toContain("planner.ideas");
    const again = round("c1").steps.find(({ tool }) => tool === "planner.ideas");
    expect(again!.on).toEqual({ view: "v", challenger: "c1" });
  });

  test("is done without where none does, and isn't asked twice", () => {
    expect(tools(asking([]))).not.toContain("ideas");
    expect(tools(asking([])).at(-1)).toBe("improve");
    const held: Held = { ...defined, id: "r_ideas", fact: "features.proposed" };
    const made = plan({ ...base, ...asking([ideas]), held: [accepted, held] });
    expect(made.steps.map(({ tool }) => tool)).not.toContain("planner.ideas");
    expect(made.steps.at(-1)!.shows).toContain("r_ideas");
  });
});

describe("a plan", () => {
  test("closes every missing need, in waves, each with what it is there for", () => {
    const made = plan(base);
    expect(made.steps.map((step) => step.tool.split(".")[1])).toEqual([
      "define_problem",
      "pin_datasets",
      "clear_training",
      "build_labels",
      "materialize_features",
      "materialize_features",
      "train_model",
      "evaluate_model",
    ]);
    expect(made.steps.map((step) => step.wave)).toEqual([1, 2, 3, 4, 5, 5, 6, 7]);
    expect(made.steps.find((step) => step.tool === "governance.clear_training")?.each).toBe("scope.pinned");
    expect(made.steps.every((step) => step.because !== "")).toBe(true);
    expect(
      made.steps
        .filter((step) => step.tool.endsWith("materialize_features"))
        .map((step) => step.input.role)
        .sort(),
    ).toEqual(["holdout", "training"]);
  });

  test("gives every member of a known list its own steps, checked before the clearance", () => {
    const made = plan({ ...base, held: [accepted, defined, scope] });
    const clear = made.steps.find((step) => step.tool === "governance.clear_training")!;
    expect(clear.each).toBeNull();
    const before = made.steps.filter((step) => clear.after.includes(step.id));
    expect(before.map((step) => `${step.tool} ${step.input.dataset}`).sort()).toEqual(
      ["governance.classify_columns", "quality.check_dataset"]
        .flatMap((tool) => [`${tool} ${pin("a")}`, `${tool} ${pin("b")}`])
        .sort(),
    );
  });

  test("is the same for the same request, evidence and catalog, whatever their order", () => {
    const shuffled = plan({ ...base, cards: [...cards].reverse(), held: [scope, defined, accepted] });
    expect(shuffled).toEqual(plan({ ...base, held: [accepted, defined, scope] }));
  });

  test("uses a standing finding of another request, never its permission", () => {
    const profiled: Held = {
      id: "r_prof",
      fact: "dataset.profiled",
      about: { dataset: pin("a") },
      verdict: "passed",
      request: "req_0",
    };
    const cleared: Held = {
      id: "r_clear",
      fact: "training.cleared",
      about: { problem: "p1", scope: scope.about.scope, person: "ada", purpose: "analytics" },
      verdict: "passed",
      request: "req_0",
    };
    const made = plan({ ...base, held: [accepted, defined, scope, profiled, cleared] });
    expect(
      made.steps.filter((step) => step.tool === "quality.profile_dataset").map((step) => step.input.dataset),
    ).toEqual([pin("b")]);
    expect(made.steps.some((step) => step.tool === "governance.clear_training")).toBe(true);
  });

  const standing: Held[] = [
    {
      id: "r_lab",
      fact: "labels.built",
      about: { problem: "p1", scope: scope.about.scope },
      verdict: "passed",
      request: "req_0",
    },
    {
      id: "r_tr",
      fact: "features.materialized",
      about: { problem: "p1", scope: scope.about.scope, view: "v1", training: "t1" },
      verdict: "passed",
      request: "req_0",
    },
    {
      id: "r_ho",
      fact: "features.materialized",
      about: { problem: "p1", scope: scope.about.scope, view: "v1", holdout: "h1" },
      verdict: "passed",
      request: "req_0",
    },
    {
      id: "r_run",
      fact: "run.finished",
      about: { problem: "p1", scope: scope.about.scope, view: "v1", training: "t1", model: "m1" },
      verdict: "passed",
      request: "req_0",
    },
    {
      id: "r_ev",
      fact: "model.evaluated",
      about: { problem: "p1", scope: scope.about.scope, view: "v1", training: "t1", holdout: "h1", model: "m1" },
      verdict: "passed",
      request: "req_0",
    },
  ];

  test("answers from standing evidence where all it rests on stands", () => {
    const made = plan({ ...base, held: [accepted, defined, scope, ...standing] });
    expect(made.steps).toEqual([]);
    expect(made.answered.map((held) => held.id)).toEqual(["r_ev"]);
  });

  test("does it anew when asked to, and never reuses what was derived from what is made anew", () => {
    expect(
      tools({
        held: [accepted, defined, scope, ...standing],
        goals: [{ is: "run.finished", newerThan: "request" }, { is: "model.evaluated" }],
      }),
    ).toContain("evaluate_model");
    const other = standing.map((held) =>
      held.id === "r_run" ? { ...held, about: { ...held.about, training: "t2" } } : held,
    );
    expect(tools({ held: [accepted, defined, scope, ...other] })).toContain("train_model");
  });

  test("takes what stands only where it was given under the same arguments, as far as it says; an absent one is the default", () => {
    const suggest = card("ml.suggest_features", [{ is: "labels.built" }], [{ is: "features.suggested" }], {
      input: { type: "object", properties: { exclude: { type: "array", default: [] } }, required: [] },
    });
    const suggested = (exclude: string[]): Held => ({
      id: `r_${exclude.join("_")}`,
      fact: "features.suggested",
      about: { problem: "p1", scope: scope.about.scope, exclude },
      verdict: "passed",
      request: "req_0",
    });
    const made = (held: Held, args: Record<string, unknown>) =>
      plan({
        ...{ ...base, cards: [...cards, suggest], goals: [{ is: "features.suggested" }] },
        ...{ held: [accepted, defined, scope, ...standing, held], arguments: { ...base.arguments, ...args } },
      }).answered.map(({ id }) => id);
    expect(made(suggested([]), {})).toEqual(["r_"]);
    expect(made(suggested(["age"]), { exclude: ["age"] })).toEqual(["r_age"]);
    expect(made(suggested(["age"]), {})).toEqual([]);
    expect(made(suggested([]), { exclude: ["age"] })).toEqual([]);
  });

  test("names the agent that is missing, the argument nobody gave, and never chains what only a person can sign", () => {
    expect(() =>
      plan({ ...base, cards: cards.filter((one) => one.agent !== "quality"), held: [accepted, defined, scope] }),
    ).toThrow(/muster up quality/);
    expect(() => plan({ ...base, arguments: {} })).toThrow(/define_problem needs dataset/);
    const confirmed = card("cost.set_budget", [{ is: "request.accepted" }, { is: "person.confirmed" }], [], {
      takes: [],
    });
    expect(() =>
      plan({ ...base, cards: [...cards, confirmed], goals: [], call: { tool: "cost.set_budget", input: {} } }),
    ).toThrow(/signed at a door/);
  });

  test("gives what a called tool doesn't take itself to the steps before it, and refuses what none takes", () => {
    const called = (input: Record<string, unknown>) =>
      plan({ ...base, arguments: input, goals: [], call: { tool: "pipeline.build_labels", input } });
    const steps = called({ dataset: pin("a") }).steps;
    expect(steps.find((step) => step.tool === "ml.define_problem")!.input).toEqual({ dataset: pin("a") });
    expect(steps.find((step) => step.tool === "pipeline.build_labels")!.input).toEqual({});
    expect(() => called({ dataset: pin("a"), colour: "red" })).toThrow(
      expect.objectContaining({ code: "invalid_input", message: expect.stringContaining("colour") }),
    );
  });

  test("ends with the one tool that was called, its needs chained", () => {
    const made = plan({ ...base, goals: [], call: { tool: "quality.check_dataset", input: { dataset: pin("a") } } });
    expect(made.steps.map((step) => step.tool)).toEqual(["quality.profile_dataset", "quality.check_dataset"]);
    expect(() => plan({ ...base, goals: [], call: { tool: "quality.nonsense", input: {} } })).toThrow(
      /no agent that answers/,
    );
  });
});

describe("two views of one problem in one request", () => {
  const viewed: ToolCard[] = [
    card("ml.define_problem", [{ is: "request.accepted" }], [{ is: "problem.defined" }]),
    card(
      "ml.create_feature_pipeline",
      [{ is: "problem.defined" }, { is: "improvement.proposed", of: "challenger", optional: true }],
      [{ is: "view.defined" }],
      { input: { type: "object", properties: { challenger: { type: "string" } } } },
    ),
    card("pipeline.register_feature_view", [{ is: "view.defined" }], [{ is: "view.registered" }]),
    card("ml.train_model", [{ is: "problem.defined" }, { is: "view.registered" }], [{ is: "run.finished" }]),
  ];
  const gave = (id: string, fact: string, about: Record<string, unknown>, request = "req"): Held => ({
    ...{ id, fact, about: { problem: "p1", ...about }, verdict: "passed", request },
  });
  const proposed = gave("r_prop", "improvement.proposed", { challenger: "v1", round: 1 });
  const first = [
    ...[accepted, defined, proposed],
    ...[gave("r_v0", "view.defined", { view: "v0" }), gave("r_r0", "view.registered", { view: "v0" })],
    gave("r_run0", "run.finished", { view: "v0", model: "m0" }),
  ];
  const made = (held: Held[], goals: PlanInput["goals"]) => plan({ ...base, cards: viewed, goals, held });
  const goal = (view: string) => ({ is: "run.finished", on: { view, challenger: view } });

  test("a goal that stands on another view gets steps of its own, though those of the first are done", () => {
    expect(made(first, [{ is: "run.finished" }]).steps).toEqual([]);
    const { steps } = made(first, [goal("v1")]);
    expect(steps.map(({ tool }) => tool.split(".")[1])).toEqual([
      ...["create_feature_pipeline", "register_feature_view", "train_model"],
    ]);
    expect(steps[0]).toMatchObject({ input: { challenger: "v1" }, shows: expect.arrayContaining(["r_prop"]) });
    expect(steps[2]!.shows).toEqual(["r_def"]);
    const known = new Map([[stepKey("ml.train_model", {}), "s_first"]]);
    const again = plan({ ...base, cards: viewed, goals: [goal("v1")], held: first, known });
    expect(again.steps.map(({ id }) => id)).not.toContain("s_first");
    expect(new Set(steps.map(({ id }) => id)).size).toBe(3);
  });

  test("each takes the receipts of its own view, whichever came last", () => {
    const both = [gave("r_r1", "view.registered", { view: "v1" }), ...first];
    expect(made(both, [goal("v1")]).steps[0]!.shows).toEqual(["r_def", "r_r1"]);
    const again = first.filter(({ fact }) => fact !== "run.finished");
    expect(made([both[0]!, ...again], [goal("v0")]).steps[0]!.shows).toEqual(["r_def", "r_r0"]);
  });

  test("what a goal stands on changes nothing of steps that can't depend on it", () => {
    const { steps } = made([accepted, proposed], [goal("v1"), { is: "problem.defined" }]);
    expect(steps.filter(({ tool }) => tool === "ml.define_problem")).toHaveLength(1);
    expect(steps.find(({ tool }) => tool === "ml.define_problem")!.on).toBeNull();
  });

  test("what may be left out is shown only where the input that names it is given", () => {
    const { steps } = made([accepted, defined, proposed], [{ is: "view.defined" }]);
    expect(steps[0]).toMatchObject({ input: {}, shows: ["r_def"] });
  });
});
