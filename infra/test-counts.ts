/** How many tests ended how. */
export type Counts = { passed: number; failed: number; skipped: number };

type Report = {
  testResults: { status: string; assertionResults: { status: string }[] }[];
};

/**
 * Counts of a vitest JSON report. A file that failed without a failed test in it (it could not be read, or its set-up
 * failed) counts as one failure, and so does a run that ended badly for no counted reason (an unhandled error).
 */
export function countsOf(report: string, exitCode: number): Counts {
  const { testResults: files } = JSON.parse(report) as Report;
  const tests = files.flatMap((file) => file.assertionResults);
  const having = (...statuses: string[]) => tests.filter(({ status }) => statuses.includes(status)).length;
  const broken = files.filter(
    (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
  ).length;
  const failed = having("failed") + broken;
  const skipped = tests.length - having("passed", "failed");
  return { passed: having("passed"), failed: failed === 0 && exitCode !== 0 ? 1 : failed, skipped };
}
