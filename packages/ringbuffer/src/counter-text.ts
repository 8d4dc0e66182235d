/** Counters as text, for a program that has no file descriptor left to make their file with. */

type Counters = readonly (readonly [name: string, value: number])[];

/** The text of names and values: a list in JSON. */
export function formatCounters(counters: Counters): string {
  return JSON.stringify(counters);
}

/** Reads it; nothing where it is no such text. */
export function parseCounters(text: string): Counters {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(found)) return [];
  return found.flatMap((pair: unknown) => {
    if (!Array.isArray(pair)) return [];
    const [name, value] = pair as readonly unknown[];
    return typeof name === 'string' && typeof value === 'number' ? [[name, value] as const] : [];
  });
}
