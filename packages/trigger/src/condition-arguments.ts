// Conditions on the command line: LTTng's own (lttng-add-trigger(1)), and those that only Spoor has.
import type { ChannelBufferUsage, Condition, Domain, SessionRotation } from '@spoor/control';
import { type ArgumentList, argumentError, oneOf, readValue } from './argument-list.ts';
import { parseCapture } from './capture.ts';
import { EventRuleReader, type RuleContext } from './event-rule-arguments.ts';
import { parseCount, parseDecimal, parseSizeBytes, parseTimeMs } from './quantities.ts';

/** The period of a rate that says none. */
const USUAL_PERIOD_MS = 1000;

const size = 'bytes, or a size such as 512k, 4M or 1G';
const time = 'a time such as 250ms, 1.5s or 2m';

type ReadCondition = (words: ArgumentList, context: RuleContext) => Condition;

/** What follows `--condition=NAME`, by name. */
const conditions: Readonly<Record<string, ReadCondition>> = {
  'event-rule-matches': readMatches,
  'channel-buffer-usage-ge': (words) => readBufferUsage(words, 'at-least'),
  'channel-buffer-usage-le': (words) => readBufferUsage(words, 'at-most'),
  'session-consumed-size-ge': readConsumedSize,
  'session-rotation-starts': (words) => readRotation(words, 'session-rotation-starts'),
  'session-rotation-finishes': (words) => readRotation(words, 'session-rotation-finishes'),
  'event-rate-ge': readRate,
  'event-silence': readSilence,
  'span-duration-ge': readSpan,
};

/** Names of the conditions, for help and completion. */
export const conditionNames: readonly string[] = Object.keys(conditions);

/**
 * Reads the arguments of a condition, up to the first that is none of its own.
 * @throws SpoorError `trigger/argument`, `trigger/capture`, `filter/…`.
 */
export function readCondition(name: string, words: ArgumentList, context: RuleContext): Condition {
  return conditions[oneOf('condition', name, conditionNames)]!(words, context);
}

function checkedCapture(text: string): string {
  parseCapture(text);
  return text;
}

function required<T>(option: string, value: T | undefined): T {
  if (value === undefined) throw argumentError(`the condition needs ${option}`);
  return value;
}

function readMatches(words: ArgumentList, context: RuleContext): Condition {
  const rule = new EventRuleReader('', context);
  const captures: string[] = [];
  for (;;) {
    const capture = words.takeOption(['--capture']);
    if (capture !== undefined) captures.push(checkedCapture(capture.value));
    else if (!rule.take(words)) break;
  }
  return { kind: 'event-rule-matches', rule: rule.finish(true), captures };
}

const sessionAliases = { '-s': '--session', '-t': '--threshold-size' } as const;

function readBufferUsage(words: ArgumentList, comparison: ChannelBufferUsage['comparison']): Condition {
  let session: string | undefined;
  let channel: string | undefined;
  let domain: Domain = 'user';
  let threshold: ChannelBufferUsage['threshold'] | undefined;
  for (;;) {
    const option = words.takeOption(
      ['--session', '--channel', '--domain', '--threshold-ratio', '--threshold-size'],
      { ...sessionAliases, '-c': '--channel', '-d': '--domain' },
    );
    if (option === undefined) break;
    const { name, value } = option;
    switch (name) {
      case '--session':
        session = value;
        break;
      case '--channel':
        channel = value;
        break;
      case '--domain':
        domain = oneOf('domain', value, ['user', 'userspace', 'kernel']) === 'kernel' ? 'kernel' : 'user';
        break;
      case '--threshold-ratio':
      case '--threshold-size':
        if (threshold !== undefined) throw argumentError('one threshold is enough: a ratio or a size');
        threshold =
          name === '--threshold-size'
            ? { sizeBytes: readValue(name, value, parseSizeBytes, size) }
            : { ratio: readValue(name, value, parseRatio, 'a number from 0 to 1') };
        break;
      default:
        name satisfies never;
    }
  }
  return {
    kind: 'channel-buffer-usage',
    comparison,
    session: required('--session', session),
    domain,
    channel: required('--channel', channel),
    threshold: required('--threshold-ratio or --threshold-size', threshold),
  };
}

function parseRatio(text: string): number | undefined {
  const ratio = parseDecimal(text);
  return ratio === undefined || ratio > 1 ? undefined : ratio;
}

function readConsumedSize(words: ArgumentList): Condition {
  let session: string | undefined;
  let sizeBytes: number | undefined;
  for (;;) {
    const option = words.takeOption(['--session', '--threshold-size'], sessionAliases);
    if (option === undefined) break;
    if (option.name === '--session') session = option.value;
    else sizeBytes = readValue(option.name, option.value, parseSizeBytes, size);
  }
  return {
    kind: 'session-consumed-size',
    session: required('--session', session),
    sizeBytes: required('--threshold-size', sizeBytes),
  };
}

function readRotation(words: ArgumentList, kind: SessionRotation['kind']): Condition {
  let session: string | undefined;
  for (;;) {
    const option = words.takeOption(['--session'], { '-s': '--session' });
    if (option === undefined) break;
    session = option.value;
  }
  return { kind, session: required('--session', session) };
}

function readRate(words: ArgumentList, context: RuleContext): Condition {
  const rule = new EventRuleReader('', context);
  let count: number | undefined;
  let periodMs = USUAL_PERIOD_MS;
  for (;;) {
    const option = words.takeOption(['--threshold-count', '--period']);
    if (option === undefined) {
      if (rule.take(words)) continue;
      break;
    }
    const { name, value } = option;
    if (name === '--period') periodMs = readValue(name, value, parseTimeMs, time);
    else count = readValue(name, value, parseCount, 'a count of events');
  }
  return {
    kind: 'event-rate',
    rule: rule.finish(false),
    count: required('--threshold-count', count),
    periodMs,
  };
}

function readSilence(words: ArgumentList, context: RuleContext): Condition {
  const rule = new EventRuleReader('', context);
  let thresholdMs: number | undefined;
  for (;;) {
    const option = words.takeOption(['--threshold-time']);
    if (option !== undefined) thresholdMs = readValue(option.name, option.value, parseTimeMs, time);
    else if (!rule.take(words)) break;
  }
  return {
    kind: 'event-silence',
    rule: rule.finish(false),
    durationMs: required('--threshold-time', thresholdMs),
  };
}

function readSpan(words: ArgumentList, context: RuleContext): Condition {
  const begin = new EventRuleReader('begin-', context);
  const end = new EventRuleReader('end-', context);
  const keys = { begin: [] as string[], end: [] as string[] };
  const captures: string[] = [];
  let thresholdMs: number | undefined;
  let scope: 'thread' | 'process' | 'all' = 'process';
  let at: 'end' | 'threshold' = 'end';
  for (;;) {
    const option = words.takeOption([
      '--threshold-time',
      '--key',
      '--begin-key',
      '--end-key',
      '--scope',
      '--at',
      '--capture',
    ]);
    if (option === undefined) {
      if (begin.take(words) || end.take(words)) continue;
      break;
    }
    const { name, value } = option;
    switch (name) {
      case '--threshold-time':
        thresholdMs = readValue(name, value, parseTimeMs, time);
        break;
      case '--scope':
        scope = oneOf('scope', value, ['thread', 'process', 'all']);
        break;
      case '--at':
        at = oneOf('moment', value, ['end', 'threshold']);
        break;
      case '--capture':
        captures.push(checkedCapture(value));
        break;
      case '--key':
      case '--begin-key':
      case '--end-key':
        if (name !== '--end-key') keys.begin.push(checkedCapture(value));
        if (name !== '--begin-key') keys.end.push(checkedCapture(value));
        break;
      default:
        name satisfies never;
    }
  }
  if (keys.begin.length !== keys.end.length) {
    throw argumentError('the beginning and the end of a span need as many keys each');
  }
  const rules = { begin: begin.finish(false), end: end.finish(false) };
  if (rules.begin.name === '*' || rules.end.name === '*') {
    throw argumentError('a span needs --begin-name and --end-name', 'the events that begin and end it');
  }
  return {
    kind: 'span-duration',
    ...rules,
    beginKey: keys.begin,
    endKey: keys.end,
    scope,
    thresholdMs: required('--threshold-time', thresholdMs),
    at,
    captures,
  };
}
