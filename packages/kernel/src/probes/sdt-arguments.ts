/** Where the values of a probe of sys/sdt.h are: what the assembler wrote becomes what the kernel fetches. */
import type { ProbeArgument } from './probe-text.ts';

const machineX86 = 62;
const machineArm = 183;

/** Registers of x86-64 by any of their widths. */
const x86Names: Readonly<Record<string, string>> = (() => {
  const names: Record<string, string> = {};
  for (const letter of ['a', 'b', 'c', 'd']) {
    for (const form of [`${letter}l`, `${letter}x`, `e${letter}x`, `r${letter}x`])
      names[form] = `%${letter}x`;
  }
  for (const pair of ['si', 'di', 'bp', 'sp']) {
    for (const form of [`${pair}l`, pair, `e${pair}`, `r${pair}`]) names[form] = `%${pair}`;
  }
  for (let number = 8; number <= 15; number++) {
    for (const width of ['', 'd', 'w', 'b']) names[`r${number}${width}`] = `%r${number}`;
  }
  return names;
})();

/** An address with `+` or `-` before its distance. */
function memory(distance: number, register: string): string {
  return `${distance < 0 ? '-' : '+'}${Math.abs(distance)}(${register})`;
}

/** The kernel's name of a register of x86-64 or ARM of 64 bits; undefined for what it has no name for. */
export function registerOf(name: string, machine: number): string | undefined {
  if (machine === machineX86) {
    return x86Names[name] ?? (/^(?:ip|flags|cs|ss|orig_ax)$/.test(name) ? `%${name}` : undefined);
  }
  if (machine !== machineArm) return undefined;
  const number = /^[xw](\d{1,2})$/.exec(name)?.[1];
  if (number !== undefined) return Number(number) <= 30 ? `%x${Number(number)}` : undefined;
  return name === 'sp' || name === 'pc' ? `%${name}` : undefined;
}

/** Where a variable of the program is, as the kernel fetches it: `@+OFFSET`; undefined for one that is not there. */
export type VariablePlace = (name: string, distance: number) => string | undefined;

function x86Fetch(operand: string, variable: VariablePlace): string | undefined {
  const constant = /^\$(-?\d+)$/.exec(operand);
  if (constant !== null) return `\\${constant[1]}`;
  const register = /^%(\w+)$/.exec(operand)?.[1];
  // The upper halves of registers (%ah) have no name that the kernel knows.
  if (register !== undefined) return x86Names[register];
  const named = /^([A-Za-z_.$][\w.$]*)([+-]\d+)?\(%rip\)$/.exec(operand);
  if (named !== null) return variable(named[1] ?? '', Number(named[2] ?? 0));
  const place = /^(-?(?:0x[\da-f]+|\d+))?\(%(\w+)\)$/.exec(operand);
  if (place === null) return undefined;
  const base = x86Names[place[2] ?? ''];
  return base === undefined ? undefined : memory(Number(place[1] ?? 0), base);
}

function armFetch(operand: string): string | undefined {
  const constant = /^(-?\d+)$/.exec(operand);
  if (constant !== null) return `\\${constant[1]}`;
  if (/^(?:[xw]\d{1,2}|sp)$/.test(operand)) return registerOf(operand, machineArm);
  const place = /^\[(x\d{1,2}|sp)(?:, ?#?(-?\d+))?\]$/.exec(operand);
  return place === null ? undefined : memory(Number(place[2] ?? 0), `%${place[1]}`);
}

/**
 * Arguments of a probe, `arg1` and so on by their places; those that the kernel cannot fetch are left out: floating-point
 * numbers, and addresses of more than one register.
 * @param text `SIZE@OPERAND` of each, such as `-4@%edi 8@-8(%rbp)`; a negative size is a signed number.
 * @param machine `EM_…` of the file.
 * @param variable finds variables; without it they are left out.
 */
export function sdtArguments(
  text: string,
  machine: number,
  variable: VariablePlace = () => undefined,
): readonly ProbeArgument[] {
  const fetchOf = (operand: string): string | undefined => {
    if (machine === machineX86) return x86Fetch(operand, variable);
    return machine === machineArm ? armFetch(operand) : undefined;
  };
  // Operands of ARM have a space within their brackets.
  const parts = text.match(/-?\d+f?@(?:\[[^\]]*\]|\S+)/g) ?? [];
  return parts.flatMap((part, index) => {
    const [, sign, size, float, operand = ''] = /^(-?)(\d+)(f?)@(.*)$/.exec(part) ?? [];
    const fetch = fetchOf(operand);
    if (fetch === undefined || float === 'f' || !/^[1248]$/.test(size ?? '')) return [];
    return [{ name: `arg${index + 1}`, fetch, type: `${sign === '-' ? 's' : 'u'}${Number(size) * 8}` }];
  });
}
