/** All events of a kernel under the names that a trace has them by. */
import type { KernelEventFormat, KernelField } from '../formats/event-format.ts';
import type { KernelFormats } from '../formats/kernel-formats.ts';
import { isKernelText } from '../formats/kernel-texts.ts';
import { fieldLabels } from '../print/field-labels.ts';
import type { MappedEvent, MappedField } from './event-mapping.ts';
import { interruptRules } from './interrupt-rules.ts';
import { ioRules } from './io-rules.ts';
import { plainField, ruledField, textField } from './map-field.ts';
import { isSyscall, mapSyscalls } from './map-syscalls.ts';
import type { EventRule } from './rules.ts';
import { schedulerRules } from './scheduler-rules.ts';
import { timerRules } from './timer-rules.ts';

const rules: ReadonlyMap<string, EventRule> = new Map(
  [...schedulerRules, ...interruptRules, ...timerRules, ...ioRules].map((rule) => [
    `${rule.system}:${rule.event}`,
    rule,
  ]),
);

/** Which names events and fields have: those of LTTng's kernel tracer, or the kernel's own. */
export type Naming = 'lttng' | 'native';

/** What of a kernel becomes events, and how they are called. */
export interface MappingOptions {
  readonly naming: Naming;
  /** As `uname -m` prints it: it decides what numbers of system calls mean. */
  readonly machine: string;
  /** Which events of the kernel, `SYSTEM:NAME`; all by default. */
  readonly wants?: (name: string) => boolean;
  /** Which system calls of those in `raw_syscalls`; all by default. */
  readonly wantsCall?: (call: string) => boolean;
  /** Events of probes that read the texts which system calls are given, `SYSTEM:NAME`; they are no events of the trace. */
  readonly textEvents?: readonly string[];
  /** Names of events of probes, by `SYSTEM:NAME`; their fields are LTTng's. */
  readonly eventNames?: ReadonlyMap<string, string>;
}

/** The kernel's fields of probes as LTTng calls them. */
const probeFields: Readonly<Record<string, string>> = {
  __probe_ip: 'ip',
  __probe_func: 'ip',
  __probe_ret_ip: 'parent_ip',
};

function mapProbe(format: KernelEventFormat, formats: KernelFormats, name: string): MappedEvent {
  const fields = plainFields(format, formats).map((field): MappedField => {
    const known = probeFields[field.name];
    if (known === undefined) return field;
    const { fieldClass } = field;
    // Addresses of code, which the kernel declares as plain numbers.
    return {
      ...field,
      name: known,
      fieldClass: fieldClass.kind === 'integer' ? { ...fieldClass, displayBase: 16 } : fieldClass,
    };
  });
  return { name, fields, origin: { kind: 'event', format } };
}

/** Systems whose events LTTng calls by the event's name alone. */
const bareSystems = new Set(['vmscan', 'sunrpc', 'printk', 'block', 'ftrace']);
/** Systems that LTTng has another name for. */
const systemNames: Readonly<Record<string, string>> = {
  exceptions: 'x86_exceptions',
  irq_vectors: 'x86_irq_vectors',
  asoc: 'asoc',
  '9p': '9p',
};

/** The name of an event that no rule is about. */
function nameOf({ system, name }: Pick<KernelEventFormat, 'system' | 'name'>): string {
  if (system === 'printk' && name === 'console') return 'printk_console';
  if (system === 'kvm' && /^kvm_(?:entry|exit|mmio_x86|cpuid|apic|inj_virq|pic_set_irq)$/.test(name)) {
    return name.replace(/^kvm_/, 'kvm_x86_');
  }
  if (system === 'compaction') return name.replace(/^mm_/, '');
  if (bareSystems.has(system)) return name;
  const prefix = systemNames[system] ?? system;
  return name === prefix || name.startsWith(`${prefix}_`) ? name : `${prefix}_${name}`;
}

/**
 * LTTng's name for an event of the kernel, known without its format. Of the two events of `raw_syscalls` it is that of
 * all system calls: `syscall_entry_*`.
 */
export function lttngName(system: string, event: string): string {
  const rule = rules.get(`${system}:${event}`);
  if (rule !== undefined) return rule.name;
  const call = /^sys_(enter|exit)(?:_(.+))?$/.exec(event);
  if (call !== null && (system === 'raw_syscalls' || system === 'syscalls')) {
    return `syscall_${call[1] === 'enter' ? 'entry' : 'exit'}_${call[2] ?? '*'}`;
  }
  return nameOf({ system, name: event });
}

function mapByRule(rule: EventRule, format: KernelEventFormat, formats: KernelFormats): MappedEvent {
  const all = new Map<string, KernelField>(
    [...format.commonFields, ...format.fields].map((field) => [field.name, field]),
  );
  const fields: MappedField[] = [];
  const used = new Set(rule.omit);
  for (const wanted of rule.fields ?? []) {
    const field = all.get(wanted.of);
    const made = field === undefined ? undefined : ruledField(wanted, field);
    if (made === undefined) continue;
    used.add(wanted.of);
    fields.push(made);
  }
  const rest = format.fields.filter(({ name }) => !used.has(name));
  return {
    name: rule.name,
    fields: [...fields, ...plainFields(format, formats, rest, fields)],
    origin: { kind: 'event', format },
    ...(rule.update === undefined ? {} : { update: rule.update }),
  };
}

/** Fields as they are. Members of a structure differ in name: a second one of the same name gets a number. */
function plainFields(
  format: KernelEventFormat,
  formats: KernelFormats,
  fields: readonly KernelField[] = format.fields,
  before: readonly MappedField[] = [],
): readonly MappedField[] {
  if (fields.length === 0) return [];
  const labels = fieldLabels(format, { layout: formats.layout });
  const names = new Set(before.map(({ name }) => name));
  return fields.map((field) => {
    let { name } = field;
    for (let count = 2; names.has(name); count += 1) name = `${field.name}_${count}`;
    names.add(name);
    if (isKernelText(format, field) && !formats.texts.isEmpty) return textField(field, name);
    return plainField(field, name, labels.get(field.name));
  });
}

/** Maps the events of a kernel, in the order of their numbers; system calls are last. */
export function mapEvents(formats: KernelFormats, options: MappingOptions): readonly MappedEvent[] {
  const { naming, machine, wants = () => true, wantsCall, eventNames, textEvents = [] } = options;
  const events: MappedEvent[] = [];
  const calls: KernelEventFormat[] = [];
  for (const format of formats.events) {
    if (!wants(`${format.system}:${format.name}`)) continue;
    const probe = eventNames?.get(`${format.system}:${format.name}`);
    if (probe !== undefined) {
      events.push(mapProbe(format, formats, probe));
      continue;
    }
    if (naming === 'native') {
      const rule = rules.get(`${format.system}:${format.name}`);
      events.push({
        name: format.name,
        fields: plainFields(format, formats),
        origin: { kind: 'event', format },
        ...(rule?.update === undefined ? {} : { update: rule.update }),
      });
    } else if (isSyscall(format)) {
      calls.push(format);
    } else {
      const rule = rules.get(`${format.system}:${format.name}`);
      events.push(
        rule === undefined
          ? {
              name: nameOf(format),
              fields: plainFields(format, formats),
              origin: { kind: 'event', format },
            }
          : mapByRule(rule, format, formats),
      );
    }
  }
  if (calls.length > 0) {
    events.push(...mapSyscalls(formats, machine, calls, wantsCall, textEvents.length > 0));
  }
  return events;
}
