/** Who wants a turn waits for it here; what it gives ends the turn. */
export type Turns = { take: () => Promise<() => void> };

/**
 * Lets one at a time look at the budgets and reserve from them, in the order they came, so that of many who come at once
 * none has to look again because another was faster. A turn whose holder was lost ends after `longestMs`.
 */
export function turns(longestMs: number): Turns {
  let last: Promise<void> = Promise.resolve();
  return {
    take: async () => {
      const before = last;
      let end = () => {};
      last = new Promise<void>((resolve) => {
        end = resolve;
      });
      await before;
      const timer = setTimeout(end, longestMs);
      return () => {
        clearTimeout(timer);
        end();
      };
    },
  };
}
