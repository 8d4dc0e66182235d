// What event `n` of a thread of checked.mjs holds beside its number.

/** Differs for all neighbours, so that no event can pass for another. */
export function checkOf(thread, n) {
  return Math.imul((n ^ 0x9e3779b9) + thread, 0x85ebca6b) >>> 0;
}

/** Of many lengths, so that events end anywhere in a sub-buffer. */
export function textOf(n) {
  return `${n}`.padEnd(n % 41, 'abcdefghij');
}
