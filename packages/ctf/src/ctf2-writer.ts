/**
 * Writes the model as metadata of CTF 2: a JSON text sequence of one fragment a line, always the same for equal models.
 * Properties that say what holds without them are left out; field classes that occur again and again get an alias.
 */
import { SpoorError } from '@spoor/base';
import { attributesProperty, Ctf2FieldClassWriter, fieldClassAliases } from './ctf2-field-class-writer.ts';
import { attributeNamespaces, fragmentStart, logLevels } from './ctf2-names.ts';
import { checkLocations, type ScopeFields } from './ctf2-locations.ts';
import { hasRole } from './field-classes.ts';
import { formatJson, jsonObject, type JsonObjectText, type JsonText } from './json-writer.ts';
import type {
  AttributeValue,
  ClockClass,
  EventClass,
  FieldLocation,
  Identity,
  Scope,
  StreamClass,
  StructureFieldClass,
  TraceClass,
} from './model.ts';

type Properties = readonly (readonly [string, JsonText | undefined])[];

function identityProperties(identity: Identity | undefined): Properties {
  return [
    ['namespace', identity?.namespace],
    ['name', identity?.name],
    ['uid', identity?.uid],
  ];
}

function uuidBytes(uuid: string): readonly number[] {
  const digits = uuid.replaceAll('-', '');
  return Array.from({ length: 16 }, (_, at) => parseInt(digits.slice(at * 2, at * 2 + 2), 16));
}

function clockProperties(clock: ClockClass): Properties {
  const { offsetSeconds, offsetTicks, frequencyHz } = clock;
  // The format counts whole seconds first: cycles are what is less than a second, and never negative.
  let seconds = offsetSeconds + offsetTicks / frequencyHz;
  let cycles = offsetTicks % frequencyHz;
  if (cycles < 0n) {
    seconds -= 1n;
    cycles += frequencyHz;
  }
  if (BigInt.asIntN(64, seconds) !== seconds) {
    throw new SpoorError(
      'ctf/not-expressible',
      `CTF 2 has no words for a clock ${seconds} seconds from its origin`,
      {
        where: clock.name,
      },
    );
  }
  const origin =
    clock.origin !== undefined
      ? jsonObject(...identityProperties(clock.origin))
      : clock.absolute
        ? 'unix-epoch'
        : undefined;
  const offset = jsonObject(
    ['seconds', seconds === 0n ? undefined : seconds],
    ['cycles', cycles === 0n ? undefined : cycles],
  );
  return [
    ['id', clock.name],
    ...identityProperties(clock.identity),
    ['description', clock.description],
    ['frequency', frequencyHz],
    ['origin', origin],
    ['offset-from-origin', offset.size === 0 ? undefined : offset],
    ['precision', clock.precisionTicks === 0n ? undefined : clock.precisionTicks],
    ['accuracy', clock.accuracyTicks],
    attributesProperty(clock),
  ];
}

function isObject(value: AttributeValue | undefined): value is { readonly [key: string]: AttributeValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The attributes of an event class, with its log level and link where they do not say them already. */
function eventAttributes({ logLevel, emfUri, attributes }: EventClass): JsonText | undefined {
  const said = (key: string): boolean =>
    attributeNamespaces.some((namespace) => {
      const own = attributes?.[namespace];
      return isObject(own) && Object.hasOwn(own, key);
    });
  const added: Record<string, AttributeValue> = {};
  const level = logLevel === undefined ? undefined : logLevels[logLevel];
  if (level !== undefined && !said('log-level')) added['log-level'] = level;
  if (emfUri !== undefined && !said('emf-uri')) added['emf-uri'] = emfUri;
  if (Object.keys(added).length === 0) return attributes;
  const [namespace] = attributeNamespaces;
  const before = attributes?.[namespace];
  return {
    ...attributes,
    [namespace]: { ...(isObject(before) ? before : {}), ...added },
  };
}

class MetadataWriter {
  private text = '';
  private readonly traceClass: TraceClass;
  private readonly fields: Ctf2FieldClassWriter;
  private readonly aliases: ReturnType<typeof fieldClassAliases>;

  constructor(traceClass: TraceClass) {
    this.traceClass = traceClass;
    this.aliases = fieldClassAliases(allScopes(traceClass));
    this.fields = new Ctf2FieldClassWriter(this.aliases);
  }

  write(): string {
    const { traceClass } = this;
    const uuid = traceClass.metadataUuid ?? traceClass.uuid;
    this.add('preamble', [
      ['version', 2],
      ['uuid', uuid === undefined ? undefined : uuidBytes(uuid)],
    ]);
    for (const [name, fieldClass] of this.aliases) {
      this.add('field-class-alias', [
        ['name', name],
        ['field-class', this.fields.aliasText(fieldClass)],
      ]);
    }
    for (const clock of traceClass.clockClasses) this.add('clock-class', clockProperties(clock));
    const known = new Map<Scope, ScopeFields>();
    this.traceClassFragment(known);
    this.checkIds();
    for (const stream of traceClass.streamClasses) this.streamClass(stream, new Map(known));
    return this.text;
  }

  private add(type: string, properties: Properties): void {
    this.text += `${fragmentStart}${formatJson(jsonObject(['type', type], ...properties))}\n`;
  }

  private traceClassFragment(known: Map<Scope, ScopeFields>): void {
    const { identity, environment, packetHeader, attributes } = this.traceClass;
    const header = this.scope('packet-header', packetHeader, known);
    const properties: Properties = [
      ...identityProperties(identity),
      ['environment', environment.size === 0 ? undefined : (environment as JsonObjectText)],
      ['packet-header-field-class', header],
      ['attributes', attributes],
    ];
    if (properties.some(([, value]) => value !== undefined)) this.add('trace-class', properties);
  }

  /** With several classes something must tell which one a packet or an event is of. */
  private checkIds(): void {
    const { streamClasses, packetHeader } = this.traceClass;
    const refuse = (what: string): never => {
      throw new SpoorError('ctf/not-expressible', `CTF 2 has no words for ${what}`);
    };
    if (streamClasses.length === 0) refuse('a trace without stream classes');
    if (streamClasses.length > 1 && !hasRole(packetHeader, 'data-stream-class-id')) {
      refuse('several stream classes without a field of the packet header that tells which');
    }
    for (const { eventClasses, eventHeader } of streamClasses) {
      if (eventClasses.length > 1 && !hasRole(eventHeader, 'event-record-class-id')) {
        refuse('several event classes without a field of the event header that tells which');
      }
    }
  }

  private streamClass(stream: StreamClass, known: Map<Scope, ScopeFields>): void {
    const { id, identity, packetContext, eventHeader, eventCommonContext, clockClass, eventClasses } = stream;
    this.add('data-stream-class', [
      ['id', id],
      ...identityProperties(identity),
      ['default-clock-class-id', clockClass?.name],
      ['packet-context-field-class', this.scope('packet-context', packetContext, known)],
      ['event-record-header-field-class', this.scope('event-header', eventHeader, known)],
      [
        'event-record-common-context-field-class',
        this.scope('event-common-context', eventCommonContext, known),
      ],
      attributesProperty(stream),
    ]);
    for (const eventClass of eventClasses) this.eventClass(eventClass, id, new Map(known));
  }

  private eventClass(event: EventClass, streamId: bigint, known: Map<Scope, ScopeFields>): void {
    const { namespace, uid } = event.identity ?? {};
    this.add('event-record-class', [
      ['id', event.id],
      ['data-stream-class-id', streamId],
      ['namespace', namespace],
      ['name', event.name === '' ? undefined : event.name],
      ['uid', uid],
      ['specific-context-field-class', this.scope('event-specific-context', event.specificContext, known)],
      ['payload-field-class', this.scope('event-payload', event.payload, known)],
      ['attributes', eventAttributes(event)],
    ]);
  }

  private scope(
    scope: Scope,
    structure: StructureFieldClass | undefined,
    known: Map<Scope, ScopeFields>,
  ): JsonText | undefined {
    if (structure === undefined) return undefined;
    const fail = (location: FieldLocation, message: string): never => {
      throw new SpoorError('ctf/not-expressible', `CTF 2 has no words for this reference: ${message}`, {
        where: `${location.scope}.${location.path.join('.')}`,
      });
    };
    known.set(scope, checkLocations(scope, structure, known, fail));
    return this.fields.scopeText(scope, structure);
  }
}

function* allScopes(traceClass: TraceClass): Generator<StructureFieldClass | undefined> {
  yield traceClass.packetHeader;
  for (const stream of traceClass.streamClasses) {
    yield stream.packetContext;
    yield stream.eventHeader;
    yield stream.eventCommonContext;
    for (const event of stream.eventClasses) {
      yield event.specificContext;
      yield event.payload;
    }
  }
}

/**
 * Writes a trace class of version 2 as metadata. One of CTF 1.8 must be made one of version 2 first (`raiseTraceClass`).
 * @throws SpoorError `ctf/not-expressible` for what the format has no words for, which only a class made by hand can be.
 */
export function formatCtf2(traceClass: TraceClass): string {
  if (traceClass.version !== '2') {
    throw new SpoorError('ctf/not-expressible', 'a trace class of CTF 1.8 is not one of CTF 2', {
      hint: 'make it one with raiseTraceClass',
    });
  }
  return new MetadataWriter(traceClass).write();
}
