import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { hashOf } from "@muster/shared/canonical.ts";
import type { Obligation } from "@muster/shared/domain/policy.ts";
import { fault } from "@muster/shared/fault.ts";
import { enforced, readObligations, unkept } from "./obligations.ts";
import type { Action } from "./question.ts";

/** A policy or schema file as text; `name` is what messages call it. */
export type PolicyFile = { name: string; text: string };

/** One policy's own words, from its annotations @id, @why and @obligation, and what it permits or forbids. */
export type PolicyNote = {
  id: string;
  why: string;
  obligations: Obligation[];
  file: string;
  effect: "permit" | "forbid";
  actions: Action[];
};

/** Policies ready to be asked. `hash` (SHA-256 over schema and files) names the pre-parsed set and goes into receipts. */
export type PolicySet = { hash: string; notes: ReadonlyMap<string, PolicyNote> };

/** The first error with its line, for a person who has to mend the file. */
function broken(file: PolicyFile, errors: cedar.DetailedError[]) {
  const [error] = errors;
  const start = error?.sourceLocations?.[0]?.start;
  // Cedar counts bytes.
  const line = start === undefined ? null : Buffer.from(file.text).subarray(0, start).toString().split("\n").length;
  const where = line === null ? file.name : `${file.name}, line ${line}`;
  return fault(
    "invalid_input",
    `policy file ${where}: ${error?.message ?? "cannot be read"}; mend it or take it away`,
    {
      file: file.name,
      line,
    },
  );
}

const refuse = (file: PolicyFile, what: string) =>
  fault("invalid_input", `policy file ${file.name}: ${what}`, { file: file.name });

const known = Object.keys(enforced) as Action[];

/** The actions that a policy's head names; all of them where it names none. */
function actionsOf(scope: cedar.ActionConstraint): Action[] {
  const named = "entity" in scope ? [scope.entity] : "entities" in scope ? scope.entities : null;
  if (named === null) return known;
  const ids = named.map((uid) => ("__entity" in uid ? uid.__entity.id : uid.id));
  return known.filter((action) => ids.includes(action));
}

function partsOf(file: PolicyFile): { note: PolicyNote; text: string }[] {
  const parts = cedar.policySetTextToParts(file.text);
  if (parts.type === "failure") throw broken(file, parts.errors);
  if (parts.policy_templates.length > 0) throw refuse(file, "templates are not supported; write the policy out");
  return parts.policies.map((text) => {
    const parsed = cedar.policyToJson(text);
    if (parsed.type === "failure") throw broken(file, parsed.errors);
    const { id, why, obligation } = parsed.json.annotations ?? {};
    if (!id) throw refuse(file, "every policy needs an @id, by which decisions name it");
    if (!why) throw refuse(file, `policy ${id} needs a @why, the sentence that decisions give`);
    const { effect, action } = parsed.json;
    const actions = actionsOf(action);
    const obligations = readObligations(id, obligation ?? "");
    if (typeof obligations === "string") throw refuse(file, obligations);
    const open = unkept({ id, effect, actions }, obligations);
    if (open) throw refuse(file, open);
    return { text, note: { id, why, obligations, file: file.name, effect, actions } };
  });
}

/**
 * Parses policy files against a Cedar schema (strict: a misspelt attribute, class set or action is an error) and
 * keeps the result parsed for `decide`. Ids are unique over all files.
 * `invalid_input` with file and line for anything broken, `conflict` for an id used twice: nothing is half loaded.
 */
export function parsePolicies(schema: PolicyFile, files: PolicyFile[]): PolicySet {
  const hash = hashOf([schema.text, ...files.map((file) => file.text)]);
  const notes = new Map<string, PolicyNote>();
  const policies: Record<string, string> = {};
  const parsedSchema = cedar.preparseSchema(hash, schema.text);
  if (parsedSchema.type === "failure") throw broken(schema, parsedSchema.errors);
  for (const file of files) {
    for (const { note, text } of partsOf(file)) {
      const other = notes.get(note.id);
      if (other) throw fault("conflict", `policy ${note.id} stands in ${other.file} and in ${note.file}; rename one`);
      notes.set(note.id, note);
      policies[note.id] = text;
    }
  }
  const set = { staticPolicies: policies };
  const valid = cedar.validate({ schema: schema.text, policies: set });
  const first = valid.type === "success" ? valid.validationErrors[0] : undefined;
  if (valid.type === "failure") throw broken(schema, valid.errors);
  if (first) {
    const file = notes.get(first.policyId)!.file;
    throw fault("invalid_input", `policy ${first.policyId} in ${file}: ${first.error.message}; mend it`, { file });
  }
  const parsed = cedar.preparsePolicySet(hash, set);
  if (parsed.type === "failure") throw broken(files[0]!, parsed.errors);
  return { hash, notes };
}
