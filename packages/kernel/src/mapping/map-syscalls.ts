/**
 * System calls become `syscall_entry_NAME` and `syscall_exit_NAME`, as LTTng has them: from the two events of
 * `raw_syscalls`, which have the number and six words, or from those of `syscalls`, one pair a call. Arguments have the
 * types of the call. Of texts and structures that arguments point to, records hold the address alone, unless the kernel
 * has put the text behind them, or probes have read it.
 */
import type { KernelEventFormat, KernelField } from '../formats/event-format.ts';
import { integerOfType } from '../formats/field-type.ts';
import type { KernelFormats } from '../formats/kernel-formats.ts';
import type { MappedEvent, MappedField, MappedOrigin } from './event-mapping.ts';
import { enumeration, integer, integerArray, string } from './field-classes.ts';
import { syscallLabels } from './syscall-labels.ts';
import { syscallNames } from './syscall-names.ts';
import { isTextArgument, textOfArgument } from './syscall-texts.ts';

const entryPrefix = 'sys_enter_';
const exitPrefix = 'sys_exit_';

interface ArgumentType {
  readonly sizeBytes: 1 | 2 | 4 | 8;
  readonly signed: boolean;
  readonly base: 10 | 16;
}

/** Types of arguments beside those that fields of other events have. */
const argumentTypes: Readonly<Record<string, ArgumentType>> = {
  umode_t: { sizeBytes: 2, signed: false, base: 10 },
  mode_t: { sizeBytes: 4, signed: false, base: 10 },
  uid_t: { sizeBytes: 4, signed: false, base: 10 },
  gid_t: { sizeBytes: 4, signed: false, base: 10 },
  qid_t: { sizeBytes: 4, signed: false, base: 10 },
  dev_t: { sizeBytes: 4, signed: false, base: 10 },
  key_t: { sizeBytes: 4, signed: true, base: 10 },
  key_serial_t: { sizeBytes: 4, signed: true, base: 10 },
  mqd_t: { sizeBytes: 4, signed: true, base: 10 },
  timer_t: { sizeBytes: 4, signed: true, base: 10 },
  clockid_t: { sizeBytes: 4, signed: true, base: 10 },
  rwf_t: { sizeBytes: 4, signed: true, base: 10 },
  loff_t: { sizeBytes: 8, signed: true, base: 10 },
  off_t: { sizeBytes: 8, signed: true, base: 10 },
  'const clockid_t': { sizeBytes: 4, signed: true, base: 10 },
};

const anyWord: ArgumentType = { sizeBytes: 8, signed: false, base: 16 };

/** Where LTTng's name or type of an argument is another than the kernel's. */
const lttngArguments: Readonly<Record<string, { readonly name?: string; readonly type?: ArgumentType }>> = {
  'mmap.prot': { type: { sizeBytes: 4, signed: true, base: 10 } },
  'mmap.flags': { type: { sizeBytes: 4, signed: true, base: 10 } },
  'mmap.fd': { type: { sizeBytes: 4, signed: true, base: 10 } },
  'mmap.off': { name: 'offset', type: { sizeBytes: 8, signed: true, base: 10 } },
  'mprotect.prot': { type: { sizeBytes: 4, signed: true, base: 10 } },
  'clone.clone_flags': { type: { sizeBytes: 4, signed: false, base: 16 } },
};

/** Arguments that are addresses, though the kernel declares them as numbers. */
const addresses = new Set(['addr', 'old_addr', 'new_addr', 'start', 'brk', 'newsp', 'tls', 'arg', 'shmaddr']);

/** Calls that change what contexts tell of the thread that makes them. */
const changesTask = new Set([
  'unshare',
  'setns',
  'setuid',
  'setgid',
  'setreuid',
  'setregid',
  'setresuid',
  'setresgid',
]);

function argumentType({ type, name }: KernelField): ArgumentType {
  const own = argumentTypes[type];
  if (own !== undefined) return own;
  const known = integerOfType(type, { longBytes: 8 });
  if (known === undefined) return anyWord;
  const { sizeBytes, signed, meaning } = known;
  const isAddress = meaning === 'pointer' || (sizeBytes === 8 && !signed && addresses.has(name));
  return { sizeBytes, signed, base: isAddress ? 16 : 10 };
}

function argument(call: string, field: KernelField, machine: string): MappedField {
  const lttng = lttngArguments[`${call}.${field.name}`];
  const { sizeBytes, signed, base } = lttng?.type ?? argumentType(field);
  const labels = syscallLabels(call, field.name, machine);
  return {
    name: lttng?.name ?? field.name,
    fieldClass:
      labels === undefined
        ? integer(sizeBytes, signed, base)
        : enumeration(
            sizeBytes,
            signed,
            Object.entries(labels).map(([label, value]) => [label, BigInt(value)] as const),
          ),
    source: {
      kind: 'integer',
      offsetBytes: field.offsetBytes,
      sizeBytes: 8,
      signed,
      lengthBytes: sizeBytes,
      add: 0,
    },
  };
}

function word(name: string, offsetBytes: number, signed: boolean, base: 10 | 16): MappedField {
  return {
    name,
    fieldClass: integer(8, signed, base),
    source: { kind: 'integer', offsetBytes, sizeBytes: 8, signed, lengthBytes: 8, add: 0 },
  };
}

/** Where numbers, arguments and results lie in records of system calls, of both kinds: behind 8 bytes and a word. */
const numberOffset = 8;
const argumentsOffset = 16;
const argumentCount = 6;

const anyArguments: MappedField = {
  name: 'args',
  fieldClass: integerArray(argumentCount, integer(8, false, 16)),
  source: { kind: 'bytes', offsetBytes: argumentsOffset, sizeBytes: argumentCount * 8 },
};

const callNumber: MappedField = {
  name: 'id',
  fieldClass: integer(4, true),
  source: { kind: 'integer', offsetBytes: numberOffset, sizeBytes: 4, signed: true, lengthBytes: 4, add: 0 },
};

/** Where texts of calls come from. */
interface TextSources {
  /** Whether probes read them. */
  readonly areProbed: boolean;
  /** Whether records are those of the call's own event, which may have them. */
  readonly isOwnEvent: boolean;
}

function entry(
  call: string,
  format: KernelEventFormat | undefined,
  machine: string,
  texts: TextSources,
): readonly MappedField[] {
  if (format === undefined) return [anyArguments];
  const behind = new Map<string, KernelField>();
  for (const field of format.fields) {
    const of = textOfArgument(field.name);
    if (of !== undefined) behind.set(of, field);
  }
  const fields = format.fields.filter(
    ({ name, offsetBytes }) =>
      offsetBytes >= argumentsOffset &&
      !name.startsWith('__syscall_nr') &&
      textOfArgument(name) === undefined,
  );
  const probed = texts.areProbed ? fields.filter((field) => isTextArgument(call, field)) : [];
  return fields.map((field) => {
    const text = texts.isOwnEvent ? behind.get(field.name) : undefined;
    if (text?.shape.kind === 'dynamic' && text.shape.content.kind === 'text') {
      const { offsetBytes, shape } = text;
      const from = { kind: 'dynamic', offsetBytes, relative: shape.relative } as const;
      return { name: field.name, fieldClass: string, source: { kind: 'string', from } };
    }
    if (!probed.includes(field)) return argument(call, field, machine);
    const { name, offsetBytes } = field;
    const isLast = field === probed.at(-1);
    return { name, fieldClass: string, source: { kind: 'call-text', offsetBytes, isLast } };
  });
}

function exit(call: string): readonly MappedField[] {
  // LTTng has what this one gives back as an address, and that of brk, mremap and shmat as a number.
  const address = call === 'mmap';
  return [word('ret', argumentsOffset, !address, address ? 16 : 10)];
}

/** Whether a format is one of those that this module maps. */
export function isSyscall(format: KernelEventFormat): boolean {
  if (format.system === 'raw_syscalls') return true;
  return (
    format.system === 'syscalls' &&
    (format.name.startsWith(entryPrefix) || format.name.startsWith(exitPrefix))
  );
}

function eventOf(
  call: string,
  direction: 'entry' | 'exit',
  fields: readonly MappedField[],
  origin: MappedOrigin,
): MappedEvent {
  const name = `syscall_${direction}_${call}`;
  const changes = direction === 'exit' && changesTask.has(call);
  return changes ? { name, fields, origin, update: 'changed' } : { name, fields, origin };
}

/**
 * Maps the system calls of a kernel.
 * @param machine as `uname -m` prints it: it decides what the numbers mean.
 * @param wanted formats that are recorded, of all that the kernel has.
 * @param wantedCalls of the calls in `raw_syscalls`; all by default.
 * @param areProbed whether probes read the texts that calls are given.
 */
export function mapSyscalls(
  formats: KernelFormats,
  machine: string,
  wanted: readonly KernelEventFormat[],
  wantedCalls: (call: string) => boolean = () => true,
  areProbed = false,
): readonly MappedEvent[] {
  const events: MappedEvent[] = [];
  const names = syscallNames(machine);
  for (const format of wanted) {
    if (format.system === 'raw_syscalls') {
      const direction = format.name === 'sys_enter' ? 'entry' : 'exit';
      for (const [number, call] of names.entries()) {
        if (call === undefined || !wantedCalls(call)) continue;
        const origin = { kind: 'syscall', direction, number, format } as const;
        const fields =
          direction === 'entry'
            ? entry(call, formats.ofName(`syscalls:${entryPrefix}${call}`), machine, {
                areProbed,
                isOwnEvent: false,
              })
            : exit(call);
        events.push(eventOf(call, direction, fields, origin));
      }
      const other = direction === 'entry' ? anyArguments : word('ret', argumentsOffset, true, 10);
      events.push(
        eventOf('unknown', direction, [callNumber, other], {
          kind: 'syscall',
          direction,
          number: -1,
          format,
        }),
      );
      continue;
    }
    const isEntry = format.name.startsWith(entryPrefix);
    const call = format.name.slice((isEntry ? entryPrefix : exitPrefix).length);
    const direction = isEntry ? 'entry' : 'exit';
    const fields = isEntry ? entry(call, format, machine, { areProbed, isOwnEvent: true }) : exit(call);
    events.push(eventOf(call, direction, fields, { kind: 'event', format }));
  }
  return events;
}
