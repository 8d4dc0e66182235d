/**
 * The part of a filter that the kernel can evaluate, in the language of tracefs. What it keeps is at least what the filter
 * keeps: the whole filter is evaluated again on what was recorded, so that it is exact.
 */
import { parseFilter, type Expression } from '@spoor/filter';
import type { KernelEventFormat, KernelField } from '../formats/event-format.ts';
import type { MappedEvent } from '../mapping/event-mapping.ts';

/** What the kernel evaluates of filters. */
export interface KernelPart {
  readonly text: string;
  /** Whether it says all that the filters say: the reader finds nothing more to leave out. */
  readonly isWhole: boolean;
}

/** Longest text that goes into a file of tracefs: one page. */
const mostCharacters = 3500;

/** The kernel's filter of an event, for filters of which one must be true; undefined where it has to keep all. */
export function kernelFilter(
  event: MappedEvent,
  filters: readonly string[] | undefined,
): KernelPart | undefined {
  if (filters === undefined || event.origin.kind !== 'event') return undefined;
  // Those that keep the task table right are read whether or not they are in the trace.
  if (event.update !== undefined) return undefined;
  const { format } = event.origin;
  const texts: string[] = [];
  let isWhole = true;
  for (const filter of filters) {
    const part = partOf(parseFilter(filter), event, format);
    if (part === undefined) return undefined;
    texts.push(`(${part.text})`);
    isWhole &&= part.isWhole;
  }
  const text = texts.join(' || ');
  return text === '' || text.length > mostCharacters ? undefined : { text, isWhole };
}

function partOf(node: Expression, event: MappedEvent, format: KernelEventFormat): KernelPart | undefined {
  if (node.kind === 'unary' && node.operator === '!') {
    const inner = partOf(node.operand, event, format);
    return inner?.isWhole === true ? { text: `!(${inner.text})`, isWhole: true } : undefined;
  }
  if (node.kind !== 'binary') return undefined;
  const { operator } = node;
  if (operator === '&&' || operator === '||') {
    const left = partOf(node.left, event, format);
    const right = partOf(node.right, event, format);
    if (left !== undefined && right !== undefined) {
      const text = `(${left.text}) ${operator} (${right.text})`;
      return { text, isWhole: left.isWhole && right.isWhole };
    }
    const one = left ?? right;
    return one === undefined || operator === '||' ? undefined : { text: one.text, isWhole: false };
  }
  if (!isComparison(operator)) return undefined;
  const isTurned = constantOf(node.left) !== undefined || node.left.kind === 'string';
  const [field, value] = isTurned ? [node.right, node.left] : [node.left, node.right];
  return comparison(field, isTurned ? turned[operator] : operator, value, event, format);
}

type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

const turned: Readonly<Record<Comparison, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

function isComparison(operator: string): operator is Comparison {
  return Object.hasOwn(turned, operator);
}

function constantOf(node: Expression): bigint | undefined {
  if (node.kind === 'integer') return node.value;
  if (node.kind !== 'unary' || node.operator !== '-') return undefined;
  const inner = constantOf(node.operand);
  return inner === undefined ? undefined : -inner;
}

/** A field of the kernel, and what the trace adds to it. */
interface Target {
  readonly name: string;
  readonly sizeBytes: number;
  readonly signed: boolean;
  readonly add: number;
}

const ofContext: Readonly<Record<string, Target>> = {
  tid: { name: 'common_pid', sizeBytes: 4, signed: true, add: 0 },
  cpu_id: { name: 'CPU', sizeBytes: 4, signed: false, add: 0 },
};

function numberTarget(
  { reference }: Expression & { kind: 'reference' },
  event: MappedEvent,
  format: KernelEventFormat,
): Target | undefined {
  const [name, ...more] = reference.steps;
  if (typeof name !== 'string' || more.length > 0 || reference.scope === 'application') return undefined;
  if (reference.scope === 'context') return ofContext[name];
  const source = event.fields.find((field) => field.name === name)?.source;
  if (source?.kind !== 'integer' || source.lengthBytes < source.sizeBytes) return undefined;
  const field = fieldAt(format, source.offsetBytes);
  if (field?.shape.kind !== 'integer' || field.sizeBytes !== source.sizeBytes) return undefined;
  return { name: field.name, sizeBytes: field.sizeBytes, signed: field.signed, add: source.add };
}

function fieldAt({ fields, commonFields }: KernelEventFormat, offsetBytes: number): KernelField | undefined {
  const found = [...commonFields, ...fields].filter((field) => field.offsetBytes === offsetBytes);
  return found.length === 1 && /^[A-Za-z_]\w*$/.test(found[0]!.name) ? found[0] : undefined;
}

function comparison(
  field: Expression,
  operator: Comparison,
  value: Expression,
  event: MappedEvent,
  format: KernelEventFormat,
): KernelPart | undefined {
  if (field.kind === 'binary' && field.operator === '&')
    return maskTest(field, operator, value, event, format);
  if (field.kind !== 'reference') return undefined;
  if (value.kind === 'string') return textComparison(field, operator, value.parts, event, format);
  const constant = constantOf(value);
  const target = numberTarget(field, event, format);
  if (constant === undefined || target === undefined) return undefined;
  const wanted = constant - BigInt(target.add);
  return isWithin(wanted, target)
    ? { text: `${target.name} ${operator} ${wanted}`, isWhole: true }
    : undefined;
}

/** `(flags & 4) != 0`: the kernel knows whether any bit of a mask is set. */
function maskTest(
  { left, right }: Expression & { kind: 'binary' },
  operator: Comparison,
  value: Expression,
  event: MappedEvent,
  format: KernelEventFormat,
): KernelPart | undefined {
  if ((operator !== '!=' && operator !== '==') || constantOf(value) !== 0n || left.kind !== 'reference') {
    return undefined;
  }
  const mask = constantOf(right);
  const target = numberTarget(left, event, format);
  if (mask === undefined || mask <= 0n || target === undefined || target.add !== 0) return undefined;
  if (target.name === 'CPU' || !isWithin(mask, target)) return undefined;
  const text = `${target.name} & ${mask}`;
  return { text: operator === '!=' ? text : `!(${text})`, isWhole: true };
}

function isWithin(value: bigint, { sizeBytes, signed }: Target): boolean {
  const bits = sizeBytes * 8;
  return (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value;
}

function textComparison(
  { reference }: Expression & { kind: 'reference' },
  operator: Comparison,
  parts: readonly string[],
  event: MappedEvent,
  format: KernelEventFormat,
): KernelPart | undefined {
  if (
    (operator !== '==' && operator !== '!=') ||
    reference.scope !== 'payload' ||
    reference.steps.length !== 1
  ) {
    return undefined;
  }
  const source = event.fields.find(({ name }) => name === reference.steps[0])?.source;
  if (source?.kind !== 'text' && source?.kind !== 'string') return undefined;
  if (source.from.kind === 'trailing') return undefined;
  const field = fieldAt(format, source.from.offsetBytes);
  // Characters that mean something in a pattern of the kernel, or end it.
  if (field === undefined || parts.some((part) => !/^[\w ./:@%+=,-]*$/.test(part))) return undefined;
  const text = parts.join('*');
  if (text === '' || text.length > 200) return undefined;
  const sign = parts.length === 1 ? '==' : '~';
  const plain = `${field.name} ${sign} "${text}"`;
  return { text: operator === '==' ? plain : `!(${plain})`, isWhole: true };
}
