/**
 * Asks for many at once: while one question is out, those that come in wait and then go out as one, begun after the last of
 * them came. Each asker gets the whole answer of its question, or its error.
 */
export function together<T>(ask: (ids: string[]) => Promise<T>): (ids: readonly string[]) => Promise<T> {
  type Round = { ids: Set<string>; answer: PromiseWithResolvers<T> };
  let out = false;
  let next: Round | null = null;
  const send = async ({ ids, answer }: Round): Promise<void> => {
    out = true;
    await ask([...ids]).then(answer.resolve, answer.reject);
    out = false;
    const waiting = next;
    next = null;
    if (waiting) void send(waiting);
  };
  return (ids) => {
    const round = next ?? { ids: new Set(), answer: Promise.withResolvers<T>() };
    for (const id of ids) round.ids.add(id);
    if (out) next = round;
    else void send(round);
    return round.answer.promise;
  };
}
