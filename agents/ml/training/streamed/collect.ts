/**
 * Gives back at once what nothing holds any more, where the process may ask for it (`--expose-gc`, as a training's own may).
 * Arrays lie outside the heap and would else wait until the heap itself grows.
 */
export const collect = (): void => globalThis.gc?.();
