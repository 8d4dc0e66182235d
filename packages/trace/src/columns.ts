/** Values of many events as typed arrays. */
import { SpoorError } from '@spoor/base';
import { jsonOf, type EventClassInfo } from '@spoor/components';
import {
  EnumValue,
  FlagsValue,
  type FieldClass,
  type FieldValue,
  type StructureFieldClass,
} from '@spoor/ctf';
import type { TraceEvent } from './trace-event.ts';

/** Names that `columns` takes. Deeper members are told by more points: `fields.header.size`. */
export type ColumnName =
  'time' | 'timeNs' | 'cpu' | 'stream' | 'name' | `fields.${string}` | `context.${string}`;

/** Texts, each kept once. */
export interface TextColumn {
  /** Index into `texts` by row; -1 where the event has no such member. */
  readonly codes: Int32Array;
  readonly texts: readonly string[];
  /** The text of a row. */
  at(row: number): string | undefined;
}

/**
 * Values of a member. Integers of up to 53 bits, floats and booleans are doubles, NaN where the event has no such member;
 * wider integers are 64-bit, 0 where it has none; enumerations, strings and all else are texts.
 */
export type MemberColumn = Float64Array | BigInt64Array | BigUint64Array | TextColumn;

/** What is in a column. */
export type ColumnOf<Name extends ColumnName> = Name extends 'time'
  ? BigInt64Array
  : Name extends 'timeNs'
    ? Float64Array
    : Name extends 'cpu' | 'stream'
      ? Int32Array
      : Name extends 'name'
        ? TextColumn
        : MemberColumn;

/** Columns by their names, and how many rows they have. */
export type Columns<Names extends ColumnName> = { readonly rowCount: number } & {
  readonly [Name in Names]: ColumnOf<Name>;
};

type NumberArray = Float64Array | Int32Array | BigInt64Array | BigUint64Array;

/** A typed array that grows. */
class Growing<Values extends NumberArray> {
  values: Values;
  private readonly make: (length: number) => Values;

  constructor(make: (length: number) => Values) {
    this.make = make;
    this.values = make(4096);
  }

  /** Makes room for a row. */
  reserve(row: number): Values {
    if (row >= this.values.length) {
      const larger = this.make(this.values.length * 2);
      larger.set(this.values as never);
      this.values = larger;
    }
    return this.values;
  }

  cut(count: number): Values {
    return this.values.slice(0, count) as Values;
  }
}

/** Gathers one column. */
interface ColumnBuilder {
  add(row: number, event: TraceEvent): void;
  finish(count: number): NumberArray | TextColumn;
}

function numbers<Values extends NumberArray>(
  make: (length: number) => Values,
  valueOf: (event: TraceEvent) => Values[number],
): ColumnBuilder {
  const growing = new Growing(make);
  return {
    add: (row, event) => {
      growing.reserve(row)[row] = valueOf(event);
    },
    finish: (count) => growing.cut(count),
  };
}

function texts(textOf: (event: TraceEvent) => string | undefined): ColumnBuilder {
  const growing = new Growing((length) => new Int32Array(length));
  const codeOf = new Map<string, number>();
  return {
    add: (row, event) => {
      const text = textOf(event);
      let code = text === undefined ? -1 : codeOf.get(text);
      if (code === undefined) {
        code = codeOf.size;
        codeOf.set(text!, code);
      }
      growing.reserve(row)[row] = code;
    },
    finish: (count) => {
      const codes = growing.cut(count);
      const all = [...codeOf.keys()];
      return { codes, texts: all, at: (row) => all[codes[row]!] };
    },
  };
}

/** How values of a class are kept. */
type Kind = 'number' | 'signed' | 'unsigned' | 'text';

function kindOf(fieldClass: FieldClass): Kind {
  if (fieldClass.kind === 'float' || fieldClass.kind === 'boolean') return 'number';
  if (fieldClass.kind !== 'integer' || fieldClass.mappings !== undefined) return 'text';
  if (fieldClass.lengthBits <= 53) return 'number';
  if (fieldClass.lengthBits > 64) return 'text';
  return fieldClass.signed ? 'signed' : 'unsigned';
}

function memberOf(
  structure: StructureFieldClass | undefined,
  path: readonly string[],
): FieldClass | undefined {
  let at: FieldClass | undefined = structure;
  for (const name of path) {
    if (at?.kind !== 'structure') return undefined;
    at = at.members.find((member) => member.name === name)?.fieldClass;
  }
  return at;
}

function classesOf(scope: string, path: readonly string[], classes: readonly EventClassInfo[]): FieldClass[] {
  return classes.flatMap(({ eventClass, streamClass }) => {
    const structures =
      scope === 'fields'
        ? [eventClass.payload]
        : [eventClass.specificContext, streamClass.eventCommonContext, streamClass.packetContext];
    for (const structure of structures) {
      const found = memberOf(structure, path);
      if (found !== undefined) return [found];
    }
    return [];
  });
}

function plainNumber(value: FieldValue | undefined): number {
  return typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : NaN;
}

function wideInteger(value: FieldValue | undefined): bigint {
  return typeof value === 'number' || typeof value === 'bigint' ? BigInt(value) : 0n;
}

function textOf(value: FieldValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof EnumValue || value instanceof FlagsValue) return value.toString();
  return typeof value === 'object' ? jsonOf(value) : String(value);
}

function memberBuilder(name: string, classes: readonly EventClassInfo[]): ColumnBuilder {
  const [scope = '', ...path] = name.split('.');
  const [first = ''] = path;
  const valueOf = (event: TraceEvent): FieldValue | undefined => {
    let value = (scope === 'fields' ? event.fields : event.context)[first];
    for (let depth = 1; depth < path.length; depth++) {
      value = (value as { readonly [member: string]: FieldValue } | undefined)?.[path[depth]!];
    }
    return value;
  };
  const kinds = new Set(classesOf(scope, path, classes).map(kindOf));
  if (kinds.size === 0) {
    throw new SpoorError('trace/column', `no event that is asked for has ${name}`, {
      hint: 'names are fields.NAME and context.NAME',
    });
  }
  const [only = 'text'] = kinds;
  const kind = kinds.size === 1 ? only : 'text';
  switch (kind) {
    case 'number':
      return numbers(
        (length) => new Float64Array(length),
        (event) => plainNumber(valueOf(event)),
      );
    case 'signed':
      return numbers(
        (length) => new BigInt64Array(length),
        (event) => wideInteger(valueOf(event)),
      );
    case 'unsigned':
      return numbers(
        (length) => new BigUint64Array(length),
        (event) => wideInteger(valueOf(event)),
      );
    case 'text':
      return texts((event) => textOf(valueOf(event)));
    default:
      return kind satisfies never;
  }
}

function builderOf(name: ColumnName, classes: readonly EventClassInfo[]): ColumnBuilder {
  switch (name) {
    case 'time':
      return numbers(
        (length) => new BigInt64Array(length),
        (event) => event.time,
      );
    case 'timeNs':
      return numbers(
        (length) => new Float64Array(length),
        (event) => event.timeNs,
      );
    case 'cpu':
      return numbers(
        (length) => new Int32Array(length),
        (event) => event.cpu ?? -1,
      );
    case 'stream':
      return numbers(
        (length) => new Int32Array(length),
        (event) => event.stream.index,
      );
    case 'name':
      return texts((event) => event.name);
    default:
      if (/^(?:fields|context)\../.test(name)) return memberBuilder(name, classes);
      throw new SpoorError('trace/column', `there is no column ${JSON.stringify(name)}`, {
        hint: 'there are time, timeNs, cpu, stream, name, fields.NAME and context.NAME',
      });
  }
}

/** Gathers columns, event by event. */
export class ColumnGatherer<Names extends ColumnName> {
  private readonly builders: readonly (readonly [Names, ColumnBuilder])[];
  private rowCount = 0;

  /**
   * @param classes of the events that will come: they decide what a column holds.
   * @throws SpoorError `trace/column` for a name that means nothing, or that no event has.
   */
  constructor(names: readonly Names[], classes: readonly EventClassInfo[]) {
    this.builders = names.map((name) => [name, builderOf(name, classes)]);
  }

  add(event: TraceEvent): void {
    for (const [, builder] of this.builders) builder.add(this.rowCount, event);
    this.rowCount += 1;
  }

  finish(): Columns<Names> {
    const { rowCount } = this;
    return Object.fromEntries([
      ['rowCount', rowCount],
      ...this.builders.map(([name, builder]) => [name, builder.finish(rowCount)]),
    ]) as Columns<Names>;
  }
}
