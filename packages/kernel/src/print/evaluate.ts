/** Computes the arguments of a print format for one record, as the kernel does when it prints. */
import type { KernelEventFormat, KernelField } from '../formats/event-format.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import { integerOfType } from '../formats/field-type.ts';
import type { Expression } from './c-expression.ts';
import { PrintFormatError } from './c-tokens.ts';
import { bitmapText, bitsOf } from './pointer-text.ts';
import type { KernelSymbols } from './symbols.ts';
import {
  elementValue,
  fieldBytes,
  fieldValue,
  integer,
  readInteger,
  type RecordBytes,
  type Value,
} from './values.ts';

/** What is known of the kernel beside the formats of its events. */
export interface PrintContext {
  readonly layout: PageLayout;
  readonly symbols?: KernelSymbols | undefined;
  /** Texts by address, of `printk_formats`. */
  readonly texts?: ReadonlyMap<bigint, string> | undefined;
  /** Values of the kernel's enumerations by name. */
  readonly constants?: ReadonlyMap<string, bigint> | undefined;
}

type Bytes = Extract<Value, { readonly kind: 'bytes' }>;
type Call = Extract<Expression, { readonly kind: 'call' }>;

/** The fields of an event by name; kept, for every argument asks. */
const fieldMaps = new WeakMap<KernelEventFormat, ReadonlyMap<string, KernelField>>();

/** A field of an event, one of those that all have included. */
export function fieldOf(format: KernelEventFormat, name: string): KernelField | undefined {
  let map = fieldMaps.get(format);
  if (map === undefined) {
    map = new Map([...format.commonFields, ...format.fields].map((field) => [field.name, field]));
    fieldMaps.set(format, map);
  }
  return map.get(name);
}

const zero = integer(0n, 32, true);
const text = (content: string): Value => ({ kind: 'text', text: content });

/** Computes expressions over one record. */
export class Evaluator {
  private readonly format: KernelEventFormat;
  private readonly record: RecordBytes;
  private readonly context: PrintContext;

  constructor(format: KernelEventFormat, record: RecordBytes, context: PrintContext) {
    this.format = format;
    this.record = record;
    this.context = context;
  }

  private field(name: string): KernelField {
    const field = fieldOf(this.format, name);
    if (field === undefined) throw new PrintFormatError(`it uses a field ${name} that there is not`);
    return field;
  }

  /** The value of an expression. @throws PrintFormatError for one that cannot be known. */
  evaluate(expression: Expression): Value {
    switch (expression.kind) {
      case 'number':
        return integer(expression.value, expression.bits, expression.signed);
      case 'string':
        return text(expression.text);
      case 'field':
        return fieldValue(this.record, this.field(expression.name)) ?? text('');
      case 'name':
        return this.constant(expression.name);
      case 'cast':
        return this.cast(expression.type, this.evaluate(expression.operand));
      case 'size':
        return integer(
          BigInt(integerOfType(expression.type, this.context.layout)?.sizeBytes ?? 1),
          64,
          false,
        );
      case 'unary':
        return this.unary(expression);
      case 'binary':
        return this.binary(expression);
      case 'conditional':
        return this.truth(expression.test)
          ? this.evaluate(expression.whenTrue)
          : this.evaluate(expression.whenFalse);
      case 'index':
        return this.element(expression.of, expression.index);
      case 'call':
        return this.call(expression);
      case 'group':
        throw new PrintFormatError('a list stands where a value should');
      default:
        return expression satisfies never;
    }
  }

  private constant(name: string): Value {
    const value = this.context.constants?.get(name);
    if (value === undefined) throw new PrintFormatError(`the value of ${name} is not known`);
    return value >= -(1n << 31n) && value < 1n << 31n
      ? integer(value, 32, true)
      : integer(value, 64, value < 0n);
  }

  /** The integer that an expression is; of an array or text 1, which as pointers they are not 0. */
  integer(expression: Expression): bigint {
    const value = this.evaluate(expression);
    return value.kind === 'integer' ? value.value : 1n;
  }

  private truth(expression: Expression): boolean {
    return this.integer(expression) !== 0n;
  }

  private cast(type: string, value: Value): Value {
    if (value.kind !== 'integer') return value;
    const shape = integerOfType(type, this.context.layout);
    if (shape === undefined) return value;
    const { sizeBytes, signed, meaning } = shape;
    if (meaning === 'boolean') return integer(value.value === 0n ? 0n : 1n, 32, true);
    const bits = sizeBytes * 8;
    const narrow = signed ? BigInt.asIntN(bits, value.value) : BigInt.asUintN(bits, value.value);
    return integer(narrow, sizeBytes === 8 ? 64 : 32, sizeBytes < 4 ? true : signed);
  }

  private unary({ operator, operand }: Extract<Expression, { readonly kind: 'unary' }>): Value {
    const value = this.evaluate(operand);
    switch (operator) {
      case '!':
        return integer(value.kind === 'integer' && value.value === 0n ? 1n : 0n, 32, true);
      case '+':
      case '&':
        return value;
      case '*':
        return value.kind === 'bytes' ? (elementValue(value, 0, this.record.littleEndian) ?? zero) : value;
      case '-':
        return value.kind === 'integer' ? integer(-value.value, value.bits, value.signed) : zero;
      case '~':
        return value.kind === 'integer' ? integer(~value.value, value.bits, value.signed) : zero;
      default:
        return operator satisfies never;
    }
  }

  private binary({ operator, left, right }: Extract<Expression, { readonly kind: 'binary' }>): Value {
    const flag = (on: boolean): Value => integer(on ? 1n : 0n, 32, true);
    if (operator === '&&') return flag(this.truth(left) && this.truth(right));
    if (operator === '||') return flag(this.truth(left) || this.truth(right));
    const first = this.evaluate(left);
    const second = this.evaluate(right);
    if (first.kind !== 'integer' || second.kind !== 'integer') {
      throw new PrintFormatError(`${operator} is applied to what is no number`);
    }
    if (operator === '<<' || operator === '>>') {
      const by = second.value & BigInt(first.bits - 1);
      return integer(operator === '<<' ? first.value << by : first.value >> by, first.bits, first.signed);
    }
    // C's usual conversions: the wider type, and of two as wide the unsigned one.
    const bits = Math.max(first.bits, second.bits) === 64 ? 64 : 32;
    const unsigned = [first, second].some((one) => !one.signed && one.bits === bits);
    const convert = (value: bigint): bigint => (unsigned ? BigInt.asUintN(bits, value) : value);
    const a = convert(first.value);
    const b = convert(second.value);
    const result = (value: bigint): Value => integer(value, bits, !unsigned);
    switch (operator) {
      case '+':
        return result(a + b);
      case '-':
        return result(a - b);
      case '*':
        return result(a * b);
      case '/':
      case '%':
        if (b === 0n) return zero;
        return result(operator === '/' ? a / b : a % b);
      case '&':
        return result(a & b);
      case '|':
        return result(a | b);
      case '^':
        return result(a ^ b);
      case '==':
        return flag(a === b);
      case '!=':
        return flag(a !== b);
      case '<':
        return flag(a < b);
      case '>':
        return flag(a > b);
      case '<=':
        return flag(a <= b);
      case '>=':
        return flag(a >= b);
      default:
        return operator satisfies never;
    }
  }

  private element(of: Expression, index: Expression): Value {
    const value = this.evaluate(of);
    const at = Number(this.integer(index));
    if (value.kind === 'bytes') return elementValue(value, at, this.record.littleEndian) ?? zero;
    if (value.kind === 'text') return integer(BigInt(value.text.charCodeAt(at) || 0), 32, true);
    throw new PrintFormatError('what is no array has elements');
  }

  /** The bytes that an argument names: a field, or what a call of __get_dynamic_array gives. */
  private bytes(expression: Expression | undefined): Bytes {
    if (expression === undefined) throw new PrintFormatError('an argument is missing');
    const inner = expression.kind === 'cast' || expression.kind === 'unary' ? expression.operand : expression;
    if (inner.kind === 'field') {
      const field = this.field(inner.name);
      const value = fieldValue(this.record, field);
      if (value?.kind === 'bytes') return value;
      // Text that is shown as bytes, or a number whose place is meant.
      const bytes = fieldBytes(this.record, field) ?? new Uint8Array(0);
      return {
        kind: 'bytes',
        bytes,
        element: { kind: 'integer', sizeBytes: 1, signed: false, meaning: 'number' },
      };
    }
    const value = this.evaluate(inner);
    if (value.kind === 'bytes') return value;
    throw new PrintFormatError('what is no array is printed as one');
  }

  private named(call: Call): KernelField {
    const [first] = call.arguments;
    if (first?.kind !== 'name') throw new PrintFormatError(`${call.name} names no field`);
    return this.field(first.name);
  }

  private call(call: Call): Value {
    const { name } = call;
    const [first, second, third] = call.arguments;
    switch (name) {
      case '__get_str':
      case '__get_rel_str': {
        const value = fieldValue(this.record, this.named(call));
        return value?.kind === 'text' ? value : text('');
      }
      case '__get_dynamic_array':
      case '__get_rel_dynamic_array':
      case '__get_sockaddr':
      case '__get_rel_sockaddr': {
        const field = this.named(call);
        return this.bytes({ kind: 'field', name: field.name });
      }
      case '__get_dynamic_array_len':
      case '__get_rel_dynamic_array_len':
        return integer(BigInt(fieldBytes(this.record, this.named(call))?.length ?? 0), 32, true);
      case '__get_bitmask':
      case '__get_rel_bitmask':
      case '__get_cpumask':
      case '__get_rel_cpumask':
        return text(this.bitmask(this.named(call)));
      case '__print_symbolic':
      case '__print_symbolic_u64':
        return text(this.symbolic(call));
      case '__print_flags':
      case '__print_flags_u64':
        return text(this.flags(call));
      case '__print_hex':
      case '__print_hex_str': {
        const { bytes } = this.bytes(first);
        const count = Math.max(0, Number(second === undefined ? bytes.length : this.integer(second)));
        const parts = [...bytes.subarray(0, count)].map((byte) => byte.toString(16).padStart(2, '0'));
        return text(parts.join(name === '__print_hex' ? ' ' : ''));
      }
      case '__print_array': {
        const count = second === undefined ? 0 : Number(this.integer(second));
        return text(this.array(this.bytes(first).bytes, count, third));
      }
      case '__print_dynamic_array': {
        const bytes = fieldBytes(this.record, this.named(call)) ?? new Uint8Array(0);
        const size = second === undefined ? 1 : Number(this.integer(second));
        return text(this.array(bytes, Math.floor(bytes.length / Math.max(1, size)), second));
      }
      case '__print_ns_to_secs':
        return this.divided(first, 1_000_000_000n, (value, by) => value / by);
      case '__print_ns_without_secs':
        return this.divided(first, 1_000_000_000n, (value, by) => value % by);
      case '__builtin_expect':
        if (first === undefined) throw new PrintFormatError('an argument is missing');
        return this.evaluate(first);
      default:
        throw new PrintFormatError(`the function ${name} is not known`);
    }
  }

  private divided(
    argument: Expression | undefined,
    by: bigint,
    divide: (value: bigint, by: bigint) => bigint,
  ): Value {
    if (argument === undefined) throw new PrintFormatError('an argument is missing');
    return integer(divide(BigInt.asUintN(64, this.integer(argument)), by), 64, false);
  }

  private long(expression: Expression): bigint {
    return BigInt.asUintN(this.context.layout.longBytes * 8, this.integer(expression));
  }

  /** Pairs of value and name; those whose value only the kernel's sources know are left out. */
  pairs(groups: readonly Expression[]): readonly { readonly value: bigint; readonly label: string }[] {
    const pairs: { readonly value: bigint; readonly label: string }[] = [];
    for (const group of groups) {
      if (group.kind !== 'group') throw new PrintFormatError('a list of names has something else in it');
      const [key, label] = group.items;
      // A list that the kernel ends itself has a null there.
      if (key === undefined || label?.kind !== 'string') break;
      try {
        pairs.push({ value: this.long(key), label: label.text });
      } catch (error) {
        if (!(error instanceof PrintFormatError)) throw error;
      }
    }
    return pairs;
  }

  private symbolic(call: Call): string {
    const [first, ...groups] = call.arguments;
    if (first === undefined) throw new PrintFormatError('an argument is missing');
    const value = this.long(first);
    const found = this.pairs(groups).find((pair) => pair.value === value);
    return found?.label ?? `0x${value.toString(16)}`;
  }

  private flags(call: Call): string {
    const [first, delimiter, ...groups] = call.arguments;
    if (first === undefined || delimiter?.kind !== 'string')
      throw new PrintFormatError('an argument is missing');
    let left = this.long(first);
    const parts: string[] = [];
    for (const { value, label } of this.pairs(groups)) {
      if (left === 0n) break;
      if ((left & value) !== value) continue;
      left &= ~value;
      parts.push(label);
    }
    if (left !== 0n) parts.push(`0x${left.toString(16)}`);
    return parts.join(delimiter.text);
  }

  private array(bytes: Uint8Array, count: number, size: Expression | undefined): string {
    const sizeBytes = size === undefined ? 1 : Number(this.integer(size));
    if (sizeBytes !== 1 && sizeBytes !== 2 && sizeBytes !== 4 && sizeBytes !== 8) {
      return `BAD SIZE:${sizeBytes} {}`;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const shape = { kind: 'integer', sizeBytes, signed: false, meaning: 'number' } as const;
    const parts: string[] = [];
    for (let at = 0; parts.length < count && at + sizeBytes <= bytes.length; at += sizeBytes) {
      parts.push(`0x${readInteger(view, at, shape, this.record.littleEndian).toString(16)}`);
    }
    return `{${parts.join(',')}}`;
  }

  private bitmask(field: KernelField): string {
    const bytes = fieldBytes(this.record, field) ?? new Uint8Array(0);
    const { longBytes, littleEndian } = this.context.layout;
    return bitmapText(bitsOf(bytes, longBytes, littleEndian, Infinity), bytes.length * 8);
  }
}
