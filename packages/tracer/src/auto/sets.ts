/** The sets of automatic events, each of which can be left out. */
export const autoSets = [
  'http-server',
  'http-client',
  'net',
  'dns',
  'workers',
  'children',
  'gc',
  'event-loop',
  'errors',
  'console',
  'request-context',
] as const;

/** Name of a set of automatic events. */
export type AutoSet = (typeof autoSets)[number];

/**
 * Reads the value of the environment variable `SPOOR_AUTO`: names of sets, separated by commas. With a `-` before
 * a name the set is left out of all others; names without `-` are the only ones taken. Unknown names are ignored,
 * because a program must not fail over a word meant for its tracer.
 */
export function chosenSets(text: string | undefined): ReadonlySet<AutoSet> {
  const words = (text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const named = (words: readonly string[]): AutoSet[] => autoSets.filter((name) => words.includes(name));
  const wanted = named(words);
  const unwanted = new Set(named(words.filter((word) => word.startsWith('-')).map((word) => word.slice(1))));
  return new Set((wanted.length === 0 ? [...autoSets] : wanted).filter((name) => !unwanted.has(name)));
}
