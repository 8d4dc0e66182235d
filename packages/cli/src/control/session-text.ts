/** Sessions as people read them, close to what `lttng list` and `lttng status` print. */
import { existsSync, readFileSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import type {
  ControlClient,
  CounterMap,
  Trigger,
  Channel,
  ChannelUsage,
  Domain,
  EventRule,
  LossCounts,
  ProcessTracker,
  Session,
  SessionUsage,
  TrackedAttribute,
} from '@spoor/control';
import { domainsOf } from '@spoor/control';
import { outputText } from './output-url.ts';
import { endedDiscardedOf } from './ended-discarded.ts';

const USERS_PATH = '/etc/passwd';

const domainTitles: Readonly<Record<Domain, string>> = { kernel: 'Linux kernel', user: 'User space' };

/** Attributes that LTTng shows of each domain, in its order. */
const shownAttributes: Readonly<Record<Domain, readonly TrackedAttribute[]>> = {
  kernel: ['pid', 'vpid', 'uid', 'vuid', 'gid', 'vgid'],
  user: ['vpid', 'vuid', 'vgid'],
};

const attributeTitles: Readonly<Record<TrackedAttribute, string>> = {
  pid: 'Process IDs',
  vpid: 'Virtual process IDs',
  uid: 'User IDs',
  vuid: 'Virtual user IDs',
  gid: 'Group IDs',
  vgid: 'Virtual group IDs',
  pid_ns: 'PID namespaces',
  cgroup: 'Control groups',
};

/** What is told when a session was made. */
export function createdText({ name, mode, output, snapshotOutputs }: Session): string {
  const [snapshotOutput] = snapshotOutputs;
  if (mode === 'snapshot') {
    const place =
      snapshotOutput === undefined
        ? ''
        : `Default snapshot output set to ${outputText(snapshotOutput.output)}\n`;
    return `Snapshot session ${name} created.\n${place}Its channels overwrite: they keep the newest events.\n`;
  }
  const place = output === undefined ? '' : `Traces will be output to ${outputText(output)}\n`;
  return `Session ${name} created.\n${place}`;
}

/** Losses, if there are any, a line for each reason. */
export function lossesText({ discardedCount, causes = {} }: LossCounts): string {
  const { tooLargeCount = 0, ringlessCount = 0, unwrittenCount = 0 } = causes;
  const reasons: readonly (readonly [count: number, reason: string])[] = [
    [
      discardedCount - tooLargeCount - ringlessCount - unwrittenCount,
      'no sub-buffer had room; larger or more sub-buffers give it: spoor enable-channel --subbuf-size, --num-subbuf',
    ],
    [
      tooLargeCount,
      'they are larger than a sub-buffer; larger ones have room for them: spoor enable-channel --subbuf-size',
    ],
    [
      ringlessCount,
      'their threads could have no sub-buffers, or their class could not be declared, for want of memory, space or file descriptors',
    ],
    [unwrittenCount, 'they could not be written'],
  ];
  return reasons
    .filter(([count]) => count > 0)
    .map(([count, reason]) => `Warning: ${count} events were discarded, because ${reason}\n`)
    .join('');
}

/** What programs counted by counters of their own, a line each. */
export function countersText(counters: Readonly<Record<string, number>>): string {
  return Object.entries(counters)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

function stateOf({ isActive, mode, ownerUid }: Session): string {
  const owner = ownerUid === process.getuid?.() ? '' : ` of ${userName(ownerUid)}`;
  return `[${isActive ? 'active' : 'inactive'}${mode === 'snapshot' ? ' snapshot' : ''}]${owner}`;
}

/** Name and number of a user; the number alone where /etc/passwd knows no name. */
function userName(uid: number): string {
  const lines = existsSync(USERS_PATH) ? readFileSync(USERS_PATH, 'utf8').split('\n') : [];
  const name = lines.map((line) => line.split(':')).find((columns) => columns[2] === String(uid))?.[0];
  return name === undefined ? `user ${uid}` : `user ${name} (${uid})`;
}

/** All sessions, one paragraph each. */
export function sessionsText(sessions: readonly Session[]): string {
  if (sessions.length === 0) return 'Currently no available recording session\n';
  const parts = sessions.map((session, index) => {
    const place = session.output === undefined ? '' : `    Trace output: ${outputText(session.output)}\n`;
    return `  ${index + 1}) ${session.name} ${stateOf(session)}\n${place}\n`;
  });
  return `Available recording sessions:\n${parts.join('')}\nUse spoor list <session_name> for more details\n`;
}

/** What to show of a session. */
export interface Narrowing {
  readonly channel?: string;
  readonly domains?: readonly Domain[];
}

/**
 * A session with a part of its channels.
 * @throws SpoorError `control/no-channel`.
 */
export function narrowed(session: Session, { channel, domains }: Narrowing): Session {
  const channels = session.channels.filter(
    (own) => (channel === undefined || own.name === channel) && (domains?.includes(own.domain) ?? true),
  );
  if (channel !== undefined && channels.length === 0) {
    throw new SpoorError('control/no-channel', `session ${session.name} has no channel ${channel}`);
  }
  return { ...session, channels };
}

/** The domains of a session. */
export function domainsText(session: Session): string {
  const domains = domainsOf(session).map((domain) => `  - ${domainTitles[domain]}\n`);
  return `Domains:\n-------------\n${domains.length === 0 ? '  None\n' : domains.join('')}`;
}

/** What beside its channels has to do with a session. */
export interface MapsAndTriggers {
  readonly maps: readonly CounterMap[];
  /** Those whose condition or action names it. */
  readonly triggers: readonly Trigger[];
}

/** Asks for the counter maps and the triggers of a session. */
export async function mapsAndTriggers(client: ControlClient, session: string): Promise<MapsAndTriggers> {
  const { maps } = await client.call('list-maps', { session });
  const { triggers } = await client.call('list-triggers', {});
  const names = (part: object): boolean => 'session' in part && part.session === session;
  return {
    maps,
    triggers: triggers.filter(({ condition, actions }) => names(condition) || actions.some(names)),
  };
}

/** One session with its channels and rules, its maps and triggers. */
export function sessionText(
  session: Session,
  usage: SessionUsage,
  { maps, triggers }: MapsAndTriggers = { maps: [], triggers: [] },
): string {
  const { name, output, rotation, trackers } = session;
  let text = `Recording session ${name}: ${stateOf(session)}\n`;
  if (output !== undefined) text += `    Trace output: ${outputText(output)}\n\n`;
  if (rotation.periodUs !== undefined || rotation.sizeBytes !== undefined) {
    text += 'Automatic rotation schedules:\n';
    if (rotation.periodUs !== undefined) text += `    timer period: ${rotation.periodUs} us\n`;
    if (rotation.sizeBytes !== undefined) text += `    size threshold: ${rotation.sizeBytes} bytes\n`;
    text += '\n';
  }
  for (const { id, name: outputName, output: place } of session.snapshotOutputs) {
    text += `Snapshot output [${id}] ${outputName}: ${outputText(place)}\n`;
  }
  const shown = (['kernel', 'user'] as const).filter(
    (domain) => trackers[domain].length > 0 || session.channels.some((channel) => channel.domain === domain),
  );
  for (const domain of shown) {
    text += `=== Domain: ${domainTitles[domain]} ===\n\nBuffering scheme: ${domain === 'user' ? 'per-process' : 'global'}\n\n`;
    text += trackersText(domain, trackers[domain]);
    const channels = session.channels.filter((channel) => channel.domain === domain);
    if (channels.length === 0) continue;
    text += 'Channels:\n-------------\n';
    for (const channel of channels) text += channelText(channel, session, usage);
  }
  const counters = countersText(usage.counters);
  if (counters !== '')
    text += `Counters of the programs:\n-------------\n${counters.replace(/^(?=.)/gm, '  ')}\n`;
  if (maps.length > 0) {
    const lines = maps.map(
      ({ name: map, ownership, valueType, maxKeys }) =>
        `  - ${map}: ${valueType}, at most ${maxKeys} keys of each ${ownership}\n`,
    );
    text += `Counter maps:\n-------------\n${lines.join('')}\n`;
  }
  if (triggers.length > 0) {
    const lines = triggers.map(
      ({ name: trigger, condition, actions }) =>
        `  - ${trigger}: ${condition.kind.replaceAll('-', ' ')}, ${actions.map(({ kind }) => kind.replaceAll('-', ' ')).join(', ')}\n`,
    );
    text += `Triggers:\n-------------\n${lines.join('')}\n`;
  }
  if (usage.troubles.length > 0) {
    text += `Troubles:\n${usage.troubles.map((line) => `  ${line}\n`).join('')}`;
  }
  return text;
}

function trackersText(domain: Domain, trackers: readonly ProcessTracker[]): string {
  const usual = shownAttributes[domain];
  // Others where they are tracked.
  const others = trackers.map(({ attribute }) => attribute).filter((attribute) => !usual.includes(attribute));
  const width = Math.max(...usual.map((attribute) => attributeTitles[attribute].length)) + 1;
  const lines = [...usual, ...others].map((attribute) => {
    const own = trackers.find((tracker) => tracker.attribute === attribute);
    return `  ${`${attributeTitles[attribute]}:`.padEnd(width)}  ${valuesText(own)}\n`;
  });
  return `Tracked process attributes\n${lines.join('')}\n`;
}

function valuesText(tracker: ProcessTracker | undefined): string {
  if (tracker === undefined) return 'all';
  return tracker.values.length === 0 ? 'none' : tracker.values.join(', ');
}

const timer = (us: number): string => (us === 0 ? 'inactive' : `${us} us`);

/** What a channel of the kernel records beside what its rings hold. */
function sourcesText(channel: Channel): readonly (readonly [string, string])[] {
  const { kernelLog, counters = [], countersIntervalMs = 100, syscallStrings } = channel;
  const all = [
    ...(kernelLog === true ? ['kmsg'] : []),
    ...(counters.length === 0 ? [] : [`counters ${counters.join(', ')} (every ${countersIntervalMs} ms)`]),
    ...(syscallStrings === true ? ['syscall strings'] : []),
  ];
  return all.length === 0 ? [] : [['Records as well', all.join('; ')]];
}

function channelText(channel: Channel, session: Session, usage: SessionUsage): string {
  const isDiscarding = channel.lossMode === 'discard';
  const { blockingTimeoutUs: blocking, traceFileCount: count, traceFileSizeBytes: size } = channel;
  const attributes: readonly (readonly [string, string])[] = [
    ['Event-loss mode', channel.lossMode],
    ['Sub-buffer size', `${channel.subBufferSizeBytes} bytes`],
    ['Sub-buffer count', String(channel.subBufferCount)],
    ['Switch timer', timer(channel.switchTimerUs)],
    ['Read timer', timer(channel.readTimerUs)],
    ['Monitor timer', timer(channel.monitorTimerUs)],
    ...(isDiscarding && channel.domain === 'user'
      ? [['Blocking timeout', blocking < 0 ? 'infinite' : `${blocking} us`] as const]
      : []),
    ['Trace file count', count === 0 ? '1 per stream' : `${count} per stream`],
    ['Trace file size', size === 0 ? 'unlimited' : `${size} bytes`],
    ['Output mode', 'mmap'],
    ...(channel.rawPages === true
      ? [['Pages', 'kept raw until a trace chunk ends or recording stops'] as const]
      : []),
    ...sourcesText(channel),
    ...(channel.contexts.length === 0 ? [] : [['Contexts', channel.contexts.join(', ')] as const]),
  ];
  const own = usage.channels.filter((row) => row.channel === channel.name && row.domain === channel.domain);
  const ended = endedDiscardedOf(channel, usage);
  const rules = channel.rules.map(
    ({ rule, isEnabled }) => `      ${ruleText(rule)} [${isEnabled ? 'enabled' : 'disabled'}]\n`,
  );
  return (
    `- ${channel.name}: [${channel.isEnabled ? 'enabled' : 'disabled'}]\n\n` +
    `    Attributes:\n${attributes.map(([title, value]) => `      ${`${title}:`.padEnd(17)} ${value}\n`).join('')}\n` +
    `    Statistics:\n${statisticsText(own, isDiscarding && session.mode !== 'snapshot' ? ended : undefined)}\n` +
    `    Recording event rules:\n${rules.length === 0 ? '      None\n' : rules.join('')}\n`
  );
}

/** @param endedCount events that were discarded in rings that are over; undefined where none are. */
function statisticsText(rows: readonly ChannelUsage[], endedCount: number | undefined): string {
  const sum = (pick: (row: ChannelUsage) => number): number => rows.reduce((all, row) => all + pick(row), 0);
  const used = sum((row) => row.usedBytes);
  const capacity = sum((row) => row.capacityBytes);
  const lines =
    endedCount === undefined
      ? []
      : [`      Discarded events: ${endedCount + sum((row) => row.discardedCount)}\n`];
  if (rows.length > 0) {
    const share = capacity === 0 ? 0 : Math.round((used / capacity) * 100);
    lines.push(
      `      Ring buffers:     ${sum((row) => row.ringCount)}, ${share} % of ${capacity} bytes in use\n`,
    );
  }
  return lines.length === 0 ? '      None\n' : lines.join('');
}

/** A rule as LTTng prints it. */
function ruleText(rule: EventRule): string {
  const filter = rule.filter === undefined ? '' : ` [filter: '${rule.filter}']`;
  switch (rule.kind) {
    case 'user-tracepoint': {
      const { logLevel, exclude = [] } = rule;
      const level =
        logLevel === undefined
          ? ''
          : ` (loglevel${logLevel.kind === 'only' ? ' ==' : ' <='} ${logLevel.level})`;
      const exclusions = exclude.length === 0 ? '' : ` [exclusions: ${exclude.join(', ')}]`;
      return `${rule.name}${level} (type: tracepoint)${filter}${exclusions}`;
    }
    case 'kernel-tracepoint':
      return `${rule.name} (type: tracepoint)${filter}`;
    case 'kernel-syscall':
      return `${rule.name} (type:syscall:${rule.site})${filter}`;
    case 'kernel-kprobe':
      return `${rule.name} (type: probe) ${rule.location}${filter}`;
    case 'kernel-function':
      return `${rule.name} (type: function) ${rule.location}${filter}`;
    case 'kernel-uprobe':
      return `${rule.name} (type: userspace-probe) ${rule.location}${filter}`;
    default:
      return rule satisfies never;
  }
}
