// How two texts differ.

/** Where two texts differ first. */
export function firstDifference(ours: string, theirs: string): string | undefined {
  if (ours === theirs) return undefined;
  const own = ours.split('\n');
  const other = theirs.split('\n');
  const at = own.findIndex((line, index) => line !== other[index]);
  const line = at < 0 ? own.length : at;
  return `line ${line + 1}: ${JSON.stringify(own[line] ?? null)} in place of ${JSON.stringify(other[line] ?? null)}`;
}
