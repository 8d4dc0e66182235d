// What the options of `spoor record` say, read in their order: `--channel` begins a channel, `-e` begins a rule in it,
// and each option after them is about the last one.
import { SpoorError, closestName } from '@spoor/base';
import { parseFilter } from '@spoor/filter';
import {
  BLOCK_WITHOUT_LIMIT,
  geometries,
  isChannelName,
  makeChannel,
  ringSizeBytes,
  type ChannelDescription,
  type EventRule,
  type LogLevelRule,
} from '@spoor/ringbuffer';
import {
  FUNCTIONS_VARIABLE,
  LOG_LEVELS,
  absoluteGlob,
  autoSets,
  contextNames,
  isContextName,
  makeChoice,
  splitGlobs,
  unknownSets,
} from '@spoor/tracer/names';
import { invalid, parseCount, parseLimitBytes, parseSizeBytes, parseTimeoutUs } from './values.ts';

/** Characters of an option's value that an error message repeats: a filter may have thousands. */
const MOST_SHOWN = 80;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

interface DraftChannel extends Writable<Omit<ChannelDescription, 'rules' | 'contexts'>> {
  readonly rules: Writable<Omit<EventRule, 'exclude'>>[];
  readonly excludes: string[][];
  readonly contexts: string[];
}

/** An option as it was given: `flags` as help shows them, `value` empty where it takes none. */
export interface SaidOption {
  readonly flags: string;
  readonly name: string;
  readonly value: string;
}

/**
 * Reads what was said.
 * @throws SpoorError `record/option`, `record/channel`.
 */
export function readPlan(
  said: readonly SaidOption[],
  maxMemory: string | undefined,
): { readonly channels: readonly ChannelDescription[]; readonly maxMemoryBytes?: number } {
  const plan = new RecordPlan();
  for (const { flags, name, value } of said) {
    checked(flags, value, () => plan.take(name, value));
  }
  const channels = plan.channels();
  if (maxMemory === undefined) return { channels };
  const maxMemoryBytes = checked('--max-memory <size>', maxMemory, () => {
    const limitBytes = parseLimitBytes(maxMemory);
    const leastBytes = Math.min(...channels.map(leastRingBytes));
    if (limitBytes >= leastBytes) return limitBytes;
    throw invalid(
      `At least ${leastBytes / 1024}k is needed, for the smallest ring that a thread is given; --subbuf-size 4k --num-subbuf 2 make smaller ones.`,
    );
  });
  return { channels, maxMemoryBytes };
}

/** Size of the ring that a thread is given where there is room for no larger one. */
function leastRingBytes(channel: ChannelDescription): number {
  return Math.min(...[...geometries(channel)].map(ringSizeBytes));
}

/**
 * What the program's tracer is told by its environment.
 * @param auto the sets of automatic events; not a text when none were named.
 * @param functions globs of modules whose functions are recorded, relative to the working directory.
 * @throws SpoorError `record/option`.
 */
export function readEnvironment(
  auto: string | boolean | undefined,
  functions: readonly string[] | undefined,
): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  if (typeof auto === 'string') {
    checkAutoSets(auto);
    environment['SPOOR_AUTO'] = auto;
  }
  if (functions !== undefined) {
    const globs = functions.flatMap((text) =>
      checked('--functions <globs>', text, () => readFunctionGlobs(text, process.cwd())),
    );
    environment[FUNCTIONS_VARIABLE] = JSON.stringify(globs);
  }
  return environment;
}

/** Globs that mean the same wherever the program runs. */
function readFunctionGlobs(text: string, folder: string): readonly string[] {
  const globs = splitGlobs(text).map((glob) => absoluteGlob(glob, folder));
  if (globs.length === 0) throw invalid('It names no files.');
  try {
    makeChoice(globs, folder);
  } catch {
    throw invalid('It is no pattern of files: `*`, `**`, `?`, `{a,b}`, `[a-z]` may be used.');
  }
  return globs;
}

function checkAutoSets(text: string): void {
  checked('--auto <sets>', text, () => {
    const [stranger] = unknownSets(text);
    if (stranger === undefined) return;
    const near = closestName(stranger.replace(/^-/, ''), autoSets);
    throw invalid(
      `There is no set \`${stranger}\`; ${near === undefined ? `the sets are ${autoSets.join(', ')}` : `did you mean \`${near}\`?`}`,
    );
  });
}

/** Puts the option into the message of what is wrong with its value. */
function checked<T>(flags: string, value: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why = error instanceof SpoorError ? error.message : String(error);
    const shown = value.length <= MOST_SHOWN ? value : `${value.slice(0, MOST_SHOWN - 1)}…`;
    throw new SpoorError('record/option', `option '${flags}' argument '${shown}' is invalid. ${why}`);
  }
}

/** Collects channels and rules from options. */
class RecordPlan {
  readonly #channels: DraftChannel[] = [];
  /** What was said before any `--channel`. Sizes and contexts count for all; with a rule it is a channel itself. */
  readonly #common: DraftChannel = draft('ch0');

  take(option: string, text: string): void {
    switch (option) {
      case 'channel':
        this.addChannel(text);
        return;
      case 'enable':
        this.addRules(text);
        return;
      case 'exclude':
        this.addExclusions(text);
        return;
      case 'loglevel':
        this.setLogLevel('at-least', text);
        return;
      case 'loglevel-only':
        this.setLogLevel('only', text);
        return;
      case 'filter':
        this.setFilter(text);
        return;
      case 'context':
        this.addContexts(text);
        return;
      case 'overwrite':
        this.#channel().mode = 'overwrite';
        return;
      case 'blocking-timeout':
        this.#channel().blockingTimeoutUs = text === 'inf' ? BLOCK_WITHOUT_LIMIT : parseTimeoutUs(text);
        return;
      case 'subbuf-size':
        this.#channel().subBufferSizeBytes = parseSizeBytes(text);
        return;
      case 'num-subbuf':
        this.#channel().subBufferCount = parseCount(text);
        return;
      default:
        throw new TypeError(`no option ${option}`);
    }
  }

  /** Begins a channel. */
  addChannel(name: string): void {
    if (!isChannelName(name)) {
      throw invalid('Letters, digits, `_`, `.` and `-`, at most 64 of them.');
    }
    if ([this.#common, ...this.#channels].some((channel) => channel.name === name)) {
      throw invalid('There is a channel of this name already.');
    }
    const { contexts, rules: _rules, excludes: _excludes, ...settings } = this.#common;
    this.#channels.push({ ...settings, name, rules: [], excludes: [], contexts: [...contexts] });
  }

  /** Begins rules: event names with stars, separated by commas. */
  addRules(text: string): void {
    const channel = this.#channel();
    for (const name of words(text)) {
      channel.rules.push({ name });
      channel.excludes.push([]);
    }
  }

  addExclusions(text: string): void {
    const { excludes } = this.#withRule();
    excludes.at(-1)!.push(...words(text));
  }

  setLogLevel(kind: LogLevelRule['kind'], text: string): void {
    const name = text.toLowerCase().replace(/^trace_/, '');
    const level = /^\d+$/.test(name) ? Number(name) : (LOG_LEVELS as Readonly<Record<string, number>>)[name];
    if (level === undefined || level > 14) {
      throw invalid(`One of ${Object.keys(LOG_LEVELS).join(', ')}, or 0 to 14.`);
    }
    this.#withRule().rules.at(-1)!.logLevel = { kind, level };
  }

  setFilter(text: string): void {
    try {
      parseFilter(text);
    } catch (error) {
      throw error instanceof SpoorError ? invalid(`${error.message} (${error.where}).`) : error;
    }
    this.#withRule().rules.at(-1)!.filter = text;
  }

  addContexts(text: string): void {
    for (const name of words(text)) {
      if (!isContextName(name)) {
        const meant = closestName(name, contextNames);
        throw invalid(
          meant === undefined
            ? `\`${name}\` is no context: ${contextNames.slice(0, 11).join(', ')}, perf:thread:…, $app.PROVIDER:NAME.`
            : `\`${name}\` is no context, ${meant} is one.`,
        );
      }
      this.#channel().contexts.push(name);
    }
  }

  /**
   * The channels that were asked for; one that takes everything when nothing was said.
   * @throws SpoorError `record/channel` when what was said of one does not go together.
   */
  channels(): readonly ChannelDescription[] {
    const isChannel = this.#channels.length === 0 || this.#common.rules.length > 0;
    const drafts = isChannel ? [this.#common, ...this.#channels] : this.#channels;
    return drafts.map(({ rules, excludes, ...channel }) => {
      if (channel.subBufferSizeBytes * channel.subBufferCount > 2 * 1024 ** 3) {
        throw wrong(channel.name, 'the sub-buffers of a thread are larger than 2G together');
      }
      if (channel.mode === 'overwrite' && channel.blockingTimeoutUs !== 0) {
        throw wrong(channel.name, '--overwrite waits for nobody, so it has no --blocking-timeout');
      }
      const all: EventRule[] = rules.map((rule, index) => ({ ...rule, exclude: excludes[index]! }));
      return makeChannel({ ...channel, rules: all.length === 0 ? [{ name: '*', exclude: [] }] : all });
    });
  }

  #channel(): DraftChannel {
    return this.#channels.at(-1) ?? this.#common;
  }

  /** The channel, with a rule to say something of: that of all events when none was begun. */
  #withRule(): DraftChannel {
    const channel = this.#channel();
    if (channel.rules.length === 0) this.addRules('*');
    return channel;
  }
}

function draft(name: string): DraftChannel {
  const { rules: _rules, contexts: _contexts, ...settings } = makeChannel({ name });
  return { ...settings, rules: [], excludes: [], contexts: [] };
}

function words(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function wrong(channel: string, what: string): SpoorError {
  return new SpoorError('record/channel', `channel ${channel}: ${what}`);
}
