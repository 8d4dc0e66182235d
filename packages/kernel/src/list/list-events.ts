/** What of a kernel can be recorded, for people and programs: events with their fields, and system calls. */
import type { KernelEventFormat, KernelField } from '../formats/event-format.ts';
import { fieldLabels, type FieldLabels } from '../print/field-labels.ts';
import type { PrintContext } from '../print/evaluate.ts';

/** A field of an event, as it is recorded. */
export interface ListedField {
  readonly name: string;
  /** Its type in C, with its count: `char [16]`. */
  readonly type: string;
  /** Names of its values, where the kernel tells them. */
  readonly labels?: ListedLabels | undefined;
}

/** Names of a field's values, as JSON can have them. */
export interface ListedLabels extends Pick<FieldLabels, 'kind' | 'delimiter'> {
  /** In the kernel's order. Values beyond 2^53 are decimal text. */
  readonly entries: readonly { readonly value: number | string; readonly label: string }[];
}

/** A system call, with its arguments as the kernel's sources name them. */
export interface ListedSyscall {
  readonly name: string;
  readonly arguments: readonly ListedField[];
}

function typeOf({ type, shape }: KernelField): string {
  switch (shape.kind) {
    case 'text':
      return `${type} [${shape.sizeBytes}]`;
    case 'array':
      return `${type} [${shape.count}]`;
    case 'trailing':
      return `${type} []`;
    case 'dynamic':
      return type.replace(/^__(?:data|rel)_loc\s+/, '').replace(/\s*\[\]$/, ' []');
    case 'integer':
    case 'bytes':
      return type;
    default:
      return shape satisfies never;
  }
}

/** The fields of an event that are its own. */
export function listFields(format: KernelEventFormat, context: PrintContext): readonly ListedField[] {
  const labels = fieldLabels(format, context);
  return format.fields.map((field) => ({
    name: field.name,
    type: typeOf(field),
    labels: listedLabels(labels.get(field.name)),
  }));
}

function listedLabels(labels: FieldLabels | undefined): ListedLabels | undefined {
  if (labels === undefined) return undefined;
  const { kind, delimiter, entries } = labels;
  const values = entries.map(({ value, label }) => {
    const number = Number(value);
    return { value: Number.isSafeInteger(number) ? number : String(value), label };
  });
  return { kind, delimiter, entries: values };
}

const entryPrefix = 'sys_enter_';

/** System calls of a kernel, by name; those that it has events for. */
export function listSyscalls(
  formats: Iterable<KernelEventFormat>,
  context: PrintContext,
): readonly ListedSyscall[] {
  const calls: ListedSyscall[] = [];
  for (const format of formats) {
    if (format.system !== 'syscalls' || !format.name.startsWith(entryPrefix)) continue;
    const fields = listFields(format, context);
    calls.push({
      name: format.name.slice(entryPrefix.length),
      arguments: fields.filter(({ name }) => !/^(?:__syscall_)?nr$/.test(name)),
    });
  }
  return calls.sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
}

/** What came and what went between two lists of events: probes and modules bring and take them. */
export function changedEvents(
  before: readonly string[],
  after: readonly string[],
): { readonly added: readonly string[]; readonly removed: readonly string[] } {
  const old = new Set(before);
  const now = new Set(after);
  return { added: after.filter((name) => !old.has(name)), removed: before.filter((name) => !now.has(name)) };
}
