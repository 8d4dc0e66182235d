/**
 * Makes the immutable model of declared blocks: settles what lengths and tags refer to, gives fields their roles by
 * their names, maps time stamps to clocks, assigns events to streams, and checks what only the whole can show.
 */
import { childrenOf } from './field-classes.ts';
import type {
  ClockClass,
  EventClass,
  FieldClass,
  IntegerFieldClass,
  Scope,
  StreamClass,
  StructureFieldClass,
  TraceClass,
} from './model.ts';
import { TokenCursor } from './tsdl-cursor.ts';
import type { TokenList } from './tsdl-lexer.ts';
import type { DeclaredEvent, DeclaredStream, DeclaredTrace } from './tsdl-parser.ts';
import { plainEventClass } from './tsdl-plain-payload.ts';
import { Placer, type ScopeRoots } from './tsdl-placement.ts';
import type { DeclaredStructure } from './tsdl-types.ts';

/** The clock that a trace has which declares none but has time stamps. */
const implicitClock: ClockClass = {
  name: 'default',
  frequencyHz: 1_000_000_000n,
  precisionTicks: 0n,
  offsetSeconds: 0n,
  offsetTicks: 0n,
  absolute: false,
};

/** Throws `ctf/metadata-invalid` with line and column where the blocks contradict each other. */
export function modelOf(trace: DeclaredTrace, tokens: TokenList): TraceClass {
  return new ModelBuilder(trace, tokens).build();
}

class ModelBuilder {
  private readonly trace: DeclaredTrace;
  private readonly cursor: TokenCursor;
  private readonly placer: Placer;

  constructor(trace: DeclaredTrace, tokens: TokenList) {
    this.trace = trace;
    this.cursor = new TokenCursor(tokens);
    const [onlyClock, ...others] = trace.clocks;
    this.placer = new Placer(
      this.cursor,
      others.length > 0 ? undefined : (onlyClock?.name ?? implicitClock.name),
    );
  }

  build(): TraceClass {
    const { trace } = this;
    const roots: ScopeRoots = new Map();
    const packetHeader = this.place(roots, 'packet-header', trace.packetHeader, trace.token);
    if (packetHeader !== undefined) this.checkPacketHeader(packetHeader);
    const streams = this.declaredStreams();
    const streamIds = new Map<bigint, number>();
    for (const [index, stream] of streams.entries()) {
      const id = stream.id ?? 0n;
      if (streamIds.has(id))
        this.cursor.failMeaning(stream.token, `there is already a stream numbered ${id}`);
      streamIds.set(id, index);
    }
    if (streams.length > 1 && memberNamed(packetHeader, 'stream_id') === undefined) {
      this.cursor.failMeaning(
        streams[1]!.token,
        'with several streams, the packet header needs a field `stream_id`',
      );
    }
    const eventsOf = this.assignEvents(streams, streamIds);
    const streamClasses = streams.map((stream, index) => this.streamClass(stream, eventsOf[index]!, roots));
    const usesImplicitClock = trace.clocks.length === 0 && this.placer.usedAutomaticClock;
    return {
      version: '1.8',
      ...(trace.uuid === undefined ? {} : { uuid: trace.uuid }),
      byteOrder: trace.byteOrder,
      environment: trace.environment,
      ...(packetHeader === undefined ? {} : { packetHeader }),
      clockClasses: usesImplicitClock ? [implicitClock] : trace.clocks,
      streamClasses,
    };
  }

  private place(
    roots: ScopeRoots,
    scope: Scope,
    structure: DeclaredStructure | undefined,
    token: number,
  ): StructureFieldClass | undefined {
    if (structure === undefined) return undefined;
    roots.set(scope, structure);
    return this.placer.place(scope, structure, roots, token);
  }

  /** Metadata may leave out the stream block when a stream has neither header nor context. */
  private declaredStreams(): readonly DeclaredStream[] {
    const { streams, events } = this.trace;
    const [firstEvent] = events;
    if (streams.length > 0 || firstEvent === undefined) return streams;
    const none = { packetContext: undefined, eventHeader: undefined, eventContext: undefined };
    return [{ token: firstEvent.token, id: undefined, ...none }];
  }

  private assignEvents(
    streams: readonly DeclaredStream[],
    streamIds: ReadonlyMap<bigint, number>,
  ): readonly (readonly DeclaredEvent[])[] {
    const eventsOf: DeclaredEvent[][] = streams.map(() => []);
    for (const event of this.trace.events) {
      let index: number | undefined = 0;
      if (event.streamId !== undefined) {
        index = streamIds.get(event.streamId);
        if (index === undefined) {
          this.cursor.failMeaning(
            event.token,
            `there is no stream numbered ${event.streamId} for this event`,
          );
        }
      } else if (streams.length > 1) {
        this.cursor.failMeaning(event.token, 'with several streams, an event needs a `stream_id`');
      }
      eventsOf[index]!.push(event);
    }
    return eventsOf;
  }

  private streamClass(
    stream: DeclaredStream,
    events: readonly DeclaredEvent[],
    outer: ScopeRoots,
  ): StreamClass {
    const roots: ScopeRoots = new Map(outer);
    const { token } = stream;
    const packetContext = this.place(roots, 'packet-context', stream.packetContext, token);
    const eventHeader = this.place(roots, 'event-header', stream.eventHeader, token);
    const eventCommonContext = this.place(roots, 'event-common-context', stream.eventContext, token);
    if (packetContext !== undefined) this.checkPacketContext(packetContext, token);
    if (eventHeader !== undefined) this.checkUnsigned(eventHeader, 'id', 'the event header', token);
    const [, secondEvent] = events;
    if (secondEvent !== undefined && !hasRole(eventHeader, 'event-record-class-id')) {
      this.cursor.failMeaning(secondEvent.token, 'with several events, the event header needs a field `id`');
    }
    const clockClass = this.clockOf([packetContext, eventHeader], token);
    const ids = new Set<bigint>();
    const eventClasses = events.map((event): EventClass => {
      if (event.id === undefined && events.length > 1) {
        this.cursor.failMeaning(event.token, 'with several events in its stream, an event needs an `id`');
      }
      const id = event.id ?? 0n;
      if (ids.has(id))
        this.cursor.failMeaning(event.token, `there is already an event numbered ${id} in its stream`);
      ids.add(id);
      return this.eventClass(event, id, roots);
    });
    return {
      id: stream.id ?? 0n,
      ...(packetContext === undefined ? {} : { packetContext }),
      ...(eventHeader === undefined ? {} : { eventHeader }),
      ...(eventCommonContext === undefined ? {} : { eventCommonContext }),
      ...(clockClass === undefined ? {} : { clockClass }),
      eventClasses,
    };
  }

  private eventClass(event: DeclaredEvent, id: bigint, roots: ScopeRoots): EventClass {
    if (event.plainPayload !== undefined) return plainEventClass(event, id, event.plainPayload);
    roots.delete('event-specific-context');
    const specificContext = this.place(roots, 'event-specific-context', event.context, event.token);
    const payload = this.place(roots, 'event-payload', event.fields, event.token);
    return {
      id,
      name: event.name,
      ...(event.logLevel === undefined ? {} : { logLevel: event.logLevel }),
      ...(event.emfUri === undefined ? {} : { emfUri: event.emfUri }),
      ...(specificContext === undefined ? {} : { specificContext }),
      ...(payload === undefined ? {} : { payload }),
    };
  }

  /** The clock that the time stamps of a stream are read from; a stream has one at most. */
  private clockOf(
    scopes: readonly (StructureFieldClass | undefined)[],
    token: number,
  ): ClockClass | undefined {
    const names = new Set<string>();
    for (const scope of scopes) if (scope !== undefined) collectClockNames(scope, names);
    const [name, second] = names;
    if (second !== undefined) {
      this.cursor.failMeaning(token, `this stream has two clocks, \`${name}\` and \`${second}\``);
    }
    return (
      this.trace.clocks.find((clock) => clock.name === name) ??
      (name === undefined ? undefined : implicitClock)
    );
  }

  private checkPacketHeader(header: StructureFieldClass): void {
    const { token } = this.trace;
    const fail = (message: string): never => this.cursor.failMeaning(token, message);
    const magic = memberNamed(header, 'magic');
    if (magic !== undefined) {
      if (magic !== header.members[0]?.fieldClass)
        fail('the field `magic` must come first in the packet header');
      if (magic.kind !== 'integer' || magic.signed || magic.lengthBits !== 32) {
        fail('the field `magic` of the packet header must be an unsigned integer of 32 bits');
      }
    }
    this.checkUnsigned(header, 'stream_id', 'the packet header', token);
    this.checkUnsigned(header, 'stream_instance_id', 'the packet header', token);
    const uuid = memberNamed(header, 'uuid');
    if (uuid === undefined) return;
    const ofBytes =
      uuid.kind === 'static-array' &&
      uuid.length === 16 &&
      uuid.element.kind === 'integer' &&
      !uuid.element.signed &&
      uuid.element.lengthBits === 8;
    if (!ofBytes)
      fail('the field `uuid` of the packet header must be an array of 16 unsigned integers of 8 bits');
  }

  private checkPacketContext(context: StructureFieldClass, token: number): void {
    const names = [
      'timestamp_begin',
      'timestamp_end',
      'events_discarded',
      'packet_seq_num',
      'packet_size',
      'content_size',
    ];
    for (const name of names) this.checkUnsigned(context, name, 'the packet context', token);
  }

  /** Refuses a field of another type where readers rely on an unsigned integer. */
  private checkUnsigned(structure: StructureFieldClass, name: string, what: string, token: number): void {
    const field = memberNamed(structure, name);
    if (field !== undefined && (field.kind !== 'integer' || field.signed)) {
      this.cursor.failMeaning(token, `the field \`${name}\` of ${what} must be an unsigned integer`);
    }
  }
}

function memberNamed(structure: StructureFieldClass | undefined, name: string): FieldClass | undefined {
  return structure?.members.find((member) => member.name === name)?.fieldClass;
}

/** All integers within a field class. */
function* integersOf(fieldClass: FieldClass): Generator<IntegerFieldClass> {
  if (fieldClass.kind === 'integer') yield fieldClass;
  for (const child of childrenOf(fieldClass)) yield* integersOf(child);
}

function hasRole(
  structure: StructureFieldClass | undefined,
  role: IntegerFieldClass['roles'][number],
): boolean {
  if (structure === undefined) return false;
  for (const integer of integersOf(structure)) if (integer.roles.includes(role)) return true;
  return false;
}

function collectClockNames(structure: StructureFieldClass, names: Set<string>): void {
  for (const { clockName } of integersOf(structure)) if (clockName !== undefined) names.add(clockName);
}
