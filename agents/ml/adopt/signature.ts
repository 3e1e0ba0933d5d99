import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";

/**
 * What the giver of an outside model says of it: which raw column each of its inputs is, in the model's own order. `equals`:
 * the input is 1 where the column holds that text (a one-hot column), else 0. `impute`: stands for a missing number. `classes`
 * in the order of the model's outputs (of two: what the second output is the probability of stands second). `threshold`: the
 * probability from which on the second of two classes is served.
 */
export const GivenSignature = z.strictObject({
  inputs: z
    .array(
      z.strictObject({
        column: z.string().min(1).max(200),
        equals: z.string().min(1).max(1000).optional(),
        impute: z.number().optional(),
      }),
    )
    .min(1)
    .max(5000)
    .optional(),
  classes: z.array(z.string().min(1).max(200)).min(2).max(1000).optional(),
  threshold: z.number().gt(0).lt(1).optional(),
});
export type GivenSignature = z.infer<typeof GivenSignature>;

/** The inputs of a model: those that the signature says, else the names that its file bears. `invalid_input` where neither fits. */
export function inputsOf(
  signature: GivenSignature,
  { width, names }: { width: number; names: readonly string[] | null },
): NonNullable<GivenSignature["inputs"]> {
  const said = signature.inputs ?? names?.map((column) => ({ column }));
  if (!said)
    throw fault(
      "invalid_input",
      "the file doesn't name its inputs: say in signature.inputs which column each of them is",
      {
        inputs: width,
      },
    );
  if (said.length !== width)
    throw fault(
      "invalid_input",
      `the model has ${width} inputs, the ${signature.inputs ? "signature" : "file"} names ${said.length}; name each of them in its order`,
      { inputs: width, named: said.length },
    );
  return said;
}
