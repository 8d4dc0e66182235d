/**
 * Makes a trace class of CTF 1.8 one of CTF 2. The bytes of packets stay as they are: every field keeps its place, its
 * size and its value, so that streams can be copied without a look at them. What is lost has no meaning to readers: the
 * encoding of an integer that is no part of a text, clocks of integers that are no time stamps.
 */
import { SpoorError } from '@spoor/base';
import { integerRoles, packetByteOrderOf } from './ctf2-names.ts';
import { isCharacter } from './field-classes.ts';
import type {
  ClockClass,
  EventClass,
  FieldClass,
  FieldLocation,
  IntegerFieldClass,
  IntegerRange,
  Mapping,
  Role,
  Scope,
  StreamClass,
  StructureFieldClass,
  TraceClass,
  VariantFieldClass,
  VariantOption,
} from './model.ts';

type ScopeClasses = Map<Scope, StructureFieldClass>;

const least64 = -(1n << 63n);
const most64 = (1n << 64n) - 1n;

/** What is left of a range when others are taken out. */
function without(range: IntegerRange, taken: readonly IntegerRange[]): readonly IntegerRange[] {
  let left: readonly IntegerRange[] = [range];
  for (const other of taken) {
    left = left.flatMap(({ lower, upper }) => {
      if (other.upper < lower || other.lower > upper) return [{ lower, upper }];
      return [
        ...(lower < other.lower ? [{ lower, upper: other.lower - 1n }] : []),
        ...(upper > other.upper ? [{ lower: other.upper + 1n, upper }] : []),
      ];
    });
  }
  return left;
}

function raisedClock(clock: ClockClass): ClockClass {
  const { name, uuid } = clock;
  return clock.identity === undefined
    ? { ...clock, identity: { name, ...(uuid === undefined ? {} : { uid: uuid }) } }
    : clock;
}

/** What paths go on from: the element of an array, the field that may not be there. */
function contentOf(fieldClass: FieldClass | undefined): FieldClass | undefined {
  let at = fieldClass;
  for (;;) {
    if (at?.kind === 'static-array' || at?.kind === 'dynamic-array') at = at.element;
    else if (at?.kind === 'optional') at = at.fieldClass;
    else return at;
  }
}

class Raiser {
  private readonly traceClass: TraceClass;
  private readonly clocks: ReadonlyMap<string, ClockClass>;
  private scopes: ScopeClasses = new Map();
  private scope: Scope = 'packet-header';
  private clockName: string | undefined;
  /** Names that lead to what is being raised. */
  private path: string[] = [];

  constructor(traceClass: TraceClass) {
    this.traceClass = traceClass;
    this.clocks = new Map(traceClass.clockClasses.map((clock) => [clock.name, raisedClock(clock)]));
  }

  raise(): TraceClass {
    const { packetHeader, streamClasses, ...rest } = this.traceClass;
    const header = this.structureOf('packet-header', packetHeader, new Map());
    const known: ScopeClasses = new Map(packetHeader === undefined ? [] : [['packet-header', packetHeader]]);
    return {
      ...rest,
      version: '2',
      byteOrder: packetByteOrderOf(header),
      ...(header === undefined ? {} : { packetHeader: header }),
      clockClasses: [...this.clocks.values()],
      streamClasses: streamClasses.map((stream) => this.streamClass(stream, new Map(known))),
    };
  }

  private streamClass(stream: StreamClass, known: ScopeClasses): StreamClass {
    const { packetContext, eventHeader, eventCommonContext, clockClass, eventClasses, ...rest } = stream;
    this.clockName = clockClass?.name;
    const clock = clockClass === undefined ? undefined : (this.clocks.get(clockClass.name) ?? clockClass);
    const context = this.structureOf('packet-context', packetContext, known);
    const header = this.structureOf('event-header', eventHeader, known);
    const common = this.structureOf('event-common-context', eventCommonContext, known);
    return {
      ...rest,
      ...(context === undefined ? {} : { packetContext: context }),
      ...(header === undefined ? {} : { eventHeader: header }),
      ...(common === undefined ? {} : { eventCommonContext: common }),
      ...(clock === undefined ? {} : { clockClass: clock }),
      eventClasses: eventClasses.map((event) => this.eventClass(event, new Map(known))),
    };
  }

  private eventClass(event: EventClass, known: ScopeClasses): EventClass {
    const { specificContext, payload, ...rest } = event;
    const context = this.structureOf('event-specific-context', specificContext, known);
    const fields = this.structureOf('event-payload', payload, known);
    return {
      ...rest,
      ...(context === undefined ? {} : { specificContext: context }),
      ...(fields === undefined ? {} : { payload: fields }),
    };
  }

  /** The structure of a scope; `known` has the scopes before it, and afterwards it too. */
  private structureOf(
    scope: Scope,
    structure: StructureFieldClass | undefined,
    known: ScopeClasses,
  ): StructureFieldClass | undefined {
    if (structure === undefined) return undefined;
    known.set(scope, structure);
    this.scopes = known;
    this.scope = scope;
    this.path = [];
    return this.structure(structure);
  }

  private structure(structure: StructureFieldClass): StructureFieldClass {
    const members = structure.members.map((member, index) => {
      this.path.push(member.name);
      const fieldClass = this.fieldClass(member.fieldClass, this.path.length === 1 && index === 0);
      this.path.pop();
      return { ...member, fieldClass };
    });
    return { ...structure, members };
  }

  private fieldClass(fieldClass: FieldClass, isFirst = false): FieldClass {
    switch (fieldClass.kind) {
      case 'integer':
        return this.integer(fieldClass, isFirst);
      case 'float':
      case 'bit-array':
      case 'boolean':
      case 'static-string':
      case 'static-blob':
        return fieldClass;
      case 'string':
        return fieldClass.encoding === 'ascii' ? { ...fieldClass, encoding: 'utf-8' } : fieldClass;
      case 'dynamic-string':
      case 'dynamic-blob':
        return { ...fieldClass, lengthLocation: this.location(fieldClass.lengthLocation) };
      case 'structure':
        return this.structure(fieldClass);
      case 'static-array': {
        const { length, element, alignmentBits, roles, ...rest } = fieldClass;
        const isBytes = element.kind === 'integer' && element.lengthBits === 8 && element.alignmentBits === 8;
        if (roles !== undefined && isBytes && length === 16 && alignmentBits <= 8 && this.hasUuid) {
          return { kind: 'static-blob', lengthBytes: 16, mediaType: 'application/octet-stream', roles };
        }
        if (isCharacter(element) && alignmentBits <= 8) {
          return { kind: 'static-string', lengthBytes: length, encoding: 'utf-8' };
        }
        return { ...rest, length, element: this.fieldClass(element), alignmentBits };
      }
      case 'dynamic-array': {
        const { element, alignmentBits } = fieldClass;
        const lengthLocation = this.location(fieldClass.lengthLocation);
        if (isCharacter(element) && alignmentBits <= 8) {
          return { kind: 'dynamic-string', lengthLocation, encoding: 'utf-8' };
        }
        return { ...fieldClass, lengthLocation, element: this.fieldClass(element) };
      }
      case 'optional':
        return {
          ...fieldClass,
          selectorLocation: this.location(fieldClass.selectorLocation),
          fieldClass: this.fieldClass(fieldClass.fieldClass),
        };
      case 'variant':
        return this.variant(fieldClass);
      default:
        return fieldClass satisfies never;
    }
  }

  private get hasUuid(): boolean {
    return this.traceClass.uuid !== undefined || this.traceClass.metadataUuid !== undefined;
  }

  private integer(integer: IntegerFieldClass, isFirst: boolean): IntegerFieldClass {
    const { encoding: _, clockName: __, mappings, roles, ...rest } = integer;
    const kept = roles.filter((role) => this.keepsRole(role, integer, isFirst));
    const timed = kept.some((role) => role.endsWith('default-clock-timestamp'));
    // The ids of event classes are not negative, whatever their field may hold.
    const signed = integer.signed && kept.length === 0;
    const labels = (mappings ?? []).flatMap((mapping) => this.mapping(mapping, signed));
    return {
      ...rest,
      signed,
      ...(labels.length === 0 ? {} : { mappings: labels }),
      roles: kept,
      ...(timed && this.clockName !== undefined ? { clockName: this.clockName } : {}),
    };
  }

  /** Ranges beyond 64 bits of this sign hold no value that a field can have. */
  private mapping({ label, ranges }: Mapping, signed: boolean): readonly Mapping[] {
    const [least, most] = signed ? [least64, most64 >> 1n] : [0n, most64];
    const kept = ranges
      .filter(({ lower, upper }) => upper >= least && lower <= most)
      .map(({ lower, upper }) => ({
        lower: lower < least ? least : lower,
        upper: upper > most ? most : upper,
      }));
    return kept.length === 0 ? [] : [{ label, ranges: kept }];
  }

  private keepsRole(role: Role, integer: IntegerFieldClass, isFirst: boolean): boolean {
    if (integerRoles[this.scope]?.includes(role) !== true) return false;
    if (role === 'packet-magic-number') return isFirst && integer.lengthBits === 32;
    return !role.endsWith('default-clock-timestamp') || this.clockName !== undefined;
  }

  private variant(variant: VariantFieldClass): VariantFieldClass {
    const taken: IntegerRange[] = [];
    const options: VariantOption[] = [];
    for (const option of variant.options) {
      // Where two options have a value, the first is chosen; one that is never chosen is not there.
      const ranges = option.ranges.flatMap((range) => without(range, taken));
      taken.push(...option.ranges);
      if (ranges.length === 0) continue;
      options.push({ ...option, ranges, fieldClass: this.fieldClass(option.fieldClass) });
    }
    if (options.length === 0) {
      throw new SpoorError(
        'ctf/not-expressible',
        'CTF 2 has no words for a variant without an option that can be chosen',
        {
          where: `${this.scope}.${this.path.join('.')}`,
        },
      );
    }
    return { ...variant, selectorLocation: this.location(variant.selectorLocation), options };
  }

  /** The same location without the names of options, which paths of CTF 2 do not have. */
  private location({ scope, path }: FieldLocation): FieldLocation {
    const bare: string[] = [];
    let at: FieldClass | undefined = this.scopes.get(scope);
    for (const name of path) {
      at = contentOf(at);
      if (at?.kind === 'variant') {
        at = at.options.find((option) => option.name === name)?.fieldClass;
        continue;
      }
      bare.push(name);
      at =
        at?.kind === 'structure' ? at.members.find((member) => member.name === name)?.fieldClass : undefined;
    }
    return { scope, path: bare };
  }
}

/**
 * The trace class as one of CTF 2, of equal packets; one that is of CTF 2 already is returned as it is.
 * @throws SpoorError `ctf/not-expressible` for a variant of which no option can be chosen.
 */
export function raiseTraceClass(traceClass: TraceClass): TraceClass {
  return traceClass.version === '2' ? traceClass : new Raiser(traceClass).raise();
}
