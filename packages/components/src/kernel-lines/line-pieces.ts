/**
 * What the line of a kernel's event is made of: the first stage of its writer. Numbers and texts of a record are written
 * as they lie there; all else that a print format asks for is left to the interpreter of `@spoor/kernel`, whose text is
 * kept for the next record with the same values.
 */
import {
  fieldOf,
  PrintFormatError,
  printFormatOf,
  type Expression,
  type IntegerShape,
  type KernelEventFormat,
  type KernelField,
  type PageLayout,
  type PrintDirective,
  type PrintFormat,
} from '@spoor/kernel';

/** Where a number of a record lies. */
export interface NumberPlace {
  readonly offsetBytes: number;
  readonly shape: IntegerShape;
}

/** How a number is written. */
export interface NumberForm {
  readonly radix: 10 | 16;
  /** Bits of it that are taken. */
  readonly bits: 32 | 64;
  readonly signed: boolean;
  /** `0x` stands before it. */
  readonly prefix: boolean;
  /** All digits of a machine's word, with zeros before them. */
  readonly whole: boolean;
  /** Spaces before it make it so wide. */
  readonly width: number;
}

/** A part of a line. */
export type LinePiece =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'number'; readonly place: NumberPlace; readonly form: NumberForm }
  /** What a system call was given: in hexadecimal where that is another text. */
  | { readonly kind: 'argument'; readonly place: NumberPlace }
  /** Text up to its first NUL, in `sizeBytes` of the record. */
  | { readonly kind: 'text'; readonly offsetBytes: number; readonly sizeBytes: number }
  /** Text up to its first NUL, where a word of the record says. */
  | {
      readonly kind: 'dynamic-text';
      readonly offsetBytes: number;
      /** Added to what the word says. */
      readonly baseBytes: number;
      readonly otherwise: PrintFormat;
    }
  /** What the interpreter makes of it; it depends on nothing but these numbers, if they are told. */
  | {
      readonly kind: 'interpreted';
      readonly print: PrintFormat;
      readonly dependsOn: readonly NumberPlace[] | undefined;
    };

/** The plan of an event's line, behind the time. */
export interface LinePlan {
  /** Undefined where the interpreter writes all of it. */
  readonly pieces: readonly LinePiece[] | undefined;
  /** Records that are shorter are for the interpreter. */
  readonly leastBytes: number;
}

type ValueDirective = Extract<PrintDirective, { readonly kind: 'value' }>;

/** Numbers of which a text is kept. */
const mostKeys = 2;
const textCalls = /^__print_(?:symbolic|flags)(?:_u64)?$/;

/** What all values of an expression depend on; undefined where that is more than some numbers of the record. */
function numbersOf(
  expression: Expression,
  format: KernelEventFormat,
  found: Map<string, NumberPlace> = new Map(),
): ReadonlyMap<string, NumberPlace> | undefined {
  const all = (inner: readonly Expression[]): typeof found | undefined =>
    inner.every((one) => numbersOf(one, format, found) !== undefined) ? found : undefined;
  switch (expression.kind) {
    case 'number':
    case 'string':
    case 'name':
    case 'size':
      return found;
    case 'field': {
      const field = fieldOf(format, expression.name);
      if (field?.shape.kind !== 'integer') return undefined;
      found.set(field.name, { offsetBytes: field.offsetBytes, shape: field.shape });
      return found;
    }
    case 'cast':
      return all([expression.operand]);
    case 'unary':
      return all([expression.operand]);
    case 'binary':
      return all([expression.left, expression.right]);
    case 'conditional':
      return all([expression.test, expression.whenTrue, expression.whenFalse]);
    case 'group':
      return all(expression.items);
    case 'call':
      return textCalls.test(expression.name) || expression.name === '__builtin_expect'
        ? all(expression.arguments)
        : undefined;
    case 'index':
      return undefined;
    default:
      return expression satisfies never;
  }
}

/** The number that an expression is, if it is just that. */
function placeOf(expression: Expression | undefined, format: KernelEventFormat): NumberPlace | undefined {
  if (expression?.kind === 'field') {
    const field = fieldOf(format, expression.name);
    return field?.shape.kind === 'integer'
      ? { offsetBytes: field.offsetBytes, shape: field.shape }
      : undefined;
  }
  if (expression?.kind !== 'index' || expression.of.kind !== 'field' || expression.index.kind !== 'number')
    return undefined;
  const field = fieldOf(format, expression.of.name);
  const index = Number(expression.index.value);
  if (field?.shape.kind !== 'array' || index >= field.shape.count) return undefined;
  const { element } = field.shape;
  return { offsetBytes: field.offsetBytes + index * element.sizeBytes, shape: element };
}

function numberForm(directive: ValueDirective, { shape }: NumberPlace): NumberForm | undefined {
  const { conversion, length, pointer, width, precision } = directive;
  if (directive.leftAligned || directive.plus || directive.space || width === 'argument') return undefined;
  if (precision !== undefined || (directive.zero && width !== undefined)) return undefined;
  if (conversion === 'p') {
    // Kinds of addresses that are shown as they are; with a width the kernel leaves the zeros out.
    if (!/^(?:|K|x)$/.test(pointer) || width !== undefined || shape.sizeBytes !== 8) return undefined;
    return { radix: 16, bits: 64, signed: false, prefix: false, whole: true, width: 0 };
  }
  const radix = conversion === 'x' ? 16 : conversion === 'd' || conversion === 'u' ? 10 : undefined;
  if (radix === undefined || length === 'hh' || length === 'h') return undefined;
  const bits = length === '' ? 32 : 64;
  const prefix = directive.special && radix === 16;
  return { radix, bits, signed: conversion === 'd', prefix, whole: false, width: width ?? 0 };
}

/** A text of the record, if an expression is just that. */
function textPiece(
  expression: Expression | undefined,
  format: KernelEventFormat,
  otherwise: PrintFormat,
): LinePiece | undefined {
  if (expression?.kind === 'field') {
    const field = fieldOf(format, expression.name);
    if (field?.shape.kind !== 'text') return undefined;
    return { kind: 'text', offsetBytes: field.offsetBytes, sizeBytes: field.shape.sizeBytes };
  }
  if (expression?.kind !== 'call' || !/^__get_(?:rel_)?str$/.test(expression.name)) return undefined;
  const [name] = expression.arguments;
  const field = name?.kind === 'name' ? fieldOf(format, name.name) : undefined;
  if (field?.shape.kind !== 'dynamic' || field.shape.content.kind !== 'text') return undefined;
  const baseBytes = field.shape.relative ? field.offsetBytes + field.sizeBytes : 0;
  return { kind: 'dynamic-text', offsetBytes: field.offsetBytes, baseBytes, otherwise };
}

/** The part that a directive is; its arguments are in `print`. */
function pieceOf(directive: ValueDirective, print: PrintFormat, format: KernelEventFormat): LinePiece {
  const [first] = print.arguments;
  if (directive.conversion === 's' && directive.width === undefined && directive.precision === undefined) {
    const piece = textPiece(first, format, print);
    if (piece !== undefined) return piece;
  }
  const place = placeOf(first, format);
  const form = place && directive.conversion !== 's' ? numberForm(directive, place) : undefined;
  if (place !== undefined && form !== undefined) return { kind: 'number', place, form };
  const numbers = new Map<string, NumberPlace>();
  const known = print.arguments.every((argument) => numbersOf(argument, format, numbers) !== undefined);
  const dependsOn = known && numbers.size <= mostKeys ? [...numbers.values()] : undefined;
  return { kind: 'interpreted', print, dependsOn };
}

function argumentCount({ width, precision }: ValueDirective): number {
  return 1 + (width === 'argument' ? 1 : 0) + (precision === 'argument' ? 1 : 0);
}

/** Of events of system calls, for which the kernel has a text of its own. */
function syscallPieces(format: KernelEventFormat): readonly LinePiece[] | undefined {
  const { name, fields } = format;
  const wide = (field: KernelField | undefined): NumberPlace | undefined =>
    field?.shape.kind === 'integer' && field.shape.sizeBytes === 8
      ? { offsetBytes: field.offsetBytes, shape: field.shape }
      : undefined;
  if (name.startsWith('sys_exit_')) {
    const place = wide(fieldOf(format, 'ret'));
    const form = { radix: 16, bits: 64, signed: false, prefix: true, whole: false, width: 0 } as const;
    return (
      place && [
        { kind: 'literal', text: `sys_${name.slice(9)} -> ` },
        { kind: 'number', place, form },
      ]
    );
  }
  if (!name.startsWith('sys_enter_')) return undefined;
  const pieces: LinePiece[] = [];
  let text = `sys_${name.slice(10)}(`;
  for (const field of fields) {
    if (/^(?:__syscall_)?nr$/.test(field.name)) continue;
    const place = wide(field);
    if (place === undefined) return undefined;
    pieces.push(
      { kind: 'literal', text: `${pieces.length === 0 ? text : ', '}${field.name}: ` },
      { kind: 'argument', place },
    );
    text = '';
  }
  return [...pieces, { kind: 'literal', text: `${pieces.length === 0 ? text : ''})` }];
}

function printedPieces(format: KernelEventFormat): readonly LinePiece[] | undefined {
  if (format.system === 'syscalls') return syscallPieces(format);
  // Stacks and marks are written by code of the kernel.
  if (format.system === 'ftrace') return undefined;
  const print = printFormatOf(format);
  if (print instanceof PrintFormatError) return undefined;
  const pieces: LinePiece[] = [{ kind: 'literal', text: `${format.name}: ` }];
  let next = 0;
  for (const directive of print.directives) {
    if (directive.kind === 'text') {
      pieces.push({ kind: 'literal', text: directive.text });
      continue;
    }
    const values = print.arguments.slice(next, next + argumentCount(directive));
    next += argumentCount(directive);
    if (next > print.arguments.length) return undefined;
    pieces.push(pieceOf(directive, { directives: [directive], arguments: values }, format));
  }
  return pieces;
}

/** Plans the line of an event. */
export function planLine(format: KernelEventFormat, layout: PageLayout): LinePlan {
  const ends = [...format.commonFields, ...format.fields].map((one) => one.offsetBytes + one.sizeBytes);
  const leastBytes = Math.max(8, ...ends);
  // Other machines' records are read by the interpreter alone.
  if (!layout.littleEndian || layout.longBytes !== 8) return { pieces: undefined, leastBytes };
  return { pieces: printedPieces(format), leastBytes };
}
