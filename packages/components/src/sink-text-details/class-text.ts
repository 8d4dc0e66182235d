/** The text of trace, stream, event and clock classes. */
import type { ClockClass, EventClass, Role, Scope, StreamClass, StructureNode } from '@spoor/ctf';
import { StreamDecoder } from '@spoor/ctf';
import { isShown } from '../sink-text-pretty/shown.ts';
import type { TraceInfo } from '../source-ctf-fs/trace-info.ts';
import { FieldClassText, type ScopeNodes } from './field-class-text.ts';
import type { DetailsOptions } from './options.ts';
import { Style } from './style.ts';

const logLevels = [
  'Emergency',
  'Alert',
  'Critical',
  'Error',
  'Warning',
  'Notice',
  'Info',
  'Debug (system)',
  'Debug (program)',
  'Debug (process)',
  'Debug (module)',
  'Debug (unit)',
  'Debug (function)',
  'Debug (line)',
  'Debug',
];

function hasRole(streamClass: StreamClass, role: Role): boolean {
  return (
    streamClass.packetContext?.members.some(
      ({ fieldClass }) => fieldClass.kind === 'integer' && fieldClass.roles.includes(role),
    ) ?? false
  );
}

/** Which messages of a stream class have times. */
export interface StreamTimes {
  readonly packetBegin: boolean;
  readonly packetEnd: boolean;
  readonly losses: boolean;
}

export function streamTimes(streamClass: StreamClass): StreamTimes {
  const timed = streamClass.clockClass !== undefined;
  const packetBegin = timed && hasRole(streamClass, 'default-clock-timestamp');
  const packetEnd = timed && hasRole(streamClass, 'packet-end-default-clock-timestamp');
  return { packetBegin, packetEnd, losses: packetBegin && packetEnd };
}

function byId(left: { readonly id: bigint }, right: { readonly id: bigint }): number {
  return left.id < right.id ? -1 : Number(left.id > right.id);
}

/** The clock class as its trace declares it: that of a stream may have been changed for reading. */
export function declaredClock(trace: TraceInfo, clock: ClockClass): ClockClass {
  return trace.traceClass.clockClasses.find(({ name }) => name === clock.name) ?? clock;
}

/** The lines of a clock class that is told of by itself. */
export function clockText(trace: TraceInfo, clock: ClockClass, options: DetailsOptions): string {
  const title = new Style(options.colors).property('Clock class');
  return `  ${title}:\n${new ClassText(trace, options).clock(declaredClock(trace, clock), 4)}`;
}

class ClassText {
  private readonly trace: TraceInfo;
  private readonly options: DetailsOptions;
  private readonly style: Style;

  constructor(trace: TraceInfo, options: DetailsOptions) {
    this.trace = trace;
    this.options = options;
    this.style = new Style(options.colors);
  }

  /** Whether LTTng made the trace: its clock `monotonic` is absolute, though its metadata does not say so. */
  private get byLttng(): boolean {
    const tracer = this.trace.environment.get('tracer_name');
    return typeof tracer === 'string' && tracer.startsWith('lttng');
  }

  /** The lines of a clock class. */
  clock(clock: ClockClass, indent: number): string {
    const { style } = this;
    let text = style.line(indent, 'Name', style.value(clock.name));
    if (clock.description !== undefined) {
      text += style.line(indent, 'Description', style.value(clock.description));
    }
    // Whole seconds among the offset's cycles count as seconds.
    const seconds = clock.offsetSeconds + clock.offsetTicks / clock.frequencyHz;
    text += style.line(indent, 'Frequency (Hz)', style.number(clock.frequencyHz));
    text += style.line(indent, 'Precision (cycles)', style.number(clock.precisionTicks));
    text += style.line(indent, 'Offset (s)', style.number(seconds));
    text += style.line(indent, 'Offset (cycles)', style.number(clock.offsetTicks % clock.frequencyHz));
    text += style.line(
      indent,
      'Origin is Unix epoch',
      style.yesOrNo(clock.absolute || (clock.name === 'monotonic' && this.byLttng)),
    );
    if (this.options.withUuid && clock.uuid !== undefined) {
      text += style.line(indent, 'UUID', style.value(clock.uuid));
    }
    return text;
  }

  private root(
    name: string,
    scope: Scope,
    fields: FieldClassText,
    nodes: ScopeNodes,
    of: StreamClass | EventClass,
    indent: number,
  ): string {
    const node = nodes.get(scope);
    const fieldClass = rootClass(of, scope);
    if (node === undefined || fieldClass === undefined || !isShown(node)) return '';
    return this.style.line(indent, name, fields.text(fieldClass, node, indent));
  }

  private event(eventClass: EventClass, fields: FieldClassText, nodes: ScopeNodes): string {
    const { style } = this;
    const indent = 6;
    let text = `    ${style.object('Event class')}`;
    if (eventClass.name !== '') text += style.eventName(eventClass.name);
    text += ` (ID ${style.number(eventClass.id)}):\n`;
    const level = eventClass.logLevel === undefined ? undefined : logLevels[eventClass.logLevel];
    if (level !== undefined) text += style.line(indent, 'Log level', style.value(level));
    if (eventClass.emfUri !== undefined)
      text += style.line(indent, 'EMF URI', style.value(eventClass.emfUri));
    text += this.root(
      'Specific context field class',
      'event-specific-context',
      fields,
      nodes,
      eventClass,
      indent,
    );
    return text + this.root('Payload field class', 'event-payload', fields, nodes, eventClass, indent);
  }

  private stream(streamClass: StreamClass): string {
    const { style } = this;
    const indent = 4;
    const { packetBegin, packetEnd, losses } = streamTimes(streamClass);
    const events = hasRole(streamClass, 'discarded-event-record-counter-snapshot');
    const packets = hasRole(streamClass, 'packet-sequence-number');
    const answer = (name: string, yes: boolean): string => style.line(indent, name, style.yesOrNo(yes));
    let text = `  ${style.object('Stream class')} (ID ${style.number(streamClass.id)}):\n`;
    text += answer('Supports packets', true);
    text += answer('Packets have beginning default clock snapshot', packetBegin);
    text += answer('Packets have end default clock snapshot', packetEnd);
    text += answer('Supports discarded events', events);
    if (events) text += answer('Discarded events have default clock snapshots', losses);
    text += answer('Supports discarded packets', packets);
    if (packets) text += answer('Discarded packets have default clock snapshots', losses);
    if (streamClass.clockClass !== undefined) {
      text += `    ${style.property('Default clock class')}:\n`;
      text += this.clock(declaredClock(this.trace, streamClass.clockClass), 6);
    }
    const decoder = new StreamDecoder(this.trace.traceClass, streamClass, { compile: false });
    const shared = new Map<Scope, StructureNode>();
    for (const { scope, node } of decoder.contextPlan?.scopes ?? []) shared.set(scope, node);
    const plans = streamClass.eventClasses.map((eventClass, index) => {
      const nodes = new Map(shared);
      for (const { scope, node } of decoder.planOf(index).scopes) nodes.set(scope, node);
      return { eventClass, nodes };
    });
    const common = plans[0]?.nodes ?? shared;
    const fields = new FieldClassText(style, common);
    text += this.root('Packet context field class', 'packet-context', fields, common, streamClass, indent);
    text += this.root(
      'Event common context field class',
      'event-common-context',
      fields,
      common,
      streamClass,
      indent,
    );
    for (const { eventClass, nodes } of plans.sort((left, right) =>
      byId(left.eventClass, right.eventClass),
    )) {
      text += this.event(eventClass, new FieldClassText(style, nodes), nodes);
    }
    return text;
  }

  text(): string {
    const { streamClasses } = this.trace.traceClass;
    const text = [...streamClasses].sort(byId).map((streamClass) => this.stream(streamClass));
    return `${this.style.object('Trace class')}${text.length === 0 ? '' : ':'}\n${text.join('')}`;
  }
}

function rootClass(of: StreamClass | EventClass, scope: Scope): StreamClass['packetContext'] {
  switch (scope) {
    case 'packet-context':
      return 'eventClasses' in of ? of.packetContext : undefined;
    case 'event-common-context':
      return 'eventClasses' in of ? of.eventCommonContext : undefined;
    case 'event-specific-context':
      return 'eventClasses' in of ? undefined : of.specificContext;
    case 'event-payload':
      return 'eventClasses' in of ? undefined : of.payload;
    case 'packet-header':
    case 'event-header':
      return undefined;
    default: {
      const never: never = scope;
      throw new TypeError(String(never));
    }
  }
}

/** The text of a trace's classes. */
export function traceClassText(trace: TraceInfo, options: DetailsOptions): string {
  return new ClassText(trace, options).text();
}

/** The text of a trace in the message of a stream's beginning, indented by two. */
export function traceText(trace: TraceInfo, options: DetailsOptions): string {
  const style = new Style(options.colors);
  const { uuid } = trace.traceClass;
  let head = `  ${style.object('Trace')}`;
  if (options.withTraceName) head += ` \`${style.value(trace.name)}\``;
  let text = '';
  if (options.withUuid && uuid !== undefined) text += style.line(4, 'UUID', style.value(uuid));
  const { environment } = trace;
  if (environment.size > 0) {
    const count = `${style.number(environment.size)} entr${environment.size === 1 ? 'y' : 'ies'}`;
    text += `    ${style.property('Environment')} (${count}):\n`;
    for (const [name, value] of [...environment].sort(([left], [right]) => (left < right ? -1 : 1))) {
      const shown = typeof value === 'bigint' ? style.number(value) : style.value(value);
      text += `      ${style.member(name)} ${shown}\n`;
    }
  }
  const streams = [...trace.streams].sort(
    (left, right) => left.id - right.id || byId(left.streamClass, right.streamClass),
  );
  for (const { id, streamClass } of streams) {
    text += `    ${style.object('Stream')} (ID ${style.number(id)}, Class ID ${style.number(streamClass.id)})\n`;
  }
  return `${head}${text === '' ? '' : ':'}\n${text}`;
}
