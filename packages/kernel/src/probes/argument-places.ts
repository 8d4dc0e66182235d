/**
 * What was written of arguments becomes what the kernel fetches: `arg2` of a function is a register by the calling
 * convention of its machine, `arg2` of a probe of sys/sdt.h what the compiler says of it.
 */
import { SpoorError } from '@spoor/base';
import type { ProbeArgument } from './probe-text.ts';
import type { WrittenArgument } from './program-place.ts';
import { registerOf } from './sdt-arguments.ts';

const machineX86 = 62;
const machineArm = 183;

/** Registers of the first arguments that are numbers or addresses; further ones are on the stack, so many bytes up. */
const conventions: Readonly<
  Record<number, { readonly registers: readonly string[]; readonly stackBytes: number }>
> = {
  // System V ABI: where a function begins, its return address is on top of the stack.
  [machineX86]: { registers: ['%di', '%si', '%dx', '%cx', '%r8', '%r9'], stackBytes: 8 },
  [machineArm]: { registers: ['%x0', '%x1', '%x2', '%x3', '%x4', '%x5', '%x6', '%x7'], stackBytes: 0 },
};

/** Fields that events of probes have anyway. */
const takenNames = new Set(['ip', 'parent_ip']);

const isText = (type: string): boolean => /^u?string(?:\[\d+\])?$/.test(type);
const isType = (type: string): boolean =>
  isText(type) ||
  /^(?:[sux](?:8|16|32|64)|char|b\d{1,2}@\d{1,2}\/(?:8|16|32|64))(?:\[\d{1,2}\])?$/.test(type);

/** What an argument's number or name stands for at a place. */
export interface ArgumentSource {
  /** `EM_…` of the program. */
  readonly machine: number;
  /**
   * - `entry`: a function begins, its arguments are where the convention says;
   * - `return`: it has returned, there is `retval`;
   * - `sdt`: the values of a probe of sys/sdt.h.
   */
  readonly at: 'entry' | 'return' | 'sdt';
  /** Those of `sdt`. */
  readonly values?: readonly ProbeArgument[];
}

function refuse(message: string, hint?: string): never {
  throw new SpoorError('kernel/probe', message, hint === undefined ? {} : { hint });
}

interface Found {
  readonly fetch: string;
  readonly type: string;
}

function numbered(number: number, source: ArgumentSource): Found {
  const { at, machine, values = [] } = source;
  if (at === 'sdt') {
    const value = values.find(({ name }) => name === `arg${number}`);
    if (value !== undefined) return value;
    return refuse(
      `the probe has no arg${number} that the kernel can fetch`,
      `it has ${values.map(({ name, type }) => `${name}:${type}`).join(', ') || 'none'}`,
    );
  }
  if (at === 'return') {
    return refuse(`arg${number} is gone when the function returns`, 'retval is what it returns');
  }
  const convention = conventions[machine];
  if (convention === undefined) return refuse(`the arguments of programs of this machine are not known`);
  const { registers, stackBytes } = convention;
  if (number < 1) return refuse('arguments are numbered from arg1 on');
  const register = registers[number - 1];
  if (register !== undefined) return { fetch: register, type: 'u64' };
  return { fetch: `+${(number - 1 - registers.length) * 8 + stackBytes}(%sp)`, type: 'u64' };
}

function find(written: string, source: ArgumentSource): Found {
  const fetch = written.replace(/^\$(?=arg\d|retval$)/, '');
  const number = /^arg(\d{1,3})$/.exec(fetch)?.[1];
  if (number !== undefined) return numbered(Number(number), source);
  if (fetch === 'retval') {
    if (source.at === 'return') return { fetch: '$retval', type: 's64' };
    return refuse('retval is known when the function returns', 'SYMBOL%return is that place');
  }
  const inner = /^([+-](?:0x[\da-f]+|\d+))\((.+)\)$/i.exec(fetch);
  if (inner !== null) return { fetch: `${inner[1]}(${find(inner[2] ?? '', source).fetch})`, type: 'u64' };
  if (fetch.startsWith('%')) {
    const register = registerOf(fetch.slice(1), source.machine);
    if (register === undefined) return refuse(`${fetch} is no register that the kernel can read`);
    return { fetch: register, type: 'u64' };
  }
  if (/^\$stack\d{0,3}$/.test(fetch) || /^\\-?\d+$/.test(fetch)) return { fetch, type: 'u64' };
  if (fetch === '$comm') return { fetch, type: 'string' };
  return refuse(
    `${JSON.stringify(written)} is nothing that can be fetched`,
    'argN, retval, %REGISTER, $stackN, $comm, \\NUMBER, or +OFFSET(…) of one of them',
  );
}

function nameOf({ name, fetch }: WrittenArgument): string {
  if (name !== undefined) return name;
  const plain = /^[$%]?(\w+)$/.exec(fetch)?.[1];
  if (plain !== undefined && /^[A-Za-z_]/.test(plain)) return plain === 'retval' ? 'ret' : plain;
  return refuse(`${JSON.stringify(fetch)} needs a name`, `such as value=${fetch}`);
}

/**
 * What the kernel fetches for arguments that were written. Of text it is the address that is written, `arg2:string` is
 * the text that `arg2` points to, unless a place in memory is written: `+16(arg1):string` begins there.
 * @throws SpoorError `kernel/probe`.
 */
export function placeArguments(
  written: readonly WrittenArgument[],
  source: ArgumentSource,
): readonly ProbeArgument[] {
  return written.map((argument) => {
    const name = nameOf(argument);
    if (takenNames.has(name)) refuse(`a field ${name} is there anyway`, 'name it another way');
    const found = find(argument.fetch, source);
    const type = argument.type ?? found.type;
    if (!isType(type))
      refuse(
        `${JSON.stringify(type)} is no type of an argument`,
        's8 … s64, u8 … u64, x8 … x64, char, string, ustring, and with a number of elements: u8[16]',
      );
    const isWritten = /^[+-]/.test(argument.fetch);
    const pointsTo = isText(type) && !isWritten && found.fetch !== '$comm';
    return { name, fetch: pointsTo ? `+0(${found.fetch})` : found.fetch, type };
  });
}
