import { expect, test } from "vitest";
import { type ModelSubject, modelName } from "./model-name.ts";

const subject: ModelSubject = { dataset: "telco", target: "Churn", task: "binary" };
const other: ModelSubject = { dataset: "contracts", target: "churn", task: "binary" };
const owners = (taken: Record<string, ModelSubject>) => async (name: string) => taken[name] ?? null;
const wanted = { asked: undefined, own: "churn", targetSlug: "churn" };

test("the target's slug where it is free or already of the same question", async () => {
  expect(await modelName(wanted, subject, owners({}))).toEqual({ name: "churn", instead: null });
  expect(await modelName(wanted, subject, owners({ churn: subject }))).toEqual({ name: "churn", instead: null });
});

test("another question's name is never taken over: the dataset's name comes before it, and it is said", async () => {
  const found = await modelName(wanted, subject, owners({ churn: other }));
  expect(found).toEqual({ name: "telco_churn", instead: "churn belongs to a model of another question" });
  const task = await modelName(wanted, subject, owners({ churn: { ...subject, task: "multiclass" } }));
  expect(task.name).toBe("telco_churn");
});

test("a name that was asked for is used, or refused where it is another's", async () => {
  const asked = { ...wanted, asked: "leavers" };
  expect((await modelName(asked, subject, owners({ churn: other }))).name).toBe("leavers");
  await expect(modelName(asked, subject, owners({ leavers: other }))).rejects.toMatchObject({ code: "conflict" });
  const none = owners({ churn: other, telco_churn: other });
  await expect(modelName(wanted, subject, none)).rejects.toMatchObject({ code: "conflict" });
});
