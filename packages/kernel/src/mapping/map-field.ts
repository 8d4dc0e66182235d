/** Fields of the kernel's formats become fields of events: by a rule's word, or as they are. */
import type { FieldClass, IntegerFieldClass } from '@spoor/ctf';
import type { DynamicContent, FieldShape, IntegerShape, KernelField } from '../formats/event-format.ts';
import type { FieldLabels } from '../print/field-labels.ts';
import type { MappedField, TextPlace, ValueSource } from './event-mapping.ts';
import { enumeration, integer, integerArray, sequence, string, textArray } from './field-classes.ts';
import type { FieldRule, Treatment } from './rules.ts';

/** Bytes of a task's name. */
const commBytes = 16;
/** What LTTng takes off priorities (MAX_RT_PRIO). */
const realTimePriorities = 100;

/** Name of the member that holds the number of elements of a sequence. */
export function lengthNameOf(name: string): string {
  return `_${name}_length`;
}

/**
 * A field as the kernel has it.
 * @param labels of its values, where the kernel's own text has names for them.
 */
export function plainField(field: KernelField, name: string = field.name, labels?: FieldLabels): MappedField {
  const [fieldClass, source] = ofShape(field, field.shape, name);
  if (labels === undefined || fieldClass.kind !== 'integer') return { name, fieldClass, source };
  const { sizeBytes, signed } = field;
  const named = enumeration(
    sizeBytes,
    signed,
    labels.entries.map(({ label, value }) => [label, signed ? BigInt.asIntN(64, value) : value] as const),
  );
  return { name, fieldClass: named.mappings?.length === 0 ? fieldClass : named, source };
}

/** A field that is the address of a text of the kernel, as that text. */
export function textField({ offsetBytes, sizeBytes }: KernelField, name: string): MappedField {
  const source = { kind: 'kernel-text', offsetBytes, sizeBytes: sizeBytes === 4 ? 4 : 8 } as const;
  return { name, fieldClass: string, source };
}

/** A field as a rule wants it; undefined where the kernel's field is not what the rule is for. */
export function ruledField(rule: FieldRule, field: KernelField): MappedField | undefined {
  if (rule.treatment === undefined) return plainField(field, rule.name);
  const made = treated(rule.treatment, field, rule.name);
  return made === undefined ? undefined : { name: rule.name, fieldClass: made[0], source: made[1] };
}

type Made = readonly [FieldClass, ValueSource];

function treated(treatment: Treatment, field: KernelField, name: string): Made | undefined {
  const { shape, offsetBytes } = field;
  switch (treatment.kind) {
    case 'comm': {
      const from = textPlaceOf(field);
      if (from === undefined) return undefined;
      return [textArray(commBytes), { kind: 'text', from, lengthBytes: commBytes }];
    }
    case 'priority':
      if (shape.kind !== 'integer') return undefined;
      return [integer(4, true), { ...numberOf(field, shape), lengthBytes: 4, add: -realTimePriorities }];
    case 'integer':
      if (shape.kind !== 'integer') return undefined;
      return [
        integer(treatment.sizeBytes, treatment.signed, treatment.base ?? 10),
        { ...numberOf(field, shape), lengthBytes: treatment.sizeBytes },
      ];
    case 'enumeration': {
      if (shape.kind !== 'integer') return undefined;
      const labels = Object.entries(treatment.labels).map(
        ([label, value]) => [label, BigInt(value)] as const,
      );
      return [
        enumeration(treatment.sizeBytes, false, labels),
        { ...numberOf(field, shape), lengthBytes: treatment.sizeBytes },
      ];
    }
    case 'request-flags':
      if (shape.kind !== 'text') return undefined;
      return [integer(4, false), { kind: 'request-flags', offsetBytes, sizeBytes: shape.sizeBytes }];
    case 'task':
      if (!isTid(shape)) return undefined;
      return [
        integer(4, !treatment.column.endsWith('_ns')),
        { kind: 'task', column: treatment.column, tidOffsetBytes: offsetBytes },
      ];
    case 'task-numbers':
      if (!isTid(shape)) return undefined;
      return [
        sequence(lengthNameOf(name), integer(4, true)),
        { kind: 'task-numbers', tidOffsetBytes: offsetBytes },
      ];
    default:
      return treatment satisfies never;
  }
}

const isTid = (shape: FieldShape): boolean => shape.kind === 'integer' && shape.sizeBytes === 4;

function numberOf(field: KernelField, shape: IntegerShape): ValueSource & { readonly kind: 'integer' } {
  return {
    kind: 'integer',
    offsetBytes: field.offsetBytes,
    sizeBytes: shape.sizeBytes,
    signed: shape.signed,
    lengthBytes: shape.sizeBytes,
    add: 0,
  };
}

function integerClass({ sizeBytes, signed, meaning }: IntegerShape): IntegerFieldClass {
  return integer(sizeBytes, signed, meaning === 'pointer' ? 16 : 10);
}

function textPlaceOf({ shape, offsetBytes, sizeBytes }: KernelField): TextPlace | undefined {
  if (shape.kind === 'text') return { kind: 'fixed', offsetBytes, sizeBytes };
  if ((shape.kind === 'dynamic' || shape.kind === 'trailing') && shape.content.kind === 'text') {
    return placeOf(shape, offsetBytes);
  }
  return undefined;
}

function placeOf(shape: FieldShape & { kind: 'dynamic' | 'trailing' }, offsetBytes: number): TextPlace {
  return shape.kind === 'trailing'
    ? { kind: 'trailing', offsetBytes }
    : { kind: 'dynamic', offsetBytes, relative: shape.relative };
}

function ofShape(field: KernelField, shape: FieldShape, name: string): Made {
  const { offsetBytes } = field;
  switch (shape.kind) {
    case 'integer':
      return [integerClass(shape), numberOf(field, shape)];
    case 'text':
      return [
        textArray(shape.sizeBytes),
        {
          kind: 'text',
          from: { kind: 'fixed', offsetBytes, sizeBytes: shape.sizeBytes },
          lengthBytes: shape.sizeBytes,
        },
      ];
    case 'array':
      return [
        integerArray(shape.count, integerClass(shape.element)),
        { kind: 'bytes', offsetBytes, sizeBytes: shape.count * shape.element.sizeBytes },
      ];
    case 'bytes':
      return [
        integerArray(shape.sizeBytes, integer(1, false, 16)),
        { kind: 'bytes', offsetBytes, sizeBytes: shape.sizeBytes },
      ];
    case 'dynamic':
    case 'trailing':
      return ofContent(placeOf(shape, offsetBytes), shape.content, name);
    default:
      return shape satisfies never;
  }
}

function ofContent(from: TextPlace, content: DynamicContent, name: string): Made {
  switch (content.kind) {
    case 'text':
      return [string, { kind: 'string', from }];
    case 'array': {
      const { element } = content;
      return [
        sequence(lengthNameOf(name), integerClass(element)),
        { kind: 'sequence', from, elementBytes: element.sizeBytes },
      ];
    }
    case 'cpumask':
      return [
        sequence(lengthNameOf(name), integer(content.wordBytes, false, 16)),
        { kind: 'sequence', from, elementBytes: content.wordBytes },
      ];
    case 'bytes':
      return [
        sequence(lengthNameOf(name), integer(1, false, 16)),
        { kind: 'sequence', from, elementBytes: 1 },
      ];
    default:
      return content satisfies never;
  }
}
