/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Between which two of the values the median of what they were drawn from lies, with a probability of at least 95 %:
 * by the binomial distribution, whatever the values' own is. Undefined of fewer than six.
 */
export function medianBounds(values: readonly number[]): readonly [low: number, high: number] | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  // How likely it is that at most `rank` values lie below the median, from rank 0 on.
  let term = 0.5 ** count;
  let below = term;
  let rank = 0;
  if (below > 0.025) return undefined;
  for (;;) {
    term *= (count - rank) / (rank + 1);
    if (below + term > 0.025) return [sorted[rank]!, sorted[count - 1 - rank]!];
    below += term;
    rank += 1;
  }
}
