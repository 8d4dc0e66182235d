/** What of a kernel can be recorded, in the form that `lttng list --kernel` has. */
import type { KernelFormats } from '../formats/kernel-formats.ts';
import { lttngName } from '../mapping/map-events.ts';
import type { PrintContext } from '../print/evaluate.ts';
import { listFields, listSyscalls, type ListedField } from './list-events.ts';

/** An event or a system call, for programs. */
export interface ListedKernelEvent {
  /** LTTng's name; of a system call its own, without `syscall_entry_`. */
  readonly name: string;
  readonly type: 'tracepoint' | 'syscall';
  /** What the kernel calls it: `SYSTEM:NAME`; absent of system calls. */
  readonly kernelName?: string;
  readonly fields?: readonly ListedField[];
}

/** Events that the kernel names: those of system calls one by one are left to {@link describeSyscalls}. */
export function describeEvents(
  available: readonly string[],
  formats: KernelFormats | undefined,
  context: PrintContext | undefined,
): readonly ListedKernelEvent[] {
  const list = available.flatMap((kernelName): ListedKernelEvent[] => {
    const colon = kernelName.indexOf(':');
    const system = kernelName.slice(0, colon);
    if (system === 'syscalls' || system === 'raw_syscalls') return [];
    const name = lttngName(system, kernelName.slice(colon + 1));
    const format = formats?.ofName(kernelName);
    const fields = format === undefined || context === undefined ? undefined : listFields(format, context);
    return [{ name, type: 'tracepoint', kernelName, ...(fields === undefined ? {} : { fields }) }];
  });
  return list.sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
}

/** System calls, with their arguments. */
export function describeSyscalls(
  formats: KernelFormats,
  context: PrintContext,
): readonly ListedKernelEvent[] {
  return listSyscalls(formats.events, context).map(({ name, arguments: fields }) => ({
    name,
    type: 'syscall',
    fields,
  }));
}

function fieldText({ name, type, labels }: ListedField): string {
  const values =
    labels === undefined ? '' : `: ${labels.kind} ${labels.entries.map(({ label }) => label).join(', ')}`;
  return `        field: ${name} (${type})${values}\n`;
}

/** The list for people. */
export function kernelListText(
  title: string,
  events: readonly ListedKernelEvent[],
  withFields: boolean,
): string {
  const lines = events.map((event) => {
    const head = `      ${event.name} (type: ${event.type})${event.kernelName === undefined ? '' : ` (kernel: ${event.kernelName})`}\n`;
    return withFields ? `${head}${(event.fields ?? []).map(fieldText).join('')}` : head;
  });
  return `${title}:\n-------------\n${lines.join('')}\n`;
}
