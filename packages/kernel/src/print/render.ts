/** Records as the text that the kernel itself writes into `trace`. */
import type { KernelEventFormat } from '../formats/event-format.ts';
import { PrintFormatError } from './c-tokens.ts';
import type { Expression } from './c-expression.ts';
import type { Directive } from './directives.ts';
import { Evaluator, fieldOf, type PrintContext } from './evaluate.ts';
import { integerText, pad } from './number-text.ts';
import {
  bitListText,
  bitmapText,
  bitsOf,
  ipv4Text,
  ipv6Text,
  macText,
  socketText,
  symbolText,
  uuidText,
} from './pointer-text.ts';
import { printFormatOf, type PrintFormat } from './print-format.ts';
import { elementValue, fieldBytes, fieldValue, type RecordBytes, type Value } from './values.ts';

type ValueDirective = Extract<Directive, { readonly kind: 'value' }>;

/** Stands for what cannot be computed from the record: the value of a variable of the kernel, mostly. */
const unknownText = '?';

/** Writes the directives of one print format. */
class Printer {
  private readonly evaluator: Evaluator;
  private readonly context: PrintContext;
  private readonly remaining: Expression[];

  constructor(evaluator: Evaluator, context: PrintContext, expressions: readonly Expression[]) {
    this.evaluator = evaluator;
    this.context = context;
    this.remaining = [...expressions];
  }

  /** The next argument; undefined where only the kernel's sources know its value. */
  private next(): Value | undefined {
    const expression = this.remaining.shift();
    if (expression === undefined) throw new PrintFormatError('it has more directives than arguments');
    try {
      return this.evaluator.evaluate(expression);
    } catch (error) {
      if (error instanceof PrintFormatError) return undefined;
      throw error;
    }
  }

  private size(wanted: number | 'argument' | undefined): number | undefined {
    if (wanted !== 'argument') return wanted;
    const value = this.next();
    return value?.kind === 'integer' ? Number(BigInt.asIntN(32, value.value)) : 0;
  }

  print(directive: Directive): string {
    if (directive.kind === 'text') return directive.text;
    const width = this.size(directive.width);
    const precision = this.size(directive.precision);
    const { conversion, leftAligned } = directive;
    // A bitmap's width is its number of bits, and a negative one turns the text around.
    if (conversion === 'p') return this.pointer(directive, width);
    const value = this.next();
    if (value === undefined) return unknownText;
    const sizes = { width: width === undefined ? undefined : Math.abs(width), precision };
    const left = leftAligned || (width ?? 0) < 0;
    if (conversion === 's') {
      const text = this.text(value);
      return pad(
        precision === undefined || precision < 0 ? text : text.slice(0, precision),
        sizes.width,
        left,
      );
    }
    if (value.kind !== 'integer')
      throw new PrintFormatError(`what is no number is written by %${conversion}`);
    if (conversion === 'c') return pad(String.fromCharCode(Number(value.value & 0xffn)), sizes.width, left);
    return integerText(value.value, directive, sizes, this.context.layout.longBytes);
  }

  private text(value: Value): string {
    switch (value.kind) {
      case 'text':
        return value.text;
      case 'integer':
        return (
          this.context.texts?.get(value.value) ??
          (value.value === 0n ? '(null)' : `0x${value.value.toString(16)}`)
        );
      case 'bytes':
        return new TextDecoder().decode(value.bytes).split('\0', 1)[0] ?? '';
      default:
        return value satisfies never;
    }
  }

  private pointer(directive: ValueDirective, width: number | undefined): string {
    const { pointer: kind, leftAligned } = directive;
    const { longBytes, littleEndian } = this.context.layout;
    const value = this.next();
    if (value === undefined) return unknownText;
    if (/^[SsFfB]/.test(kind)) {
      if (value.kind !== 'integer') throw new PrintFormatError(`what is no address is written by %p${kind}`);
      return pad(symbolText(value.value, kind, this.context.symbols), width, leftAligned);
    }
    if (value.kind === 'bytes') {
      const { bytes } = value;
      const fit = (text: string): string => pad(text, width, leftAligned);
      if (/^[iI]4/.test(kind)) return fit(ipv4Text(bytes, kind));
      if (/^[iI]6/.test(kind)) return fit(ipv6Text(bytes, kind));
      if (/^[iI]S/.test(kind)) return fit(socketText(bytes, kind, littleEndian));
      if (/^[Mm]/.test(kind)) return fit(macText(bytes, kind));
      if (kind.startsWith('U')) return fit(uuidText(bytes, kind));
      if (kind.startsWith('b')) {
        const bits = bitsOf(bytes, longBytes, littleEndian, width ?? 0);
        return kind.startsWith('bl') ? bitListText(bits) : bitmapText(bits, width ?? 0);
      }
      if (kind.startsWith('h')) {
        const separator = { C: ':', D: '-', N: '' }[kind[1] ?? ''] ?? ' ';
        return [...bytes.subarray(0, width ?? 1)]
          .map((byte) => byte.toString(16).padStart(2, '0'))
          .join(separator);
      }
    }
    if (value.kind !== 'integer') throw new PrintFormatError(`%p${kind} is not known`);
    const digits =
      value.value === 0n && kind === 'e' ? '0' : BigInt.asUintN(longBytes * 8, value.value).toString(16);
    return width === undefined ? digits.padStart(longBytes * 2, '0') : pad(digits, width, leftAligned);
  }
}

/**
 * What a print format makes of a record.
 * @throws PrintFormatError where it cannot be followed.
 */
export function printedText(
  format: KernelEventFormat,
  print: PrintFormat,
  record: RecordBytes,
  context: PrintContext,
): string {
  const printer = new Printer(new Evaluator(format, record, context), context, print.arguments);
  return print.directives.map((directive) => printer.print(directive)).join('');
}

function valueText(value: Value | undefined, isPointer: boolean, littleEndian: boolean): string {
  switch (value?.kind) {
    case undefined:
      return '?';
    case 'text':
      return JSON.stringify(value.text);
    case 'integer':
      return isPointer ? `0x${value.value.toString(16)}` : String(value.value);
    case 'bytes': {
      const elements: string[] = [];
      for (let index = 0; ; index++) {
        const element = elementValue(value, index, littleEndian);
        if (element?.kind !== 'integer') break;
        elements.push(String(element.value));
      }
      return `[${elements.join(', ')}]`;
    }
    default:
      return value satisfies never;
  }
}

/** A record field by field: for events whose own print format cannot be followed. */
export function fieldsText(format: KernelEventFormat, record: RecordBytes): string {
  return format.fields
    .map((field) => {
      const isPointer = field.shape.kind === 'integer' && field.shape.meaning === 'pointer';
      return `${field.name}=${valueText(fieldValue(record, field), isPointer, record.littleEndian)}`;
    })
    .join(' ');
}

function numberOf(format: KernelEventFormat, name: string, record: RecordBytes): bigint {
  const field = fieldOf(format, name);
  const value = field === undefined ? undefined : fieldValue(record, field);
  return value?.kind === 'integer' ? value.value : 0n;
}

/** `sys_close(fd: 3)` and `sys_close -> 0x0`: the kernel has a text of its own for these. */
function syscallText(format: KernelEventFormat, record: RecordBytes): string | undefined {
  const { name } = format;
  if (name.startsWith('sys_exit_')) {
    const result = BigInt.asUintN(64, numberOf(format, 'ret', record));
    return `sys_${name.slice(9)} -> 0x${result.toString(16)}`;
  }
  if (!name.startsWith('sys_enter_')) return undefined;
  const shown = format.fields
    .filter((field) => !/^(?:__syscall_)?nr$/.test(field.name))
    .map((field) => {
      const value = BigInt.asUintN(64, numberOf(format, field.name, record));
      return `${field.name}: ${value < 10n ? value : `0x${value.toString(16)}`}`;
    });
  return `sys_${name.slice(10)}(${shown.join(', ')})`;
}

function stackText(
  format: KernelEventFormat,
  record: RecordBytes,
  context: PrintContext,
): string | undefined {
  const caller = fieldOf(format, 'caller');
  if (caller?.shape.kind !== 'array' && caller?.shape.kind !== 'trailing') return undefined;
  const { longBytes, littleEndian } = context.layout;
  const lines = [format.name === 'user_stack' ? '<user stack trace>' : '<stack trace>'];
  // More of them than the format says: as many as the record has room for, and it tells how many.
  const count = fieldOf(format, 'size') === undefined ? Infinity : Number(numberOf(format, 'size', record));
  const from = record.at + caller.offsetBytes;
  for (let index = 0; index < count; index++) {
    const at = from + index * longBytes;
    if (at + longBytes > record.at + record.lengthBytes) break;
    const address =
      longBytes === 8
        ? record.view.getBigUint64(at, littleEndian)
        : BigInt(record.view.getUint32(at, littleEndian));
    if (address === BigInt.asUintN(longBytes * 8, -1n)) break;
    lines.push(
      ` => ${format.name === 'user_stack' ? ` <${address.toString(16).padStart(longBytes * 2, '0')}>` : symbolText(address, 's', context.symbols)}`,
    );
  }
  return lines.join('\n');
}

function ownText(format: KernelEventFormat, record: RecordBytes, context: PrintContext): string | undefined {
  switch (format.name) {
    case 'kernel_stack':
    case 'user_stack':
      return stackText(format, record, context);
    case 'print': {
      const buffer = fieldOf(format, 'buf');
      const bytes = buffer === undefined ? undefined : fieldBytes(record, buffer);
      if (bytes === undefined) return undefined;
      const end = bytes.indexOf(0);
      const text = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end)).replace(/\n$/, '');
      return `${symbolText(numberOf(format, 'ip', record), 's', context.symbols)}: ${text}`;
    }
    default:
      return undefined;
  }
}

/**
 * The text of a record, as the kernel writes it behind the time: `sched_waking: comm=…`. Where the kernel's own way
 * cannot be followed, its fields one by one.
 */
export function recordText(format: KernelEventFormat, record: RecordBytes, context: PrintContext): string {
  const special =
    format.system === 'syscalls'
      ? syscallText(format, record)
      : format.system === 'ftrace'
        ? ownText(format, record, context)
        : undefined;
  if (special !== undefined) return special;
  const print = printFormatOf(format);
  if (print instanceof PrintFormatError) return `${format.name}: ${fieldsText(format, record)}`;
  try {
    return `${format.name}: ${printedText(format, print, record, context)}`;
  } catch (error) {
    if (!(error instanceof PrintFormatError)) throw error;
    return `${format.name}: ${fieldsText(format, record)}`;
  }
}
