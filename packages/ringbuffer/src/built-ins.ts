// What a ring needs of the language and of Node.js, captured before the program can replace it: what writes rings is evaluated
// at the first event only (scripts/bundle-tracer.mjs).

export const now: () => bigint = process.hrtime.bigint;
export const wait: typeof Atomics.wait = Atomics.wait;
export const load: typeof Atomics.load = Atomics.load;
export const store: typeof Atomics.store = Atomics.store;
export const exchange: typeof Atomics.exchange = Atomics.exchange;
