// Actions on the command line: LTTng's own (lttng-add-trigger(1)), and `exec` and `webhook`.
import type { Action, RatePolicy, SnapshotAction } from '@spoor/control';
import { parseNameTemplate } from '@spoor/filter';
import { type ArgumentList, argumentError, oneOf, readValue } from './argument-list.ts';
import { parseSizeBytes, parseTimeMs } from './quantities.ts';
import { parseRatePolicy } from './rate-policy.ts';

/** How long a command or a web server may take that no time is set for. */
const USUAL_TIMEOUT_MS = 60_000;

/** Names of the actions on the command line, for help and completion. */
export const actionNames: readonly ActionName[] = [
  'notify',
  'start-session',
  'stop-session',
  'rotate-session',
  'snapshot-session',
  'exec',
  'webhook',
  'incr-map-value',
];
type ActionName = Exclude<Action['kind'], 'increment-map-value'> | 'incr-map-value';

/** Makes a path absolute. */
export type ResolvePath = (path: string) => string;

/**
 * Reads the arguments of an action, up to the first that is none of its own.
 * @throws SpoorError `trigger/argument`, `trigger/rate-policy`, `filter/template`.
 */
export function readAction(name: string, words: ArgumentList, resolvePath: ResolvePath): Action {
  const kind = oneOf('action', name, actionNames);
  switch (kind) {
    case 'notify':
      return { kind, ...readOptions(words, []) };
    case 'start-session':
    case 'stop-session':
    case 'rotate-session':
      return { kind, session: word(words, 'a session'), ...readOptions(words, []) };
    case 'snapshot-session':
      return readSnapshot(words, resolvePath);
    case 'exec': {
      const command = word(words, 'a command');
      return { kind, command: ['/bin/sh', '-c', command], ...readTimeout(words) };
    }
    case 'webhook':
      return { kind, url: checkUrl(word(words, 'an address')), ...readTimeout(words) };
    case 'incr-map-value':
      return readIncrement(words);
    default:
      return kind satisfies never;
  }
}

function word(words: ArgumentList, what: string): string {
  const found = words.takeWord();
  if (found === undefined || found === '') throw argumentError(`the action needs ${what}`);
  return found;
}

/** Reads `--rate-policy`, and whatever else `take` knows. */
function readOptions<Name extends string>(
  words: ArgumentList,
  names: readonly Name[],
  take: (name: Name, value: string) => void = () => undefined,
  aliases: Readonly<Record<string, Name>> = {},
): { readonly ratePolicy?: RatePolicy } {
  let ratePolicy: RatePolicy | undefined;
  for (;;) {
    const policy = words.takeOption(['--rate-policy']);
    if (policy !== undefined) {
      ratePolicy = parseRatePolicy(policy.value);
      continue;
    }
    const option = words.takeOption(names, aliases);
    if (option === undefined) return ratePolicy === undefined ? {} : { ratePolicy };
    take(option.name, option.value);
  }
}

function readTimeout(words: ArgumentList): {
  readonly timeoutMs: number;
  readonly ratePolicy?: RatePolicy;
} {
  let timeoutMs = USUAL_TIMEOUT_MS;
  const options = readOptions(words, ['--timeout'], (name, value) => {
    timeoutMs = readValue(name, value, parseTimeMs, 'a time such as 10s');
  });
  return { timeoutMs, ...options };
}

const snapshotOptions = ['--name', '--max-size', '--path', '--url', '--ctrl-url', '--data-url'] as const;

function readSnapshot(words: ArgumentList, resolvePath: ResolvePath): Action {
  const session = word(words, 'a session');
  const found: { -readonly [Key in 'name' | 'maxSizeBytes' | 'output']?: SnapshotAction[Key] } = {};
  const take = (name: (typeof snapshotOptions)[number], value: string): void => {
    switch (name) {
      case '--name':
        found.name = value;
        return;
      case '--max-size':
        found.maxSizeBytes = readValue(name, value, parseSizeBytes, 'a size such as 512k or 4M');
        return;
      case '--path':
      case '--url': {
        const isPath = name === '--path' || value.startsWith('file://');
        const path = value.replace(name === '--path' ? '' : 'file://', '');
        if (!isPath || path === '') break;
        found.output = { kind: 'local', path: resolvePath(path) };
        return;
      }
      case '--ctrl-url':
      case '--data-url':
        break;
      default:
        name satisfies never;
    }
    throw argumentError(`snapshots go to directories, not to \`${value}\``, '--path=DIRECTORY');
  };
  const options = readOptions(words, snapshotOptions, take, {
    '-n': '--name',
    '-m': '--max-size',
    '-C': '--ctrl-url',
    '-D': '--data-url',
  });
  return { kind: 'snapshot-session', session, ...found, ...options };
}

function readIncrement(words: ArgumentList): Action {
  const found: { session?: string; map?: string; key?: string } = {};
  const options = readOptions(
    words,
    ['--session', '--type', '--channel', '--key'],
    (name, value) => {
      switch (name) {
        case '--session':
          found.session = value;
          return;
        case '--type':
          oneOf('map type', value, ['user']);
          return;
        case '--channel':
          found.map = value;
          return;
        case '--key':
          parseNameTemplate(value);
          found.key = value;
          return;
        default:
          name satisfies never;
      }
    },
    { '-s': '--session', '-t': '--type', '-c': '--channel' },
  );
  const { session, map, key } = found;
  if (session === undefined) throw argumentError('the action needs --session');
  if (map === undefined) throw argumentError('the action needs --channel: the name of a counter map');
  if (key === undefined) throw argumentError("the action needs --key, such as '{event_name}'");
  return { kind: 'increment-map-value', session, map, key, ...options };
}

function checkUrl(text: string): string {
  if (!/^https?:\/\/[^/]/.test(text)) {
    throw argumentError(`\`${text}\` is no address of a web server`, 'http://… or https://…');
  }
  return text;
}
