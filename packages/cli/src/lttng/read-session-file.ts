/**
 * Reads session files of LTTng (`lttng save`, up to 2.16; their schema is `session.xsd`). All that is not in the schema is
 * an error with its place; what is in it but has no meaning here is told as a warning.
 */
import type {
  Channel,
  ChannelAttributes,
  Domain,
  Output,
  ProcessTracker,
  RecordingRule,
  RotationSchedule,
  SavedSession,
  SessionMode,
  SnapshotOutput,
  TrackedAttribute,
} from '@spoor/control';
import { CHANNEL_DEFAULTS } from '@spoor/control';
import { isContextName } from '@spoor/tracer/names';
import { outputOfOptions, readOutput } from '../control/output-url.ts';
import { LTTNG_ATTRIBUTES, contextName } from './names.ts';
import { readRules } from './read-session-rules.ts';
import { FileElement } from './session-file-elements.ts';
import { atNode, readXml, type XmlNode } from './xml-tree.ts';

/** What a session file has. */
export interface SessionFile {
  readonly sessions: readonly SavedSession[];
  /** What of it is left out, a line each. */
  readonly warnings: readonly string[];
}

const domainTypes = ['KERNEL', 'UST', 'JUL', 'LOG4J', 'LOG4J2', 'PYTHON'] as const;

/**
 * Reads the text of a session file.
 * @param file how it is called in errors.
 * @throws SpoorError `lttng/malformed-xml`, `lttng/session-file`, with line and column.
 */
export function readSessionFile(text: string, file: string): SessionFile {
  const root = readXml(text, file);
  if (root.name !== 'sessions') {
    throw atNode(file, root, `a session file begins with <sessions>, this one with <${root.name}>`);
  }
  const warnings: string[] = [];
  const all = new FileElement(file, { ...root, children: [] }, []);
  const sessions = all.items(root, 'session').map((node) => {
    const session = all.of(node, [
      'name',
      'shared_memory_path',
      'domains',
      'started',
      'attributes',
      'output',
      'trace_format',
      'creation_time',
    ]);
    return new SessionReader(session, warnings).read();
  });
  if (sessions.length === 0) throw atNode(file, root, 'the file has no session');
  return { sessions, warnings: [...new Set(warnings)] };
}

class SessionReader {
  readonly #session: FileElement;
  readonly #name: string;
  readonly #warnings: string[];

  constructor(session: FileElement, warnings: string[]) {
    this.#session = session;
    this.#name = session.needed('name');
    this.#warnings = warnings;
  }

  read(): SavedSession {
    const session = this.#session;
    const attributes = session.inner('attributes', [
      'snapshot_mode',
      'live_timer_interval',
      'rotation_schedules',
    ]);
    const liveTimerUs = attributes?.count('live_timer_interval') ?? 0;
    const isSnapshot = attributes?.truth('snapshot_mode') ?? false;
    const shmPath = session.text('shared_memory_path');
    const outputs = session.inner('output', ['snapshot_outputs', 'consumer_output']);
    const output = isSnapshot ? undefined : this.#consumerOutput(outputs);
    const channels: Channel[] = [];
    const trackers: Record<Domain, ProcessTracker[]> = { kernel: [], user: [] };
    for (const node of session.list('domains', 'domain')) this.#domain(node, channels, trackers);
    return {
      name: this.#name,
      mode: modeOf(isSnapshot, liveTimerUs, output),
      isActive: session.truth('started') ?? false,
      ...(output === undefined ? {} : { output }),
      ...(shmPath === undefined || shmPath === '' ? {} : { shmPath }),
      ...(liveTimerUs === 0 ? {} : { liveTimerUs }),
      automaticEvents: true,
      channels,
      snapshotOutputs: this.#snapshotOutputs(outputs),
      rotation: rotationOf(attributes),
      trackers,
    };
  }

  #warn(what: string): void {
    this.#warnings.push(`session ${this.#name}: ${what}`);
  }

  #consumerOutput(parent: FileElement | undefined): Output | undefined {
    const output = parent?.inner('consumer_output', ['enabled', 'destination']);
    if (output === undefined || output.truth('enabled') === false) return undefined;
    const destination = output.inner('destination', ['path', 'net_output']);
    const network = destination?.inner('net_output', ['control_uri', 'data_uri']);
    try {
      if (network !== undefined) {
        return outputOfOptions({
          ctrlUrl: network.needed('control_uri'),
          dataUrl: network.needed('data_uri'),
        });
      }
      const path = destination?.text('path') ?? '';
      if (path !== '' && !path.startsWith('/') && !path.startsWith('file://')) {
        throw output.wrong(`the output ${JSON.stringify(path)} is no absolute path`);
      }
      // A session without output has an empty path.
      return path === '' ? undefined : readOutput(path);
    } catch (error) {
      const isPlaced = error instanceof Error && 'code' in error && error.code === 'lttng/session-file';
      if (isPlaced) throw error;
      throw output.wrong(error instanceof Error ? error.message : String(error));
    }
  }

  #snapshotOutputs(parent: FileElement | undefined): readonly SnapshotOutput[] {
    if (parent === undefined) return [];
    return parent.list('snapshot_outputs', 'output').flatMap((node, index) => {
      const element = parent.of(node, ['name', 'max_size', 'consumer_output']);
      const output = this.#consumerOutput(element);
      if (output === undefined) return [];
      const maxSizeBytes = element.count('max_size') ?? 0;
      const name = element.text('name') ?? '';
      return [
        {
          id: index + 1,
          name: name === '' ? `snapshot-${index + 1}` : name,
          output,
          ...(maxSizeBytes === 0 ? {} : { maxSizeBytes }),
        },
      ];
    });
  }

  #domain(node: XmlNode, channels: Channel[], trackers: Record<Domain, ProcessTracker[]>): void {
    const element = this.#session.of(node, [
      'type',
      'buffer_type',
      'channels',
      'process_attr_trackers',
      'trackers',
    ]);
    element.needed('type');
    const type = element.word('type', domainTypes);
    const nodes = element.list('channels', 'channel');
    if (type !== 'KERNEL' && type !== 'UST') {
      if (nodes.length > 0) this.#warn(`the domain ${type} is left out: there are no loggers of that kind`);
      return;
    }
    const buffers = element.word('buffer_type', ['PER_PID', 'PER_UID', 'GLOBAL']);
    if (buffers === 'PER_UID' && nodes.length > 0) {
      this.#warn('ring buffers of a user become those of processes and threads');
    }
    const domain = type === 'KERNEL' ? 'kernel' : 'user';
    for (const channel of nodes) channels.push(this.#channel(channel, domain));
    trackers[domain].push(...trackersOf(element, domain));
  }

  #channel(node: XmlNode, domain: Domain): Channel {
    const element = this.#session.of(node, [
      'name',
      'enabled',
      'overwrite_mode',
      'subbuffer_size',
      'subbuffer_count',
      'switch_timer_interval',
      'read_timer_interval',
      'blocking_timeout',
      'output_type',
      'tracefile_size',
      'tracefile_count',
      'live_timer_interval',
      'events',
      'contexts',
      'monitor_timer_interval',
      'watchdog_timer_interval',
      'allocation_policy',
      'preallocation_policy',
      'automatic_memory_reclamation_maximal_age',
    ]);
    element.word('output_type', ['SPLICE', 'MMAP']);
    const contexts = element.list('contexts', 'context').flatMap((context) => {
      const name = this.#context(element.of(context, ['type', 'perf', 'app']));
      if (name !== undefined && (domain === 'kernel' || isContextName(name))) return [name];
      this.#warn(`the context ${name ?? 'of an unknown kind'} is left out: programs have none of it`);
      return [];
    });
    const rules: RecordingRule[] = element
      .list('events', 'event')
      .flatMap((event) => readRules(element, event, domain));
    return {
      name: element.needed('name'),
      domain,
      isEnabled: element.truth('enabled') ?? true,
      ...channelAttributes(element, domain),
      contexts: [...new Set(contexts)],
      rules,
    };
  }

  #context(element: FileElement): string | undefined {
    const app = element.inner('app', ['provider_name', 'ctx_name']);
    if (app !== undefined) {
      return contextName({
        kind: 'app',
        provider: app.needed('provider_name'),
        name: app.needed('ctx_name'),
      });
    }
    const perf = element.inner('perf', ['type', 'config', 'name']);
    if (perf !== undefined) {
      const type = perf.count('type') ?? 0;
      return contextName({
        kind: 'perf',
        type,
        config: perf.count('config') ?? 0,
        name: perf.needed('name'),
      });
    }
    return contextName({ kind: 'type', type: element.needed('type') });
  }
}

function modeOf(isSnapshot: boolean, liveTimerUs: number, output: Output | undefined): SessionMode {
  if (isSnapshot) return 'snapshot';
  if (liveTimerUs > 0) return 'live';
  if (output === undefined) return 'no-output';
  return output.kind;
}

function rotationOf(attributes: FileElement | undefined): RotationSchedule {
  const schedules: { periodUs?: number; sizeBytes?: number } = {};
  for (const node of attributes?.list('rotation_schedules', 'periodic', 'size_threshold') ?? []) {
    if (node.name === 'periodic') {
      const periodUs = attributes!.of(node, ['time_us']).count('time_us', 1);
      if (periodUs !== undefined) schedules.periodUs = periodUs;
    } else {
      const sizeBytes = attributes!.of(node, ['bytes']).count('bytes', 1);
      if (sizeBytes !== undefined) schedules.sizeBytes = sizeBytes;
    }
  }
  return schedules;
}

function channelAttributes(element: FileElement, domain: Domain): ChannelAttributes {
  const usual = CHANNEL_DEFAULTS[domain];
  const mode = element.word('overwrite_mode', ['DISCARD', 'OVERWRITE']);
  return {
    lossMode: mode === 'OVERWRITE' ? 'overwrite' : 'discard',
    subBufferSizeBytes: element.count('subbuffer_size', 1) ?? usual.subBufferSizeBytes,
    subBufferCount: element.count('subbuffer_count', 1) ?? usual.subBufferCount,
    blockingTimeoutUs: element.count('blocking_timeout', -1) ?? 0,
    switchTimerUs: element.count('switch_timer_interval') ?? 0,
    readTimerUs: element.count('read_timer_interval') ?? usual.readTimerUs,
    monitorTimerUs: element.count('monitor_timer_interval') ?? 0,
    traceFileSizeBytes: element.count('tracefile_size') ?? 0,
    traceFileCount: element.count('tracefile_count') ?? 0,
  };
}

function trackersOf(domain: FileElement, name: Domain): readonly ProcessTracker[] {
  const names = LTTNG_ATTRIBUTES.map((attribute) => `${attribute}_process_attr_tracker`);
  const trackers: ProcessTracker[] = domain.list('process_attr_trackers', ...names).map((node) => {
    const attribute = node.name.slice(0, node.name.indexOf('_')) as TrackedAttribute;
    const tracker = domain.of(node, ['process_attr_values']);
    const values = tracker.list('process_attr_values', attribute).map((value) => {
      const content = tracker.of(value, ['id', 'name']);
      return content.count('id') ?? content.needed('name');
    });
    return { attribute, values };
  });
  // Files of LTTng 2.11 and older have process numbers alone, under other names.
  for (const node of domain.list('trackers', 'pid_tracker')) {
    const tracker = domain.of(node, ['targets']);
    const values = tracker
      .list('targets', 'pid_target')
      .map((target) => tracker.of(target, ['pid']).count('pid') ?? 0);
    trackers.push({ attribute: name === 'kernel' ? 'pid' : 'vpid', values });
  }
  return trackers;
}
