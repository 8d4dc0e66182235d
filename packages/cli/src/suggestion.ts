/** What a mistyped word may have meant. */

/** Least number of letters to insert, drop, change or swap with their neighbour. */
function distance(left: string, right: string): number {
  let before: number[] = [];
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let at = 1; at <= left.length; at++) {
    const next = [at];
    for (let to = 1; to <= right.length; to++) {
      const same = left[at - 1] === right[to - 1];
      let best = Math.min(row[to]! + 1, next[to - 1]! + 1, row[to - 1]! + (same ? 0 : 1));
      if (at > 1 && to > 1 && left[at - 1] === right[to - 2] && left[at - 2] === right[to - 1]) {
        best = Math.min(best, before[to - 2]! + 1);
      }
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[right.length]!;
}

/** `did you mean X?`, if a known word is near. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  const near = known
    .map((candidate) => ({ candidate, steps: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, steps }) => steps <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((left, right) => left.steps - right.steps)[0];
  return near === undefined ? undefined : `did you mean ${near.candidate}?`;
}
