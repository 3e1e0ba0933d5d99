/**
 * Does work again and again, `everyMs` after it last ended. A round that fails is told to `failed` and doesn't end the
 * repeating. Gives a function that stops it and waits for the round under way.
 */
export function repeat(
  everyMs: number,
  work: () => Promise<unknown>,
  failed: (error: unknown) => void,
): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let round = Promise.resolve();
  const next = () => {
    if (stopped) return;
    round = work()
      .then(() => undefined, failed)
      .finally(() => {
        if (!stopped) timer = setTimeout(next, everyMs);
      });
  };
  next();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await round;
  };
}
