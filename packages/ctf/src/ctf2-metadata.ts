/** CTF 2 metadata, a JSON text sequence of fragments (https://diamon.org/ctf/, section 5), to the model. */
import { SpoorError } from '@spoor/base';
import { FieldClassReader, type ScopeRules } from './ctf2-field-classes.ts';
import { checkLocations, type KnownFields, type ScopeFields } from './ctf2-locations.ts';
import { attributeNamespaces, fragmentStart, logLevels, packetByteOrderOf } from './ctf2-names.ts';
import { hasRole } from './field-classes.ts';
import { FragmentPlace, JsonObjectReader } from './json-object-reader.ts';
import { JsonError, parseJson, shorten, type JsonValue } from './json.ts';
import type {
  ClockClass,
  EventClass,
  Identity,
  Scope,
  StreamClass,
  StructureFieldClass,
  TraceClass,
} from './model.ts';
import { placeOf } from './text-place.ts';

const uuidPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const signed64 = 1n << 63n;

interface StreamDraft {
  readonly streamClass: Omit<StreamClass, 'eventClasses'>;
  readonly eventClasses: EventClass[];
  readonly eventIds: Set<bigint>;
  readonly known: KnownFields;
  readonly place: FragmentPlace;
  readonly json: JsonValue;
}

class MetadataBuilder {
  private readonly fields = new FieldClassReader();
  private metadataUuid: string | undefined;
  private trace: Omit<TraceClass, 'streamClasses' | 'clockClasses'> | undefined;
  private headerFields: ScopeFields | undefined;
  private readonly clocks = new Map<string, ClockClass>();
  private readonly streams = new Map<bigint, StreamDraft>();
  private hasPreamble = false;

  /** Takes one fragment. */
  add(place: FragmentPlace): void {
    const reader = new JsonObjectReader(place, place.json);
    const type = reader.requiredText('type');
    if (!this.hasPreamble && type !== 'preamble') {
      place.fail(place.json, 'the first fragment of metadata must be the preamble');
    }
    switch (type) {
      case 'preamble':
        this.preamble(reader);
        break;
      case 'field-class-alias': {
        const name = reader.requiredText('name');
        this.fields.defineAlias(place, name, reader.required('name'), reader.required('field-class'));
        break;
      }
      case 'clock-class':
        this.clockClass(reader);
        break;
      case 'trace-class':
        this.traceClass(reader);
        break;
      case 'data-stream-class':
        this.dataStreamClass(reader);
        break;
      case 'event-record-class':
        this.eventRecordClass(reader);
        break;
      default:
        place.fail(reader.required('type'), `\`${shorten(type)}\` is no type of fragment`);
    }
    reader.finish();
  }

  private preamble(reader: JsonObjectReader): void {
    const { place } = reader;
    if (this.hasPreamble) place.fail(reader.required('type'), 'only the first fragment may be a preamble');
    this.hasPreamble = true;
    const version = reader.required('version');
    if (version.kind !== 'integer' || version.value !== 2n) {
      place.fail(version, 'this is not version 2 of the format', 'ctf/metadata-version');
    }
    const uuid = reader.array('uuid');
    if (uuid !== undefined) {
      const bytes = uuid.map((json) => (json.kind === 'integer' ? Number(json.value) : -1));
      if (bytes.length !== 16 || bytes.some((byte) => byte < 0 || byte > 255)) {
        place.fail(reader.required('uuid'), 'a UUID is an array of 16 integers from 0 to 255');
      }
      const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
      this.metadataUuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    }
  }

  private identity(reader: JsonObjectReader): { readonly identity?: Identity } {
    const namespace = reader.text('namespace');
    const name = reader.text('name');
    const uid = reader.text('uid');
    if (namespace === undefined && name === undefined && uid === undefined) return {};
    return {
      identity: {
        ...(namespace === undefined ? {} : { namespace }),
        ...(name === undefined ? {} : { name }),
        ...(uid === undefined ? {} : { uid }),
      },
    };
  }

  private clockClass(reader: JsonObjectReader): void {
    const { place } = reader;
    const id = reader.requiredText('id');
    if (this.clocks.has(id)) {
      place.fail(reader.required('id'), `there is a clock class \`${shorten(id)}\` already`);
    }
    const { identity } = this.identity(reader);
    reader.required('frequency');
    const frequencyHz = reader.integer('frequency', 1n, (1n << 64n) - 1n)!;
    const description = reader.text('description');
    const accuracyTicks = reader.unsigned('accuracy');
    const origin = this.origin(reader);
    const offset = reader.object('offset-from-origin');
    let offsetSeconds = 0n;
    let offsetTicks = 0n;
    if (offset !== undefined) {
      const parts = new JsonObjectReader(place, offset);
      offsetSeconds = parts.integer('seconds', -signed64, signed64 - 1n) ?? 0n;
      offsetTicks = parts.unsigned('cycles') ?? 0n;
      if (offsetTicks >= frequencyHz) {
        place.fail(
          parts.required('cycles'),
          `${offsetTicks} cycles are a second or more at ${frequencyHz} Hz`,
        );
      }
      parts.finish();
    }
    const uuid =
      identity?.uid !== undefined && uuidPattern.test(identity.uid) ? identity.uid.toLowerCase() : undefined;
    this.clocks.set(id, {
      name: id,
      ...(uuid === undefined ? {} : { uuid }),
      ...(identity === undefined ? {} : { identity }),
      ...(description === undefined ? {} : { description }),
      frequencyHz,
      precisionTicks: reader.unsigned('precision') ?? 0n,
      ...(accuracyTicks === undefined ? {} : { accuracyTicks }),
      offsetSeconds,
      offsetTicks,
      // LTTng counts from the Unix epoch, also where its metadata does not say so.
      absolute: origin === 'unix-epoch' || this.isLttng,
      ...(typeof origin === 'object' ? { origin } : {}),
      ...reader.attributes(),
    });
  }

  private get isLttng(): boolean {
    const tracer = this.trace?.environment.get('tracer_name');
    return typeof tracer === 'string' && tracer.startsWith('lttng');
  }

  private origin(reader: JsonObjectReader): Identity | 'unix-epoch' | undefined {
    const { place } = reader;
    const value = reader.value('origin');
    if (value === undefined) return undefined;
    if (value.kind === 'string') {
      if (value.text === 'unix-epoch') return 'unix-epoch';
      return place.fail(value, '`unix-epoch` is the only origin that has a name of its own');
    }
    const parts = new JsonObjectReader(place, value);
    parts.requiredText('name');
    parts.requiredText('uid');
    const { identity } = this.identity(parts);
    parts.finish();
    return identity;
  }

  private traceClass(reader: JsonObjectReader): void {
    const { place } = reader;
    if (this.trace !== undefined) place.fail(place.json, 'there is a trace class already');
    if (this.streams.size > 0)
      place.fail(place.json, 'the trace class must stand before the data stream classes');
    const { identity } = this.identity(reader);
    const environment = new Map<string, string | bigint>();
    for (const [key, value] of reader.object('environment')?.members ?? []) {
      if (value.kind === 'string') environment.set(key, value.text);
      else if (value.kind === 'integer') environment.set(key, value.value);
      else place.fail(value, 'expected a string or an integer');
    }
    const json = reader.value('packet-header-field-class');
    let packetHeader: StructureFieldClass | undefined;
    if (json !== undefined) {
      const read = this.readScope(place, json, 'packet-header', undefined, new Map());
      packetHeader = read.structure;
      this.headerFields = read.fields;
    }
    const uid = identity?.uid;
    const uuid = uid !== undefined && uuidPattern.test(uid) ? uid.toLowerCase() : this.metadataUuid;
    this.trace = {
      version: '2',
      ...(uuid === undefined ? {} : { uuid }),
      ...(this.metadataUuid === undefined || this.metadataUuid === uuid
        ? {}
        : { metadataUuid: this.metadataUuid }),
      ...(identity === undefined ? {} : { identity }),
      byteOrder: packetByteOrderOf(packetHeader),
      environment,
      ...(packetHeader === undefined ? {} : { packetHeader }),
      ...reader.attributes(),
    };
    if (this.isLttng) {
      for (const [id, clock] of this.clocks) this.clocks.set(id, { ...clock, absolute: true });
    }
  }

  private readScope(
    place: FragmentPlace,
    json: JsonValue,
    scope: Scope,
    clockName: string | undefined,
    known: KnownFields,
  ): { readonly structure: StructureFieldClass; readonly fields: ScopeFields } {
    const rules: ScopeRules = { scope, clockName, hasMetadataUuid: this.metadataUuid !== undefined };
    this.fields.locationValues.clear();
    const structure = this.fields.scope(place, json, rules);
    const fields = checkLocations(scope, structure, known, (location, message) =>
      this.fields.failAt(place, location, message),
    );
    return { structure, fields };
  }

  private dataStreamClass(reader: JsonObjectReader): void {
    const { place } = reader;
    const id = reader.unsigned('id') ?? 0n;
    if (this.streams.has(id)) {
      place.fail(reader.value('id') ?? place.json, `there is a data stream class ${id} already`);
    }
    const { identity } = this.identity(reader);
    const clockId = reader.text('default-clock-class-id');
    const clock = clockId === undefined ? undefined : this.clocks.get(clockId);
    if (clockId !== undefined && clock === undefined) {
      place.fail(
        reader.required('default-clock-class-id'),
        `no clock class \`${shorten(clockId)}\` is defined before`,
      );
    }
    const known = new Map<Scope, ScopeFields>();
    if (this.headerFields !== undefined) known.set('packet-header', this.headerFields);
    const scope = (key: string, name: Scope): StructureFieldClass | undefined => {
      const json = reader.value(key);
      if (json === undefined) return undefined;
      const { structure, fields } = this.readScope(place, json, name, clock?.name, known);
      known.set(name, fields);
      return structure;
    };
    const packetContext = scope('packet-context-field-class', 'packet-context');
    const eventHeader = scope('event-record-header-field-class', 'event-header');
    const eventCommonContext = scope('event-record-common-context-field-class', 'event-common-context');
    this.streams.set(id, {
      streamClass: {
        id,
        ...(identity === undefined ? {} : { identity }),
        ...(packetContext === undefined ? {} : { packetContext }),
        ...(eventHeader === undefined ? {} : { eventHeader }),
        ...(eventCommonContext === undefined ? {} : { eventCommonContext }),
        ...(clock === undefined ? {} : { clockClass: clock }),
        ...reader.attributes(),
      },
      eventClasses: [],
      eventIds: new Set(),
      known,
      place,
      json: place.json,
    });
  }

  private eventRecordClass(reader: JsonObjectReader): void {
    const { place } = reader;
    const streamId = reader.unsigned('data-stream-class-id') ?? 0n;
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      return place.fail(
        reader.value('data-stream-class-id') ?? place.json,
        `no data stream class ${streamId} is defined before`,
      );
    }
    const id = reader.unsigned('id') ?? 0n;
    if (stream.eventIds.has(id)) {
      place.fail(
        reader.value('id') ?? place.json,
        `the data stream class ${streamId} has an event record class ${id} already`,
      );
    }
    stream.eventIds.add(id);
    const { identity } = this.identity(reader);
    const known = new Map(stream.known);
    const clockName = stream.streamClass.clockClass?.name;
    const scope = (key: string, name: Scope): StructureFieldClass | undefined => {
      const json = reader.value(key);
      if (json === undefined) return undefined;
      const { structure, fields } = this.readScope(place, json, name, clockName, known);
      known.set(name, fields);
      return structure;
    };
    const specificContext = scope('specific-context-field-class', 'event-specific-context');
    const payload = scope('payload-field-class', 'event-payload');
    const logLevel = logLevelOf(reader);
    const emfUri = textAttribute(reader, 'emf-uri');
    const named = identity?.namespace !== undefined || identity?.uid !== undefined;
    stream.eventClasses.push({
      id,
      name: identity?.name ?? '',
      ...(named ? { identity } : {}),
      ...(logLevel === undefined ? {} : { logLevel }),
      ...(emfUri === undefined ? {} : { emfUri }),
      ...(specificContext === undefined ? {} : { specificContext }),
      ...(payload === undefined ? {} : { payload }),
      ...reader.attributes(),
    });
  }

  /** The whole, once all fragments were taken. */
  finish(fileName: string, text: string): TraceClass {
    const end = placeOf(fileName, text, text.length);
    if (!this.hasPreamble) {
      throw new SpoorError('ctf/metadata-invalid', 'the metadata has no fragments', {
        where: end,
      });
    }
    const [first] = this.streams.values();
    if (first === undefined) {
      throw new SpoorError('ctf/metadata-invalid', 'the metadata has no data stream class', {
        where: end,
      });
    }
    const trace = this.trace ?? {
      version: '2',
      ...(this.metadataUuid === undefined ? {} : { uuid: this.metadataUuid }),
      byteOrder: 'le' as const,
      environment: new Map<string, string | bigint>(),
    };
    if (this.streams.size > 1 && !hasRole(trace.packetHeader, 'data-stream-class-id')) {
      first.place.fail(
        first.json,
        'with several data stream classes, a field of the packet header must have the role `data-stream-class-id`',
      );
    }
    const streamClasses = Array.from(this.streams.values(), (stream): StreamClass => {
      const { streamClass, eventClasses, place, json } = stream;
      if (eventClasses.length > 1 && !hasRole(streamClass.eventHeader, 'event-record-class-id')) {
        place.fail(
          json,
          'with several event record classes, a field of the event record header must have the role `event-record-class-id`',
        );
      }
      // The trace class may have told since that its clocks are LTTng's.
      const clock =
        streamClass.clockClass === undefined ? undefined : this.clocks.get(streamClass.clockClass.name);
      return { ...streamClass, ...(clock === undefined ? {} : { clockClass: clock }), eventClasses };
    });
    return { ...trace, clockClasses: [...this.clocks.values()], streamClasses };
  }
}

function textAttribute(reader: JsonObjectReader, key: string): string | undefined {
  for (const namespace of attributeNamespaces) {
    const value = reader.attribute(namespace, key);
    if (value?.kind === 'string') return value.text;
  }
  return undefined;
}

function logLevelOf(reader: JsonObjectReader): number | undefined {
  const text = textAttribute(reader, 'log-level');
  const level = text === undefined ? -1 : logLevels.indexOf(text.replace(':', '-'));
  return level < 0 ? undefined : level;
}

/** Metadata as far as it stands whole, and the error that tells of the rest. */
export interface Ctf2Metadata {
  readonly traceClass: TraceClass;
  /** Set when the last fragment is cut short. */
  readonly cut?: SpoorError;
}

/**
 * Reads the text of CTF 2 metadata. Errors are SpoorErrors with `where` as `FILE:LINE:COLUMN` and a message that names the
 * fragment (counted from 1) and the path in it: `ctf/metadata-syntax`, `ctf/metadata-invalid`, `ctf/metadata-version`
 * and `ctf/metadata-extension`. A last fragment that is cut short is told of in the result.
 */
export function parseCtf2(text: string, fileName: string): Ctf2Metadata {
  const builder = new MetadataBuilder();
  let number = 0;
  let cut: SpoorError | undefined;
  for (let start = 0; start < text.length;) {
    let end = text.indexOf(fragmentStart, start);
    if (end < 0) end = text.length;
    if (/\S/.test(text.slice(start, end))) {
      number += 1;
      let json: JsonValue;
      try {
        json = parseJson(text, start, end);
      } catch (error) {
        if (!(error instanceof JsonError)) throw error;
        const where = placeOf(fileName, text, error.at);
        cut = new SpoorError('ctf/metadata-syntax', `fragment ${number}: ${error.message}`, { where });
        if (!error.atEnd || end < text.length || number === 1) throw cut;
        break;
      }
      builder.add(new FragmentPlace(fileName, text, number, json));
    }
    start = end + 1;
  }
  try {
    const traceClass = builder.finish(fileName, text);
    return cut === undefined ? { traceClass } : { traceClass, cut };
  } catch (error) {
    throw cut ?? error;
  }
}
