import { fault } from "@muster/shared/fault.ts";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { encode } from "../encode.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { predictFitted } from "../score.ts";

/** Largest |ours − theirs| that passes, relative to max(1, |theirs|): their runtime adds in float32. */
const tolerance = 1e-4;

/**
 * Asks an ONNX file that was read (so that its operators are known) what it answers to rows, and holds the model made of it
 * to that. Gives the largest difference; `unfit` where they differ or the file can't be run: what was read of it isn't what it does.
 */
export async function sameAnswers(bytes: Uint8Array, fitted: FittedModel, columns: FeatureColumn[]): Promise<number> {
  const { rows, columns: width, values } = encode(fitted, columns);
  const session = await InferenceSession.create(bytes, { executionProviders: ["cpu"], logSeverityLevel: 3 }).catch(
    (error: unknown) => {
      throw fault("invalid_input", "the runtime can't open this model file", {}, error);
    },
  );
  try {
    const input = session.inputMetadata[0];
    if (!input?.isTensor || (input.type !== "float32" && input.type !== "float64"))
      throw fault("invalid_input", "this model file is refused: its input isn't one of floating-point numbers");
    const data = input.type === "float32" ? values : Float64Array.from(values);
    const answers = await session.run({ [input.name]: new Tensor(input.type, data as Float32Array, [rows, width]) });
    const own = predictFitted(fitted, columns);
    const wanted = own.values ? [own.values] : own.probabilities;
    const theirs = Object.values(answers).find(({ type, size }) => /^float/.test(type) && size === rows * wanted.length)
      ?.data as Float32Array | undefined;
    if (!theirs)
      throw fault(
        "unfit",
        "the model file has no output that holds a number, or a probability for each class, of each row",
      );
    let worst = 0;
    for (let row = 0; row < rows; row++)
      for (const [k, output] of wanted.entries()) {
        const said = theirs[row * wanted.length + k]!;
        const apart = Math.abs(output[row]! - said) / Math.max(1, Math.abs(said));
        if (!(apart <= worst)) worst = apart;
      }
    if (!(worst <= tolerance))
      throw fault(
        "unfit",
        "the model that was read of this file doesn't answer as the file does; it can't be adopted",
        { worst },
      );
    return worst;
  } finally {
    await session.release();
  }
}
