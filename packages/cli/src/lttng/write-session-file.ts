/** Writes session files of LTTng, which `lttng load` takes. What LTTng has no place for is left out and told. */
import { isReturnPlace, plainPlace } from './program-place.ts';
import {
  type Channel,
  type Domain,
  type EventRule,
  type Output,
  type ProcessTracker,
  type RecordingRule,
  type RotationSchedule,
  type SavedSession,
  domainsOf,
  nextPowerOfTwo,
} from '@spoor/control';
import {
  BUFFER_TYPES,
  DOMAIN_TYPES,
  LTTNG_ATTRIBUTES,
  eventType,
  kernelPlace,
  lttngContext,
} from './names.ts';
import { element, xmlDocument, type XmlElement } from './xml.ts';

/** A session file, and what could not be said in it. */
export interface WrittenSession {
  readonly text: string;
  /** A line for each thing that is left out or changed. */
  readonly warnings: readonly string[];
}

/** Makes the text of a session file. */
export function writeSessionFile(session: SavedSession): WrittenSession {
  const warnings: string[] = [];
  const tell = (what: string): void => void warnings.push(`session ${session.name}: ${what}`);
  const root = element('sessions', [sessionElement(session, tell)]);
  return { text: xmlDocument(root, '\t'), warnings };
}

type Tell = (what: string) => void;

function sessionElement(session: SavedSession, tell: Tell): XmlElement {
  const { name, mode, isActive, shmPath, liveTimerUs, rotation, trackers, snapshotOutputs } = session;
  const { maps = [], triggers = [] } = session;
  if (!session.automaticEvents) tell('LTTng has no automatic events: --no-auto is left out');
  for (const map of maps) tell(`counter map ${map.name} is left out: session files of LTTng have none`);
  for (const trigger of triggers) {
    tell(`trigger ${trigger.name} is left out: session files of LTTng have none`);
  }
  const domains = (['kernel', 'user'] as const).filter(
    (domain) => domainsOf(session).includes(domain) || trackers[domain].length > 0,
  );
  const attributes = [
    mode === 'snapshot' ? element('snapshot_mode', true) : undefined,
    mode === 'live' ? element('live_timer_interval', liveTimerUs ?? 0) : undefined,
    rotationElement(rotation),
  ].filter((part) => part !== undefined);
  const outputs = snapshotOutputs.map((own) =>
    element('output', [
      element('name', own.name),
      element('max_size', own.maxSizeBytes ?? 0),
      consumerOutput(own.output),
    ]),
  );
  return element('session', [
    element('name', name),
    shmPath === undefined ? undefined : element('shared_memory_path', shmPath),
    domains.length === 0
      ? undefined
      : element(
          'domains',
          domains.map((domain) => domainElement(session, domain, tell)),
        ),
    element('started', isActive),
    attributes.length === 0 ? undefined : element('attributes', attributes),
    element('output', [
      mode === 'snapshot' ? element('snapshot_outputs', outputs) : consumerOutput(session.output),
    ]),
  ]);
}

function rotationElement({ periodUs, sizeBytes }: RotationSchedule): XmlElement | undefined {
  if (periodUs === undefined && sizeBytes === undefined) return undefined;
  return element('rotation_schedules', [
    periodUs === undefined ? undefined : element('periodic', [element('time_us', periodUs)]),
    sizeBytes === undefined ? undefined : element('size_threshold', [element('bytes', sizeBytes)]),
  ]);
}

function consumerOutput(output: Output | undefined): XmlElement {
  return element('consumer_output', [
    element('enabled', true),
    element('destination', [destination(output)]),
  ]);
}

function destination(output: Output | undefined): XmlElement {
  if (output === undefined) return element('path', '');
  if (output.kind === 'local') return element('path', output.path);
  const { protocol, host, tracePath } = output;
  const shown = host.includes(':') ? `[${host}]` : host;
  const uri = (port: number): string =>
    `${protocol.replace('net', 'tcp')}://${shown}:${port}/${tracePath ?? ''}`;
  return element('net_output', [
    element('control_uri', uri(output.controlPort)),
    element('data_uri', uri(output.dataPort)),
  ]);
}

function domainElement(session: SavedSession, domain: Domain, tell: Tell): XmlElement {
  const channels = session.channels.filter((channel) => channel.domain === domain);
  return element('domain', [
    element('type', DOMAIN_TYPES[domain]),
    element('buffer_type', BUFFER_TYPES[domain]),
    element(
      'channels',
      channels.map((channel) => channelElement(channel, tell)),
    ),
    element('process_attr_trackers', trackerElements(session.trackers[domain], tell)),
  ]);
}

/** LTTng takes powers of two alone. */
function powerOfTwo(value: number, what: string, tell: Tell): number {
  const rounded = nextPowerOfTwo(value);
  if (rounded !== value) tell(`${what} is ${rounded}, not ${value}: LTTng takes powers of two alone`);
  return rounded;
}

function channelElement(channel: Channel, tell: Tell): XmlElement {
  const { name } = channel;
  const contexts = channel.contexts.flatMap((context) => {
    const own = contextElement(context);
    if (own === undefined)
      tell(`the context ${context} of channel ${name} is left out: LTTng has none of it`);
    return own ?? [];
  });
  if (channel.kernelLog ?? channel.syscallStrings ?? channel.counters) {
    tell(`log, counters and texts of system calls of channel ${name} are left out: LTTng has none of them`);
  }
  if (channel.rawPages === true) {
    tell(`channel ${name} is written without raw pages: LTTng has none of them`);
  }
  const size = powerOfTwo(channel.subBufferSizeBytes, `the sub-buffer size of channel ${name}`, tell);
  const { traceFileSizeBytes } = channel;
  return element('channel', [
    element('name', name),
    element('enabled', channel.isEnabled),
    element('overwrite_mode', channel.lossMode.toUpperCase()),
    element('subbuffer_size', size),
    element(
      'subbuffer_count',
      powerOfTwo(channel.subBufferCount, `the number of sub-buffers of channel ${name}`, tell),
    ),
    element('switch_timer_interval', channel.switchTimerUs),
    element('read_timer_interval', channel.readTimerUs),
    element('output_type', 'MMAP'),
    element('blocking_timeout', channel.blockingTimeoutUs),
    element('monitor_timer_interval', channel.monitorTimerUs),
    // A trace file of LTTng has room for one packet at least.
    element('tracefile_size', traceFileSizeBytes === 0 ? 0 : Math.max(traceFileSizeBytes, size)),
    element('tracefile_count', channel.traceFileCount),
    element('live_timer_interval', 0),
    element(
      'events',
      channel.rules.map((rule) => eventElement(rule, name, tell)),
    ),
    element('contexts', contexts),
  ]);
}

function contextElement(name: string): XmlElement | undefined {
  const context = lttngContext(name);
  if (context === undefined) return undefined;
  switch (context.kind) {
    case 'type':
      return element('context', [element('type', context.type)]);
    case 'perf':
      return element('context', [
        element('perf', [
          element('type', context.type),
          element('config', context.config),
          element('name', context.name),
        ]),
      ]);
    case 'app':
      return element('context', [
        element('app', [element('provider_name', context.provider), element('ctx_name', context.name)]),
      ]);
    default:
      return context satisfies never;
  }
}

function eventElement({ rule, isEnabled }: RecordingRule, channel: string, tell: Tell): XmlElement {
  if (rule.kind === 'kernel-syscall' && rule.site !== 'entry+exit') {
    const both = `LTTng's files cannot say ${rule.site} alone`;
    tell(`the rule ${rule.name} of channel ${channel} is for entry and exit of system calls: ${both}`);
  }
  if (rule.kind === 'kernel-uprobe' && plainPlace(rule.location) !== rule.location) {
    const what = isReturnPlace(rule.location) ? 'returns and values' : 'values';
    tell(`the rule ${rule.name} of channel ${channel} is the place alone: LTTng's probes have no ${what}`);
  }
  const logLevel = rule.kind === 'user-tracepoint' ? rule.logLevel : undefined;
  const exclude = rule.kind === 'user-tracepoint' ? (rule.exclude ?? []) : [];
  const levelType = logLevel?.kind === 'only' ? 'SINGLE' : 'RANGE';
  return element('event', [
    element('name', rule.name),
    element('enabled', isEnabled),
    element('type', eventType(rule)),
    element('loglevel_type', logLevel === undefined ? 'ALL' : levelType),
    logLevel && element('loglevel', logLevel.level),
    rule.filter === undefined ? undefined : element('filter', rule.filter),
    exclude.length === 0
      ? undefined
      : element(
          'exclusions',
          exclude.map((name) => element('exclusion', name)),
        ),
    placeElement(rule),
  ]);
}

function placeElement(rule: EventRule): XmlElement | undefined {
  switch (rule.kind) {
    case 'user-tracepoint':
    case 'kernel-tracepoint':
    case 'kernel-syscall':
      return undefined;
    case 'kernel-kprobe':
    case 'kernel-function': {
      const place = kernelPlace(rule.location);
      const parts =
        'address' in place
          ? [element('address', place.address)]
          : [element('symbol_name', place.symbol), element('offset', place.offset)];
      return element('attributes', [element('probe_attributes', parts)]);
    }
    case 'kernel-uprobe':
      return element('attributes', [programPlace(rule.location)]);
    default:
      return rule satisfies never;
  }
}

function programPlace(location: string): XmlElement {
  const [, method = 'elf', place = ''] = /^(?:(elf|sdt):)?(.*)$/s.exec(plainPlace(location)) ?? [];
  const parts = place.split(':');
  if (method === 'sdt') {
    return element('userspace_probe_tracepoint_attributes', [
      element('lookup_method', 'SDT'),
      element('binary_path', parts[0] ?? ''),
      element('provider_name', parts[1] ?? ''),
      element('probe_name', parts[2] ?? ''),
    ]);
  }
  return element('userspace_probe_function_attributes', [
    element('lookup_method', 'ELF'),
    element('binary_path', parts[0] ?? ''),
    element('function_name', parts[1] ?? ''),
  ]);
}

function trackerElements(trackers: readonly ProcessTracker[], tell: Tell): readonly XmlElement[] {
  if (trackers.some(({ attribute }) => attribute === 'cgroup')) {
    tell('the tracker of control groups is left out: LTTng has none');
  }
  if (trackers.some(({ attribute }) => attribute === 'pid_ns')) {
    tell('the tracker of PID namespaces is left out: LTTng has none');
  }
  return LTTNG_ATTRIBUTES.flatMap((attribute) => trackers.filter((own) => own.attribute === attribute)).map(
    ({ attribute, values }) =>
      element(`${attribute}_process_attr_tracker`, [
        element(
          'process_attr_values',
          values.map((value) =>
            element(attribute, [element(typeof value === 'number' ? 'id' : 'name', value)]),
          ),
        ),
      ]),
  );
}
