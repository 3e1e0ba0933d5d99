import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { fault } from "@muster/shared/fault.ts";
import type { FoldAnswer, FoldJob } from "./nested-fold.ts";

/** Processes side by side, a thread each. */
const processes = 2;

/** Does outer folds in processes of their own, two at a time; answers in the order of the jobs. */
export async function nested(jobs: readonly FoldJob[]): Promise<FoldAnswer[]> {
  const answers: FoldAnswer[] = [];
  let next = 0;
  const work = async (child: ChildProcess) => {
    try {
      for (let at = next++; at < jobs.length; at = next++) answers[at] = await ask(child, jobs[at]!);
    } finally {
      child.disconnect();
    }
  };
  const children = Array.from({ length: processes }, () =>
    fork(join(import.meta.dirname, "nested-fold.ts"), { env: { OMP_WAIT_POLICY: "passive" } }),
  );
  await Promise.all(children.map(work));
  return answers;
}

function ask(child: ChildProcess, job: FoldJob): Promise<FoldAnswer> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(fault("internal", "a process of the evaluation ended without an answer"));
    child.once("exit", ended);
    child.once("message", (message: { answer: FoldAnswer } | { error: string }) => {
      child.off("exit", ended);
      if ("answer" in message) resolve(message.answer);
      else reject(new Error(message.error));
    });
    child.send(job);
  });
}
