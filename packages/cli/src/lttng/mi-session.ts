/** Sessions in LTTng's machine interface. */
import type {
  Channel,
  ChannelAttributes,
  Domain,
  EventRule,
  LogLevelRule,
  ProcessTracker,
  RecordingRule,
  RotateResult,
  RotationSchedule,
  Session,
  SessionUsage,
  SnapshotOutput,
  TrackedAttribute,
} from '@spoor/control';
import { endedDiscardedOf } from '../control/ended-discarded.ts';
import { domainsOf } from '@spoor/control';
import { LOG_LEVELS } from '@spoor/tracer/names';
import { outputText } from '../control/output-url.ts';
import {
  BUFFER_TYPES,
  DOMAIN_TYPES,
  LTTNG_ATTRIBUTES,
  eventType,
  kernelPlace,
  lttngContext,
} from './names.ts';
import { element, type XmlElement } from './xml.ts';

/** What `live_timer_interval` is of a channel whose session is not known, in LTTng's own documents too. */
const NO_LIVE_TIMER = 4_294_967_295;

/** `sessions`, which most commands answer. */
export function sessionsElement(sessions: readonly XmlElement[]): XmlElement {
  return element('sessions', sessions);
}

/** A session by its name alone, and whether it records. */
export function sessionState(name: string, isActive?: boolean): XmlElement {
  return element('session', [
    element('name', name),
    isActive === undefined ? undefined : element('enabled', isActive),
  ]);
}

/** A session; with its domains where `domains` says how. */
export function sessionElement(
  session: Session,
  domains?: (session: Session) => XmlElement | undefined,
): XmlElement {
  const { name, output, isActive, mode, liveTimerUs, rotation } = session;
  return element('session', [
    element('name', name),
    element('path', output === undefined ? '' : outputText(output)),
    element('enabled', isActive),
    element('snapshot_mode', mode === 'snapshot' ? 1 : 0),
    element('live_timer_interval', liveTimerUs ?? 0),
    ...(domains === undefined ? [] : [rotationSchedules(rotation), domains(session)]),
  ]);
}

function rotationSchedules({ periodUs, sizeBytes }: RotationSchedule): XmlElement | undefined {
  if (periodUs === undefined && sizeBytes === undefined) return undefined;
  return element('rotation_schedules', [
    periodUs === undefined ? undefined : periodicSchedule(periodUs),
    sizeBytes === undefined ? undefined : sizeSchedule(sizeBytes),
  ]);
}

/** A rotation by time; without a period where none is known. */
export function periodicSchedule(periodUs?: number): XmlElement {
  return element('periodic', periodUs === undefined ? [] : [element('time_us', periodUs)]);
}

/** A rotation by size; without a size where none is known. */
export function sizeSchedule(sizeBytes?: number): XmlElement {
  return element('size_threshold', sizeBytes === undefined ? [] : [element('bytes', sizeBytes)]);
}

/** The domains of a session by their names alone. */
export function domainNames(session: Session): XmlElement {
  return element(
    'domains',
    domainsOf(session).map((domain) => domainElement(domain)),
  );
}

/** The domains of a session with channels, rules and trackers. */
export function domainsWithChannels(usage: SessionUsage): (session: Session) => XmlElement {
  return (session) =>
    element(
      'domains',
      trackedDomains(session).map((domain) =>
        domainElement(domain, [
          trackersElement(session.trackers[domain]),
          element(
            'channels',
            session.channels
              .filter((channel) => channel.domain === domain)
              .map((channel) => channelOf(session, channel, usage)),
          ),
        ]),
      ),
    );
}

function trackedDomains(session: Session): readonly Domain[] {
  const withChannels = domainsOf(session);
  return (['kernel', 'user'] as const).filter(
    (domain) => withChannels.includes(domain) || session.trackers[domain].length > 0,
  );
}

/** A domain. */
export function domainElement(domain: Domain, content: readonly XmlElement[] = []): XmlElement {
  return element('domain', [
    element('type', DOMAIN_TYPES[domain]),
    element('buffer_type', BUFFER_TYPES[domain]),
    ...content,
  ]);
}

function channelOf(session: Session, channel: Channel, usage: SessionUsage): XmlElement {
  const discarded = usage.channels
    .filter((row) => row.channel === channel.name && row.domain === channel.domain)
    .reduce((sum, row) => sum + row.discardedCount, endedDiscardedOf(channel, usage));
  return channelElement(channel.name, channel.isEnabled, {
    attributes: attributesElement(channel, session.liveTimerUs ?? 0, discarded),
    events: channel.rules.map((rule) => eventElement(rule)),
  });
}

/** What more is told of a channel. */
export interface ChannelDetails {
  readonly attributes?: XmlElement;
  readonly events?: readonly XmlElement[];
  /** Whether what was asked for was done to it. */
  readonly isSuccess?: boolean;
}

/** A channel. */
export function channelElement(name: string, isEnabled: boolean, details: ChannelDetails): XmlElement {
  const { attributes, events, isSuccess } = details;
  return element('channel', [
    element('name', name),
    element('enabled', isEnabled),
    attributes,
    events === undefined ? undefined : element('events', events),
    isSuccess === undefined ? undefined : element('success', isSuccess),
  ]);
}

/** Sizes and timers of a channel. */
export function attributesElement(
  channel: ChannelAttributes,
  liveTimerUs: number = NO_LIVE_TIMER,
  discardedCount = 0,
): XmlElement {
  return element('attributes', [
    element('overwrite_mode', channel.lossMode.toUpperCase()),
    element('subbuffer_size', channel.subBufferSizeBytes),
    element('subbuffer_count', channel.subBufferCount),
    element('switch_timer_interval', channel.switchTimerUs),
    element('read_timer_interval', channel.readTimerUs),
    element('monitor_timer_interval', channel.monitorTimerUs),
    element('blocking_timeout', channel.blockingTimeoutUs),
    element('output_type', 'MMAP'),
    element('tracefile_size', channel.traceFileSizeBytes),
    element('tracefile_count', channel.traceFileCount),
    element('live_timer_interval', liveTimerUs),
    element('discarded_events', discardedCount),
    // What is overwritten is gone on purpose: no packet is lost on the way to the trace.
    element('lost_packets', 0),
  ]);
}

/** An event rule; `isSuccess` where something was to be done with it. */
export function eventElement({ rule, isEnabled }: RecordingRule, isSuccess?: boolean): XmlElement {
  return element('event', [
    element('name', rule.name),
    element('type', eventType(rule)),
    element('enabled', isEnabled),
    rule.filter === undefined ? undefined : element('filter_expression', rule.filter),
    ...detailsOf(rule),
    isSuccess === undefined ? undefined : element('success', isSuccess),
  ]);
}

function detailsOf(rule: EventRule): readonly XmlElement[] {
  switch (rule.kind) {
    case 'user-tracepoint':
      return [
        ...levelElements(rule.logLevel),
        element(
          'exclusions',
          (rule.exclude ?? []).map((name) => element('exclusion', name)),
        ),
      ];
    case 'kernel-tracepoint':
      return [element('exclusions')];
    case 'kernel-kprobe':
      return [element('attributes', [element('probe_attributes', probePlace(rule.location))])];
    case 'kernel-function': {
      const place = kernelPlace(rule.location);
      const symbol = 'symbol' in place ? place.symbol : place.address;
      return [element('attributes', [element('function_attributes', [element('symbol_name', symbol)])])];
    }
    // Of system calls there is no more to say; the schema has no place for that of a probe in a program.
    case 'kernel-syscall':
    case 'kernel-uprobe':
      return [];
    default:
      return rule satisfies never;
  }
}

function levelElements(logLevel: LogLevelRule | undefined): readonly XmlElement[] {
  if (logLevel === undefined) return [];
  const [name = 'unknown'] = Object.entries(LOG_LEVELS).find(([, level]) => level === logLevel.level) ?? [];
  return [
    element('loglevel', `TRACE_${name.toUpperCase()}`),
    element('loglevel_type', logLevel.kind === 'only' ? 'SINGLE' : 'RANGE'),
  ];
}

function probePlace(location: string): readonly XmlElement[] {
  const place = kernelPlace(location);
  return 'address' in place
    ? [element('address', place.address)]
    : [element('offset', place.offset), element('symbol_name', place.symbol)];
}

function trackersElement(trackers: readonly ProcessTracker[]): XmlElement {
  const known = LTTNG_ATTRIBUTES.flatMap((attribute) =>
    trackers.filter((own) => own.attribute === attribute),
  );
  return element(
    'process_attr_trackers',
    known.map(({ attribute, values }) =>
      trackerElement(
        attribute,
        values.map((value) => trackedValue(attribute, value)),
      ),
    ),
  );
}

/** The values of one attribute of processes. */
export function trackerElement(attribute: TrackedAttribute, values: readonly XmlElement[]): XmlElement {
  return element(`${attribute}_process_attr_tracker`, [element('process_attr_values', values)]);
}

/** One value, or all; `isSuccess` where it was to be tracked, or no longer. */
export function trackedValue(
  attribute: TrackedAttribute,
  value: number | string,
  isSuccess?: boolean,
): XmlElement {
  const type =
    value === 'all'
      ? element('all', true)
      : typeof value === 'number'
        ? element('id', value)
        : element('name', value);
  return element(attribute, [
    element('type', [type]),
    isSuccess === undefined ? undefined : element('success', isSuccess),
  ]);
}

/** A context field; undefined for one that LTTng has not. */
export function contextElement(name: string): XmlElement | undefined {
  const context = lttngContext(name);
  if (context === undefined) return undefined;
  const symbol = element('symbol', name);
  switch (context.kind) {
    case 'type':
      return element('context', [element('type', context.type), symbol]);
    case 'perf': {
      const parts = [
        element('type', context.type),
        element('config', context.config),
        element('name', context.name),
      ];
      return element('context', [element('perf', parts), symbol]);
    }
    case 'app': {
      const parts = [element('provider_name', context.provider), element('ctx_name', context.name)];
      return element('context', [element('app', parts), symbol]);
    }
    default:
      return context satisfies never;
  }
}

/** What came of a rotation. */
export function rotationElement(session: string, { state, path }: RotateResult): XmlElement {
  const isDone = state === 'archived';
  return element('rotation', [
    element('session_name', session),
    element('state', isDone ? 'COMPLETED' : 'ONGOING'),
    isDone ? element('location', [element('local', [element('absolute_path', path)])]) : undefined,
  ]);
}

/** A place for snapshots; LTTng shows a directory as it is when it lists them, and as a URL when one is added. */
export function snapshotElement(
  { id, name, output, maxSizeBytes }: SnapshotOutput,
  addedTo?: string,
): XmlElement {
  const place = outputText(output);
  const url = addedTo !== undefined && output.kind === 'local' ? `file://${place}` : place;
  return element('snapshot', [
    element('id', id),
    element('name', name),
    element('ctrl_url', url),
    addedTo === undefined ? element('data_url', '') : element('session_name', addedTo),
    element('max_size', maxSizeBytes ?? 0),
  ]);
}
