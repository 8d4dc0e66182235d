/** The sets of automatic events that are recorded unless they are left out. */
export const defaultSets = [
  'http-server',
  'http-client',
  'undici',
  'net',
  'dns',
  'workers',
  'children',
  'gc',
  'event-loop',
  'errors',
  'console',
  'loggers',
  'request-context',
] as const;

/** The sets that are recorded only when they are named: they cost more, or tell of the same once more. */
const extraSets = [
  'console-log',
  'http2',
  'fs',
  'timers',
  'cluster',
  'modules',
  'async',
  'async-end',
] as const;

/** Name of a set of automatic events. */
export type AutoSet = (typeof defaultSets)[number] | (typeof extraSets)[number];

/** All sets of automatic events. */
export const autoSets: readonly AutoSet[] = [...defaultSets, ...extraSets];

/** What stands for several sets. */
const groups: Readonly<Record<string, readonly AutoSet[]>> = { default: defaultSets, all: autoSets };

/**
 * Reads the value of the environment variable `SPOOR_AUTO`: names of sets, separated by commas; `default` stands for
 * {@link defaultSets} and `all` for all of them. With a `-` before a name the set is left out of the others; without
 * names but such the default ones are taken. Words that name channels ({@link chosenChannels}) count as names. Unknown names are ignored, because a program must not fail over a word
 * meant for its tracer.
 */
export function chosenSets(text: string | undefined): ReadonlySet<AutoSet> {
  const words = setWords(text ?? '');
  const named = (names: readonly string[]): readonly AutoSet[] =>
    autoSets.filter((set) => names.some((name) => name === set || isInGroup(name, set)));
  const isUnwanted = (word: string): boolean => word.startsWith('-');
  const unwanted = new Set(named(words.filter(isUnwanted).map((word) => word.slice(1))));
  const wanted = words.filter((word) => !isUnwanted(word));
  const isChosen = named(wanted).length > 0 || wanted.some(isDiagnostics);
  return new Set((isChosen ? named(wanted) : [...defaultSets]).filter((name) => !unwanted.has(name)));
}

/** Whether a set is chosen by its name, or as one of all: not only because it is usual. */
export function isNamed(text: string | undefined, set: AutoSet): boolean {
  return setWords(text ?? '').some((word) => word === set || word === 'all');
}

/** Begins a word that names channels of `node:diagnostics_channel` by a glob: `diagnostics:undici:*`. */
const diagnosticsPrefix = 'diagnostics:';

function isDiagnostics(word: string): boolean {
  return word.startsWith(diagnosticsPrefix) && word.length > diagnosticsPrefix.length;
}

/** The globs of channels in a choice of sets. */
export function chosenChannels(text: string | undefined): readonly string[] {
  return setWords(text ?? '')
    .filter(isDiagnostics)
    .map((word) => word.slice(diagnosticsPrefix.length));
}

/** The words of a choice of sets that name no set. */
export function unknownSets(text: string): readonly string[] {
  return setWords(text).filter((word) => {
    const name = word.startsWith('-') ? word.slice(1) : word;
    if (isDiagnostics(word)) return false;
    return !Object.hasOwn(groups, name) && !autoSets.some((set) => set === name);
  });
}

function setWords(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function isInGroup(name: string, set: AutoSet): boolean {
  return Object.hasOwn(groups, name) && groups[name]!.includes(set);
}
