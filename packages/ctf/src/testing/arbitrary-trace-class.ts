/** Random trace classes for property tests: everything that TSDL can express, nested and referring to each other. */
import { bigInt, nat, string, uuid, type GeneratorValue } from 'fast-check';
import { alignmentOf } from '../field-classes.ts';
import type {
  ByteOrder,
  ClockClass,
  EventClass,
  FieldClass,
  FieldLocation,
  IntegerFieldClass,
  Mapping,
  Role,
  Scope,
  StreamClass,
  StructureFieldClass,
  StructureMember,
  TraceClass,
  VariantOption,
} from '../model.ts';

type Gen = GeneratorValue;

/** None of these has a meaning in a header; several need escaping. */
const fieldNames = [
  'a',
  'b1',
  'Foo',
  '_x',
  '__y',
  '_',
  'struct',
  'int',
  'event',
  'align',
  'string',
  'q_',
  'len',
];
const labels = [
  'compact',
  '_one',
  '__two',
  'THREE',
  'four4',
  'VAL 1',
  'quote " and \\',
  'line\nbreak',
  'é漢',
];
const identifierLabels = labels.slice(0, 5);

interface Available {
  readonly location: FieldLocation;
  readonly fieldClass: IntegerFieldClass;
}

/** Makes one random trace class by asking `g` for every choice, so that fast-check can shrink it. */
export function arbitraryTraceClass(g: Gen): TraceClass {
  return new TraceClassMaker(g).make();
}

class TraceClassMaker {
  private readonly g: Gen;
  private byteOrder: ByteOrder = 'le';
  private clocks: readonly ClockClass[] = [];
  private available: Available[] = [];
  private scope: Scope = 'packet-header';
  private path: string[] = [];
  private budget = 60;

  constructor(g: Gen) {
    this.g = g;
  }

  make(): TraceClass {
    this.byteOrder = this.pick(['le', 'be']);
    this.clocks = this.times(2).map((index) => this.clock(`clock${index}`));
    const streamCount = this.upTo(2);
    const packetHeader =
      streamCount > 1 || this.maybe() ? this.packetHeader(streamCount > 1 || this.maybe()) : undefined;
    const afterHeader = this.available;
    const streamClasses = Array.from({ length: streamCount }, (_, index) => {
      this.available = [...afterHeader];
      return this.stream(BigInt(index * 3));
    });
    return {
      version: '1.8',
      ...(this.maybe() ? { uuid: this.g(uuid) } : {}),
      byteOrder: this.byteOrder,
      environment: new Map(
        this.times(3).map((index) => [`key_${index}`, this.maybe() ? this.text() : this.integer64()]),
      ),
      ...(packetHeader === undefined ? {} : { packetHeader }),
      clockClasses: this.clocks,
      streamClasses,
    };
  }

  private upTo(max: number): number {
    return this.g(nat, max);
  }

  private maybe(): boolean {
    return this.upTo(1) === 1;
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.upTo(from.length - 1)]!;
  }

  private times(max: number): number[] {
    return Array.from({ length: this.upTo(max) }, (_, index) => index);
  }

  private text(): string {
    return this.g(string, { unit: 'binary' as const }).replaceAll('\0', '');
  }

  private integer64(): bigint {
    return this.g(bigInt, { min: -(1n << 63n), max: (1n << 64n) - 1n });
  }

  private clock(name: string): ClockClass {
    return {
      name,
      ...(this.maybe() ? { uuid: this.g(uuid) } : {}),
      ...(this.maybe() ? { description: this.text() } : {}),
      frequencyHz: this.g(bigInt, { min: 1n, max: 1n << 63n }),
      precisionTicks: BigInt(this.upTo(100)),
      offsetSeconds: this.g(bigInt, { min: -(1n << 63n), max: 1n << 62n }),
      offsetTicks: this.g(bigInt, { min: -(1n << 63n), max: 1n << 62n }),
      absolute: this.maybe(),
    };
  }

  private begin(scope: Scope): void {
    this.scope = scope;
    this.path = [];
  }

  private finish(members: readonly StructureMember[]): StructureFieldClass {
    const extra = this.members(
      members.map(({ name }) => name),
      2,
      3,
    );
    return this.structure([...members, ...extra]);
  }

  private structure(members: readonly StructureMember[]): StructureFieldClass {
    const natural = Math.max(1, ...members.map(({ fieldClass }) => alignmentOf(fieldClass)));
    return { kind: 'structure', members, alignmentBits: Math.max(natural, this.pick([1, 8, 64])) };
  }

  private unsigned(lengthBits: number, roles: readonly Role[], clockName?: string): IntegerFieldClass {
    return {
      kind: 'integer',
      signed: false,
      lengthBits,
      byteOrder: this.byteOrder,
      alignmentBits: lengthBits % 8 === 0 ? 8 : 1,
      displayBase: 10,
      roles,
      ...(clockName === undefined ? {} : { clockName }),
    };
  }

  private packetHeader(withStreamId: boolean): StructureFieldClass {
    this.begin('packet-header');
    const members: StructureMember[] = [];
    if (this.maybe()) members.push({ name: 'magic', fieldClass: this.unsigned(32, ['packet-magic-number']) });
    if (this.maybe()) {
      const element = this.unsigned(8, []);
      const roles: readonly Role[] = ['metadata-stream-uuid'];
      members.push({
        name: 'uuid',
        fieldClass: { kind: 'static-array', length: 16, element, alignmentBits: 8, roles },
      });
    }
    if (withStreamId)
      members.push({ name: 'stream_id', fieldClass: this.unsigned(32, ['data-stream-class-id']) });
    return this.finish(members);
  }

  private packetContext(clockName: string | undefined): StructureFieldClass {
    this.begin('packet-context');
    const members: StructureMember[] = [];
    if (clockName !== undefined) {
      const begin = this.unsigned(64, ['default-clock-timestamp'], clockName);
      const end = this.unsigned(64, ['packet-end-default-clock-timestamp'], clockName);
      members.push(
        { name: 'timestamp_begin', fieldClass: begin },
        { name: 'timestamp_end', fieldClass: end },
      );
    }
    if (this.maybe()) {
      members.push({ name: 'content_size', fieldClass: this.unsigned(64, ['packet-content-length']) });
      members.push({ name: 'packet_size', fieldClass: this.unsigned(32, ['packet-total-length']) });
    }
    return this.finish(members);
  }

  private eventHeader(clockName: string | undefined): StructureFieldClass {
    this.begin('event-header');
    const timestamp = (lengthBits: number): StructureMember[] =>
      clockName === undefined
        ? []
        : [
            {
              name: 'timestamp',
              fieldClass: this.unsigned(lengthBits, ['default-clock-timestamp'], clockName),
            },
          ];
    const id = this.unsigned(32, ['event-record-class-id']);
    if (this.maybe()) return this.finish([{ name: 'id', fieldClass: id }, ...timestamp(64)]);
    const mappings: readonly Mapping[] = [
      { label: 'compact', ranges: [{ lower: 0n, upper: 30n }] },
      { label: 'extended', ranges: [{ lower: 31n, upper: 31n }] },
    ];
    const option = (name: string, mapping: Mapping, members: StructureMember[]): VariantOption => ({
      name,
      ranges: mapping.ranges,
      fieldClass: this.structure(members),
    });
    const options = [
      option('compact', mappings[0]!, timestamp(27)),
      option('extended', mappings[1]!, [{ name: 'id', fieldClass: id }, ...timestamp(64)]),
    ];
    return this.finish([
      { name: 'id', fieldClass: { ...this.unsigned(5, ['event-record-class-id']), mappings } },
      {
        name: 'v',
        fieldClass: { kind: 'variant', selectorLocation: { scope: 'event-header', path: ['id'] }, options },
      },
    ]);
  }

  private stream(id: bigint): StreamClass {
    const clockClass = this.clocks.length > 0 && this.maybe() ? this.pick(this.clocks) : undefined;
    const packetContext =
      clockClass !== undefined || this.maybe() ? this.packetContext(clockClass?.name) : undefined;
    const eventHeader = this.maybe() ? this.eventHeader(clockClass?.name) : undefined;
    this.begin('event-common-context');
    const eventCommonContext = this.maybe() ? this.finish([]) : undefined;
    const before = this.available;
    const eventClasses = Array.from({ length: this.upTo(eventHeader === undefined ? 1 : 3) }, (_, index) => {
      this.available = [...before];
      return this.event(BigInt(index) * 7n);
    });
    return {
      id,
      ...(packetContext === undefined ? {} : { packetContext }),
      ...(eventHeader === undefined ? {} : { eventHeader }),
      ...(eventCommonContext === undefined ? {} : { eventCommonContext }),
      ...(clockClass === undefined ? {} : { clockClass }),
      eventClasses,
    };
  }

  private event(id: bigint): EventClass {
    const emfUri = this.text();
    this.begin('event-specific-context');
    const specificContext = this.maybe() ? this.finish([]) : undefined;
    this.begin('event-payload');
    const payload = this.upTo(3) > 0 ? this.finish([]) : undefined;
    return {
      id,
      name: this.text(),
      ...(this.maybe() ? { logLevel: this.upTo(14) } : {}),
      ...(emfUri === '' ? {} : { emfUri }),
      ...(specificContext === undefined ? {} : { specificContext }),
      ...(payload === undefined ? {} : { payload }),
    };
  }

  private members(taken: readonly string[], max: number, depth: number): StructureMember[] {
    const names = new Set(taken);
    const members: StructureMember[] = [];
    for (const _ of this.times(this.scope === 'event-payload' ? max + 3 : max)) {
      const name = this.pick(fieldNames);
      if (names.has(name)) continue;
      names.add(name);
      const fieldClass = this.fieldClass(name, depth);
      members.push({ name, fieldClass });
      if (fieldClass.kind === 'integer') {
        this.available.push({ location: { scope: this.scope, path: [...this.path, name] }, fieldClass });
      }
    }
    return members;
  }

  private fieldClass(name: string, depth: number): FieldClass {
    this.budget -= 1;
    const simple = depth === 0 || this.budget <= 0;
    switch (this.upTo(simple ? 4 : 8)) {
      case 0:
        return { ...this.anyInteger(false), signed: false };
      case 1:
        return this.anyInteger(true);
      case 2: {
        const lengthBits = this.pick([16, 32, 64, 128] as const);
        return {
          kind: 'float',
          lengthBits,
          byteOrder: this.pick(['le', 'be']),
          alignmentBits: this.pick([1, 8, 32]),
        };
      }
      case 3:
        return { kind: 'string', encoding: this.pick(['utf-8', 'ascii']) };
      case 4:
        return this.enumeration();
      case 5:
        return this.within(name, () => this.structure(this.members([], 3, depth - 1)));
      case 6: {
        const element = this.element(name, depth);
        return { kind: 'static-array', length: this.upTo(20), element, alignmentBits: alignmentOf(element) };
      }
      case 7: {
        const lengths = this.available.filter(({ fieldClass }) => !fieldClass.signed);
        if (lengths.length === 0) return { kind: 'string', encoding: 'utf-8' };
        const lengthLocation = this.pick(lengths).location;
        const element = this.element(name, depth);
        return { kind: 'dynamic-array', lengthLocation, element, alignmentBits: alignmentOf(element) };
      }
      default:
        return this.variant(name, depth);
    }
  }

  /** What is within an array or an option cannot be referred to from outside. */
  private within<T>(name: string | undefined, make: () => T): T {
    const count = this.available.length;
    if (name !== undefined) this.path.push(name);
    const made = make();
    if (name !== undefined) this.path.pop();
    this.available.length = count;
    return made;
  }

  private element(name: string, depth: number): FieldClass {
    return this.within(undefined, () => this.fieldClass(name, depth - 1));
  }

  private variant(name: string, depth: number): FieldClass {
    const tags = this.available.filter(({ fieldClass }) => fieldClass.mappings !== undefined);
    if (tags.length === 0) return { kind: 'string', encoding: 'utf-8' };
    const tag = this.pick(tags);
    const options: VariantOption[] = [];
    const makeOption = (optionName: string): FieldClass =>
      this.within(optionName, () => {
        // The option is not a structure of its own: `fieldClass` adds its name to the path if it makes one.
        this.path.pop();
        const made = this.fieldClass(optionName, depth - 1);
        this.path.push(optionName);
        return made;
      });
    this.path.push(name);
    for (const { label, ranges } of tag.fieldClass.mappings ?? []) {
      if (!identifierLabels.includes(label) || this.upTo(3) === 0) continue;
      const shown = label.startsWith('_') ? label.slice(1) : label;
      options.push({ name: shown, ranges, fieldClass: makeOption(shown) });
    }
    if (this.upTo(4) === 0) options.push({ name: 'never', ranges: [], fieldClass: makeOption('never') });
    this.path.pop();
    return { kind: 'variant', selectorLocation: tag.location, options };
  }

  private anyInteger(withClock: boolean): IntegerFieldClass {
    const named =
      withClock &&
      this.scope.startsWith('event-') &&
      this.scope !== 'event-header' &&
      this.clocks.length > 0 &&
      this.maybe();
    return {
      kind: 'integer',
      signed: this.maybe(),
      lengthBits: this.pick([1, 3, 5, 8, 16, 17, 27, 32, 63, 64, 65, 128]),
      byteOrder: this.pick(['le', 'be']),
      alignmentBits: this.pick([1, 2, 8, 32, 64]),
      displayBase: this.pick([2, 8, 10, 16]),
      ...(this.upTo(3) === 0 ? { encoding: this.pick(['utf-8', 'ascii'] as const) } : {}),
      roles: [],
      ...(named ? { clockName: this.pick(this.clocks).name } : {}),
    };
  }

  private enumeration(): IntegerFieldClass {
    const integer = this.anyInteger(false);
    const half = 1n << BigInt(Math.min(integer.lengthBits, 64) - 1);
    const [min, max] = integer.signed ? [-half, half - 1n] : [0n, half * 2n - 1n];
    const taken = new Set<string>();
    const mappings: Mapping[] = [];
    for (const _ of Array.from({ length: 1 + this.upTo(4) })) {
      const label = this.pick(labels);
      if (taken.has(label)) continue;
      taken.add(label);
      const ranges = Array.from({ length: 1 + this.upTo(1) }, () => {
        const [one, other] = [this.g(bigInt, { min, max }), this.g(bigInt, { min, max })];
        return one < other ? { lower: one, upper: other } : { lower: other, upper: one };
      });
      mappings.push({ label, ranges });
    }
    return { ...integer, mappings };
  }
}
