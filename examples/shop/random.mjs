/**
 * A small source of random numbers that gives the same sequence for the same seed (mulberry32), so that two runs
 * of the shop do the same work.
 * @param {number} seed
 */
export function randomSource(seed) {
  let state = seed >>> 0;
  /** A number from 0 up to, but without, 1. */
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    /** A whole number from 0 up to, but without, the limit. */
    below: (limit) => Math.floor(next() * limit),
    pick: (items) => items[Math.floor(next() * items.length)],
  };
}
