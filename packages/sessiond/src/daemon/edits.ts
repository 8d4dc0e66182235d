/** Changes of a session's model: each gives a new session, and says what became of what was asked for. */
import { SpoorError, closestName } from '@spoor/base';
import {
  CHANNEL_DEFAULTS,
  type Channel,
  type ChannelAttributes,
  DEFAULT_CHANNEL_NAME,
  type Domain,
  type EventRule,
  type EventRuleKind,
  type ProcessTracker,
  type Session,
  type TrackedAttribute,
  nextPowerOfTwo,
  ruleKey,
} from '@spoor/control';
import { parseFilter, parseGlob } from '@spoor/filter';
import { BLOCK_WITHOUT_LIMIT, isChannelName, isValidGeometry } from '@spoor/ringbuffer';
import { ofKernelAlone } from './describe-trackers.ts';

/** A changed session, and what else came of the change. */
export interface Edited<Result> {
  readonly session: Session;
  readonly result: Result;
}

const LEAST_SUB_BUFFER_BYTES = 4096;
const LEAST_SUB_BUFFERS = 2;

function findChannel(session: Session, domain: Domain, name: string): Channel | undefined {
  return session.channels.find((channel) => channel.domain === domain && channel.name === name);
}

function requireChannel(session: Session, domain: Domain, name: string): Channel {
  const channel = findChannel(session, domain, name);
  if (channel !== undefined) return channel;
  const near = closestName(
    name,
    session.channels.filter((other) => other.domain === domain).map((other) => other.name),
  );
  throw new SpoorError('control/no-channel', `session ${session.name} has no ${domain} channel ${name}`, {
    hint: near === undefined ? 'spoor enable-channel makes one' : `did you mean ${near}`,
  });
}

/** Puts a channel in the place of the one of its name, or at the end. */
function withChannel(session: Session, channel: Channel): Session {
  const isSame = (other: Channel): boolean => other.domain === channel.domain && other.name === channel.name;
  const channels = session.channels.some(isSame)
    ? session.channels.map((other) => (isSame(other) ? channel : other))
    : [...session.channels, channel];
  return { ...session, channels };
}

/** Sizes as LTTng rounds them, one line for each that was rounded. */
function rounded(attributes: ChannelAttributes): { attributes: ChannelAttributes; warnings: string[] } {
  const warnings: string[] = [];
  const round = (what: string, value: number, least: number): number => {
    const effective = Math.max(least, nextPowerOfTwo(value));
    if (effective !== value) warnings.push(`the ${what} (${value}) is rounded up to ${effective}`);
    return effective;
  };
  const subBufferSizeBytes = round('sub-buffer size', attributes.subBufferSizeBytes, LEAST_SUB_BUFFER_BYTES);
  const subBufferCount = round('number of sub-buffers', attributes.subBufferCount, LEAST_SUB_BUFFERS);
  let { traceFileSizeBytes } = attributes;
  if (traceFileSizeBytes > 0 && traceFileSizeBytes < subBufferSizeBytes) {
    warnings.push(`the trace file size (${traceFileSizeBytes}) is rounded up to that of a sub-buffer`);
    traceFileSizeBytes = subBufferSizeBytes;
  }
  return {
    attributes: { ...attributes, subBufferSizeBytes, subBufferCount, traceFileSizeBytes },
    warnings,
  };
}

/** Files `a_1_0` would be of channel `a` and of channel `a_1`. */
function checkFileNames(session: Session, { name, domain, traceFileSizeBytes }: Channel): void {
  for (const other of session.channels) {
    if (other.domain !== domain) continue;
    const isMistaken =
      (traceFileSizeBytes > 0 && isNumbered(other.name, name)) ||
      (other.traceFileSizeBytes > 0 && isNumbered(name, other.name));
    if (!isMistaken) continue;
    throw new SpoorError(
      'control/channel-attributes',
      `the trace files of channels ${name} and ${other.name} would have the same names`,
      { hint: 'give one another name, or no size of trace files' },
    );
  }
}

/** Whether a name is another one and a number. */
function isNumbered(name: string, base: string): boolean {
  return name.startsWith(`${base}_`) && /^\d+$/.test(name.slice(base.length + 1));
}

function checkAttributes(name: string, attributes: ChannelAttributes): void {
  const refuse = (what: string): never => {
    throw new SpoorError('control/channel-attributes', `channel ${name} cannot be so: ${what}`);
  };
  if (!isValidGeometry(attributes)) refuse('a ring has 2 to 256 sub-buffers, of 2 GiB together at most');
  const { blockingTimeoutUs, lossMode, traceFileCount, traceFileSizeBytes } = attributes;
  if (blockingTimeoutUs < BLOCK_WITHOUT_LIMIT) refuse('the blocking timeout is negative');
  if (lossMode === 'overwrite' && blockingTimeoutUs !== 0) {
    refuse('in overwrite mode no event waits for room, so there is no blocking timeout');
  }
  if (traceFileCount > 0 && traceFileSizeBytes === 0) {
    refuse('a number of trace files needs a size of trace files');
  }
}

/** What a channel records beside what rings hold. */
function checkSources(
  { mode }: Session,
  domain: Domain,
  name: string,
  { kernelLog, counters, countersIntervalMs, syscallStrings }: ChannelAttributes,
): void {
  const refuse = (what: string): never => {
    throw new SpoorError('control/channel-attributes', `channel ${name} cannot be so: ${what}`);
  };
  const hasCounters = counters !== undefined && counters.length > 0;
  if (domain === 'user' && (kernelLog === true || hasCounters || syscallStrings === true)) {
    refuse('the log of the kernel, counters and texts of system calls are of the kernel: -k');
  }
  if (countersIntervalMs !== undefined && !hasCounters) refuse('an interval of counters needs counters');
  if ((mode === 'snapshot' || mode === 'no-output') && (kernelLog === true || hasCounters)) {
    refuse('log and counters are written as they come, and this session keeps its events in memory');
  }
}

/** Whether pages are kept as they are, which is chosen once: those that wait are of rings that there are. */
function checkRawPages(
  { mode, hasStarted }: Session,
  domain: Domain,
  name: string,
  { rawPages }: ChannelAttributes,
  before: Channel | undefined,
): void {
  const refuse = (what: string, hint?: string): never => {
    throw new SpoorError('control/channel-attributes', `channel ${name} cannot be so: ${what}`, { hint });
  };
  if (rawPages === true && domain === 'user') {
    refuse('raw pages are of the kernel: -k', 'the rings of programs have events as the trace has them');
  }
  if (rawPages === true && (mode === 'snapshot' || mode === 'no-output')) {
    refuse(
      'this session keeps its events in memory, where the pages of the kernel are raw anyway',
      'leave --raw out',
    );
  }
  if (hasStarted && before !== undefined && (before.rawPages ?? false) !== (rawPages ?? false)) {
    refuse(
      'whether pages are kept raw is chosen before the session is started the first time',
      'enable another channel, with --raw',
    );
  }
}

/**
 * Makes the channels of a session anew that somebody else wrote down, with all that is demanded of a channel.
 * @throws SpoorError `control/invalid-name`, `control/channel-attributes`, `control/channel-exists`.
 */
export function withCheckedChannels(session: Session): Edited<{ readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  let made: Session = { ...session, channels: [] };
  for (const { name, domain, isEnabled, contexts, rules, ...attributes } of session.channels) {
    if (findChannel(made, domain, name) !== undefined) {
      throw new SpoorError(
        'control/channel-exists',
        `session ${session.name} has more than one ${domain} channel ${name}`,
      );
    }
    const { result } = enableChannel(made, domain, name, attributes);
    warnings.push(...result.warnings.map((text) => `channel ${name}: ${text}`));
    made = withChannel(made, { ...result.channel, isEnabled, contexts, rules });
  }
  return { session: made, result: { warnings } };
}

/**
 * Makes a channel, enables a disabled one, or gives one other attributes; these count for the rings made from then on.
 * @throws SpoorError `control/invalid-name`, `control/channel-attributes`.
 */
export function enableChannel(
  session: Session,
  domain: Domain,
  name: string,
  asked: Partial<ChannelAttributes> = {},
): Edited<{
  readonly channel: Channel;
  readonly outcome: 'created' | 'enabled' | 'resized' | 'unchanged';
  readonly warnings: readonly string[];
}> {
  if (!isChannelName(name)) {
    throw new SpoorError('control/invalid-name', `no channel can be named ${JSON.stringify(name)}`, {
      hint: 'letters, digits, `_`, `.` and `-`, at most 64 of them, no `.` or `-` first',
    });
  }
  const existing = findChannel(session, domain, name);
  const warnings: string[] = [];
  let wanted: ChannelAttributes = { ...(existing ?? CHANNEL_DEFAULTS[domain]), ...asked };
  if (session.mode === 'snapshot' && wanted.lossMode === 'discard') {
    if (asked.lossMode === 'discard')
      warnings.push('a snapshot session keeps the newest events: overwrite mode');
    wanted = { ...wanted, lossMode: 'overwrite', blockingTimeoutUs: 0 };
  }
  const sizes = rounded(wanted);
  warnings.push(...sizes.warnings);
  checkAttributes(name, sizes.attributes);
  checkSources(session, domain, name, sizes.attributes);
  checkRawPages(session, domain, name, sizes.attributes, existing);
  const channel: Channel =
    existing === undefined
      ? { ...sizes.attributes, name, domain, isEnabled: true, contexts: [], rules: [] }
      : { ...existing, ...sizes.attributes, isEnabled: true };
  checkFileNames(session, channel);
  const isSame =
    existing !== undefined && JSON.stringify(channel) === JSON.stringify({ ...existing, isEnabled: true });
  const outcome =
    existing === undefined ? 'created' : !isSame ? 'resized' : existing.isEnabled ? 'unchanged' : 'enabled';
  return { session: withChannel(session, channel), result: { channel, outcome, warnings } };
}

/** @throws SpoorError `control/no-channel`. */
export function disableChannel(session: Session, domain: Domain, name: string): Session {
  return withChannel(session, { ...requireChannel(session, domain, name), isEnabled: false });
}

/**
 * Checks what a rule says.
 * @throws SpoorError `control/invalid-filter`, `control/invalid-rule`.
 */
export function checkRule(rule: EventRule): void {
  if (rule.name === '') throw new SpoorError('control/invalid-rule', 'an event rule has no name');
  parseGlob(rule.name);
  if (rule.filter === undefined) return;
  try {
    parseFilter(rule.filter);
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
    throw new SpoorError('control/invalid-filter', `the filter cannot be read: ${error.message}`, {
      where: error.where,
      hint: error.hint,
    });
  }
}

/**
 * Adds a rule to a channel, or enables it again. Without a channel it is LTTng's `channel0`, which is made if there is
 * no channel at all.
 * @throws SpoorError `control/no-channel`, `control/channel-needed`, `control/invalid-filter`.
 */
export function enableEvent(
  session: Session,
  domain: Domain,
  channelName: string | undefined,
  rule: EventRule,
): Edited<{
  readonly channel: string;
  readonly outcome: 'created' | 'enabled' | 'unchanged';
  readonly warnings: readonly string[];
}> {
  checkRule(rule);
  let current = session;
  const name = channelName ?? DEFAULT_CHANNEL_NAME;
  const warnings: string[] = [];
  if (findChannel(session, domain, name) === undefined) {
    const others = session.channels.filter((channel) => channel.domain === domain);
    if (channelName === undefined && others.length > 0) {
      throw new SpoorError(
        'control/channel-needed',
        `session ${session.name} has channels, but none named ${DEFAULT_CHANNEL_NAME}`,
        { hint: `name one with -c: ${others.map((channel) => channel.name).join(', ')}` },
      );
    }
    // A channel that is named is made as well: there is nothing else that its name could mean.
    const made = enableChannel(session, domain, name);
    current = made.session;
    warnings.push(...made.result.warnings);
  }
  const channel = requireChannel(current, domain, name);
  const key = ruleKey(rule);
  const existing = channel.rules.find((other) => ruleKey(other.rule) === key);
  const outcome = existing === undefined ? 'created' : existing.isEnabled ? 'unchanged' : 'enabled';
  const rules =
    existing === undefined
      ? [...channel.rules, { rule, isEnabled: true }]
      : channel.rules.map((other) => (other === existing ? { ...other, isEnabled: true } : other));
  return {
    session: withChannel(current, { ...channel, rules }),
    result: { channel: name, outcome, warnings },
  };
}

/**
 * Disables the rules of a channel that have this very name, or all.
 * @throws SpoorError `control/no-channel`, `control/no-event` when there is none of the name.
 */
export function disableEvent(
  session: Session,
  domain: Domain,
  channelName: string | undefined,
  name: string | undefined,
  kind: EventRuleKind | undefined,
): Edited<number> {
  const channel = requireChannel(session, domain, channelName ?? DEFAULT_CHANNEL_NAME);
  let disabledCount = 0;
  let foundCount = 0;
  const rules = channel.rules.map((own) => {
    const isMeant =
      (name === undefined || own.rule.name === name) && (kind === undefined || own.rule.kind === kind);
    if (!isMeant) return own;
    foundCount += 1;
    if (own.isEnabled) disabledCount += 1;
    return { ...own, isEnabled: false };
  });
  if (foundCount === 0 && name !== undefined) {
    const near = closestName(
      name,
      channel.rules.map(({ rule }) => rule.name),
    );
    throw new SpoorError('control/no-event', `channel ${channel.name} has no rule named ${name}`, {
      hint: near === undefined ? 'spoor list SESSION shows the rules' : `did you mean ${near}`,
    });
  }
  return { session: withChannel(session, { ...channel, rules }), result: disabledCount };
}

/**
 * Adds context fields to a channel or to all of a domain; the default channel is made where there is none.
 * @throws SpoorError `control/no-channel`.
 */
export function addContexts(
  session: Session,
  domain: Domain,
  channelName: string | undefined,
  contexts: readonly string[],
): Edited<readonly string[]> {
  let current = session;
  const ofDomain = (): readonly Channel[] => current.channels.filter((channel) => channel.domain === domain);
  if (channelName === undefined && ofDomain().length === 0) {
    current = enableChannel(current, domain, DEFAULT_CHANNEL_NAME).session;
  }
  const channels = channelName === undefined ? ofDomain() : [requireChannel(current, domain, channelName)];
  for (const channel of channels) {
    current = withChannel(current, {
      ...channel,
      contexts: [...new Set([...channel.contexts, ...contexts])],
    });
  }
  return { session: current, result: channels.map((channel) => channel.name) };
}

/**
 * Changes an inclusion set; the first values that are added to one that includes all make it include these alone. Values that are
 * to be taken out and are not there change nothing.
 */
export function track(
  session: Session,
  domain: Domain,
  attribute: TrackedAttribute,
  values: readonly (number | string)[] | 'all',
  isAdded: boolean,
): Session {
  if (domain === 'user' && attribute === 'pid_ns') throw ofKernelAlone();
  const trackers = session.trackers[domain];
  const own = trackers.find((tracker) => tracker.attribute === attribute);
  const others = trackers.filter((tracker) => tracker !== own);
  let changed: readonly ProcessTracker[];
  if (values === 'all') {
    changed = isAdded ? others : [...others, { attribute, values: [] }];
  } else if (isAdded) {
    changed = [...others, { attribute, values: [...new Set([...(own?.values ?? []), ...values])] }];
  } else if (own === undefined) {
    // Of all values none can be taken out.
    return session;
  } else {
    changed = [...others, { attribute, values: own.values.filter((value) => !values.includes(value)) }];
  }
  return { ...session, trackers: { ...session.trackers, [domain]: changed } };
}
