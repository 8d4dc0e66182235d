/** `sink.otlp.json`: spans as OTLP/JSON, a line of at most 512 an `ExportTraceServiceRequest`. */
import { EnumValue, type FieldValue } from '@spoor/ctf';
import { InputPort, type SinkComponent } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';
import { nanosecondsOfClock } from '../source-ctf-fs/clock.ts';
import { EventView } from '../source-ctf-fs/event-view.ts';
import { OtlpBatch } from './otlp-batch.ts';
import { OtlpResources, parsedMembers } from './otlp-resources.ts';
import { isId, keyValues, madeSpanId, madeTraceId } from './otlp-values.ts';

type Members = { readonly [member: string]: FieldValue };

/** Spans in a line. */
const mostInLine = 512;
/** Spans that may be open; the oldest is given up beyond. */
const mostOpen = 65_536;
/** What automatic events carry for a text that is absent. */
const noText = '-';
const requestSpan = 'http_server:request';

/** What a beginning said. */
interface Begun {
  readonly beginNs: bigint;
  readonly payload: Members;
  /** Of the active span of OpenTelemetry, where contexts are recorded. */
  readonly around: Members;
}

/** Members that say of spans what has a place of its own. */
const ownMembers = new Set(['id', 'request', 'start_ns', 'duration_ns']);

function numberOf(value: FieldValue | undefined): number {
  if (value instanceof EnumValue) return Number(value.value);
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

function bigOf(value: FieldValue | undefined): bigint {
  return typeof value === 'bigint' ? value : BigInt(Math.trunc(numberOf(value)));
}

/** A plain value as text, to tell things apart by; '' for any other. */
function idText(value: FieldValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? `${value}`
    : '';
}

/** A text; undefined where it is absent. */
function textIn(value: FieldValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' && value !== noText ? value : undefined;
}

function unixNano(timeNs: bigint): string {
  return String(timeNs < 0n ? 0n : timeNs);
}

/** Seconds and nanoseconds as nanoseconds. */
function joined(seconds: FieldValue | undefined, nanoseconds: FieldValue | undefined): string {
  return unixNano(bigOf(seconds) * 1_000_000_000n + bigOf(nanoseconds));
}

/** Servers and clients are known by the names of automatic events. */
function kindOf(name: string): number {
  if (name.startsWith('http_server:')) return 2;
  return /^(?:http_client|dns):|^net:connect$/.test(name) ? 3 : 1;
}

/** Writes spans of events; docs/manual/opentelemetry.md says of which. */
export class OtlpSink implements SinkComponent<EventFlow> {
  readonly kind = 'sink';
  readonly name = 'sink.otlp.json';
  readonly input: InputPort<EventFlow> = new InputPort('in');
  private readonly output: TextOutput;
  private readonly messages: (line: string) => void;
  private readonly encoder = new TextEncoder();
  private readonly batch = new OtlpBatch();
  private readonly resources = new OtlpResources();
  private readonly open = new Map<string, Begun>();
  /** Spans of OpenTelemetry that have begun, by their id. */
  private readonly openOtel = new Set<string>();
  private withoutBegin = 0;
  private withoutEnd = 0;
  private flow: EventFlow | undefined;
  private view: EventView | undefined;

  /** @param messages takes what is told of spans that are left out, at the end. */
  constructor(output: TextOutput, messages: (line: string) => void) {
    this.output = output;
    this.messages = messages;
  }

  consume(): boolean {
    this.flow ??= this.input.open();
    const { flow } = this;
    this.view ??= new EventView(flow.batch, flow.streams, flow.eventClasses);
    if (!flow.next()) return false;
    for (let row = 0; row < flow.batch.count; row++) {
      const event = this.view.moveTo(row);
      this.take(event, flow.baseNs + BigInt(event.timeNs));
      if (this.batch.size >= mostInLine) this.flush();
    }
    return true;
  }

  finish(): void {
    if (this.batch.size > 0) this.flush();
    const unfinished = this.withoutEnd + this.open.size + this.openOtel.size;
    if (unfinished > 0) this.messages(`spans: ${unfinished} without an end are left out`);
    if (this.withoutBegin > 0) this.messages(`spans: ${this.withoutBegin} without a beginning are left out`);
  }

  private flush(): void {
    const bytes = this.encoder.encode(this.batch.take());
    this.output.write(bytes, bytes.length);
  }

  private take(event: EventView, timeNs: bigint): void {
    const { name } = event;
    const { trace } = event.stream;
    if (name === 'otel:span_end') this.takeOtel(event);
    else if (name === 'otel:span_begin') this.beginOtel(idText(event.field('id')));
    else if (name === 'otel:resource') {
      this.resources.tell(trace, numberOf(event.field('id')), idText(event.field('attributes')));
    } else if (trace.environment.get('tracer_name') === 'spoor-spans') this.takeFiltered(event);
    else if (name.endsWith('_begin')) this.begin(event, name.slice(0, -'_begin'.length), timeNs);
    else if (name.endsWith('_end')) this.end(event, name.slice(0, -'_end'.length), timeNs);
    else if (event.field('duration_ns') !== undefined && event.field('start_ns') !== undefined) {
      this.takeWhole(event);
    }
  }

  private beginOtel(id: string): void {
    if (this.openOtel.size >= mostOpen) {
      const [oldest] = this.openOtel;
      this.openOtel.delete(oldest!);
      this.withoutEnd += 1;
    }
    this.openOtel.add(id);
  }

  /** A span that the processor of `@spoor/tracer/opentelemetry` recorded. */
  private takeOtel(event: EventView): void {
    const payload = event.payload();
    const { id, trace_id: traceId, parent_id: parentId } = payload;
    this.openOtel.delete(idText(id));
    if (!isId(id, 8) || !isId(traceId, 16)) return;
    const traceState = textIn(payload['trace_state']);
    const message = textIn(payload['status_message']);
    const version = textIn(payload['scope_version']);
    this.batch.add(
      this.resources.ofSpan(event.stream.trace, numberOf(payload['resource'])),
      { name: textIn(payload['scope']) ?? '', ...(version === undefined ? {} : { version }) },
      {
        traceId,
        spanId: id,
        ...(isId(parentId, 8) ? { parentSpanId: parentId } : {}),
        ...(traceState === undefined ? {} : { traceState }),
        name: textIn(payload['name']) ?? '',
        kind: numberOf(payload['kind']) + 1,
        startTimeUnixNano: joined(payload['start_s'], payload['start_nsec']),
        endTimeUnixNano: joined(payload['end_s'], payload['end_nsec']),
        attributes: keyValues(parsedMembers(textIn(payload['attributes']) ?? '')),
        droppedAttributesCount: numberOf(payload['dropped_attributes']),
        droppedEventsCount: numberOf(payload['events']),
        droppedLinksCount: numberOf(payload['links']),
        status: { code: numberOf(payload['status']), ...(message === undefined ? {} : { message }) },
        flags: numberOf(payload['flags']),
      },
    );
  }

  /** A span that `filter.utils.spans` made. */
  private takeFiltered(event: EventView): void {
    const { span, begin_ns: beginNs, duration_ns: durationNs, depth, state, ...rest } = event.payload();
    const begin = bigOf(beginNs);
    const whole = { state: state ?? noText, depth: depth ?? 0, ...rest };
    const end = begin + bigOf(durationNs);
    this.add(event, event.name, {
      name: idText(span),
      id: JSON.stringify(keyValues(rest)),
      begin,
      end,
      payload: whole,
    });
  }

  /** An event that tells of all of a span. */
  private takeWhole(event: EventView): void {
    const payload = event.payload();
    const clock = event.stream.streamClass.clockClass;
    const start = bigOf(payload['start_ns']);
    const begin = clock === undefined ? start : nanosecondsOfClock(clock, start);
    const end = begin + bigOf(payload['duration_ns']);
    this.add(event, event.name, { name: event.name, id: idText(payload['id']), begin, end, payload });
  }

  private begin(event: EventView, name: string, beginNs: bigint): void {
    const payload = event.payload();
    const key = `${event.stream.index} ${name} ${idText(payload['id'])}`;
    if (this.open.delete(key)) this.withoutEnd += 1;
    if (this.open.size >= mostOpen) {
      const [oldest] = this.open.keys();
      this.open.delete(oldest!);
      this.withoutEnd += 1;
    }
    this.open.set(key, {
      beginNs,
      payload,
      around: { ...event.commonContext(), ...event.specificContext() },
    });
  }

  private end(event: EventView, name: string, end: bigint): void {
    const last = event.payload();
    const id = idText(last['id']);
    const key = `${event.stream.index} ${name} ${id}`;
    const begun = this.open.get(key);
    if (begun === undefined) {
      this.withoutBegin += 1;
      return;
    }
    this.open.delete(key);
    const { beginNs: begin, around } = begun;
    this.add(event, name, { name, id, begin, end, payload: { ...begun.payload, ...last }, around });
  }

  /** Adds a span whose ids are made of the trace, the stream and what tells it apart there. */
  private add(
    event: EventView,
    kindName: string,
    span: {
      readonly name: string;
      readonly id: string;
      readonly begin: bigint;
      readonly end: bigint;
      readonly payload: Members;
      readonly around?: Members;
    },
  ): void {
    const { stream } = event;
    const place = `${stream.trace.traceClass.uuid ?? stream.trace.name} ${stream.id}`;
    const requestKey = (id: string): string => `${place} ${requestSpan} ${id}`;
    const isRequest = kindName === requestSpan;
    const request = numberOf(span.payload['request']);
    const key = isRequest
      ? requestKey(span.id)
      : `${place} ${kindName} ${span.name} ${span.id} ${span.begin}`;
    const { trace_id: traceId, span_id: spanId } = span.around ?? {};
    const inOtel = isId(traceId, 16) && isId(spanId, 8);
    const parent = inOtel ? spanId : request === 0 ? undefined : madeSpanId(requestKey(String(request)));
    const error = textIn(span.payload['error']);
    const failed = error !== undefined || (isRequest && numberOf(span.payload['status']) >= 500);
    const attributes = Object.entries(span.payload).filter(
      ([member, value]) => !ownMembers.has(member) && value !== noText && value !== '',
    );
    this.batch.add(
      this.resources.ofTrace(stream.trace),
      { name: kindName.includes(':') ? kindName.slice(0, kindName.indexOf(':')) : kindName },
      {
        traceId: inOtel ? traceId : madeTraceId(request === 0 ? key : requestKey(String(request))),
        spanId: madeSpanId(key),
        ...(parent === undefined ? {} : { parentSpanId: parent }),
        name: span.name,
        kind: kindOf(kindName),
        startTimeUnixNano: unixNano(span.begin),
        endTimeUnixNano: unixNano(span.end),
        attributes: keyValues(Object.fromEntries(attributes)),
        droppedAttributesCount: 0,
        droppedEventsCount: 0,
        droppedLinksCount: 0,
        status: failed ? { code: 2, ...(error === undefined ? {} : { message: error }) } : { code: 0 },
      },
    );
  }
}
