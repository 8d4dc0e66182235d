/**
 * Where a library makes certain system calls, and where their arguments are then. The instruction that makes the call
 * cannot be probed (`syscall`, `svc`), the one before it that sets the number can: between the two the arguments are moved
 * at most, which is followed. What is not understood is left out, so that nothing wrong is read.
 */
import type { ElfFile, ElfSection } from '@spoor/elf';
import { fileOffsetOf } from './elf-probes.ts';
import { instructionBytes } from './x86-instructions.ts';

/** A place that is passed just before a call. */
export interface SyscallSite {
  /** Number of the call. */
  readonly number: number;
  /** In the file. */
  readonly offsetBytes: bigint;
  /** Where each argument is at the place, as the kernel fetches it; undefined for what is not known there. */
  readonly arguments: readonly (string | undefined)[];
}

const machineX86 = 62;
const machineArm = 183;
const executableFlag = 4n;
const codeType = 1;

/** Where a register has its value from: another at the place of the probe, memory, or what is not known. */
type Origin =
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'memory'; readonly base: number; readonly distance: number }
  | { readonly kind: 'other' };

const other: Origin = { kind: 'other' };

const x86Registers = [
  'ax',
  'cx',
  'dx',
  'bx',
  'sp',
  'bp',
  'si',
  'di',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];
/** Of the arguments of system calls, by number: rdi, rsi, rdx, r10, r8, r9. */
const x86Arguments = [7, 6, 2, 10, 8, 9];
const accumulator = 0;

/** Most bytes between the number and the call. */
const reachBytes = 48;

function fetchOf(origin: Origin, nameOf: (register: number) => string): string | undefined {
  switch (origin.kind) {
    case 'register':
      return `%${nameOf(origin.register)}`;
    case 'memory':
      return `${origin.distance < 0 ? '-' : '+'}${Math.abs(origin.distance)}(%${nameOf(origin.base)})`;
    case 'other':
      return undefined;
    default:
      return origin satisfies never;
  }
}

/** One instruction that moves something; undefined where it is none of those that are understood. */
function x86Move(
  code: Uint8Array,
  at: number,
  length: number,
): { readonly to: number; readonly from: (registers: readonly Origin[]) => Origin } | undefined {
  let cursor = at;
  let rex = 0;
  if ((code[cursor]! & 0xf0) === 0x40) rex = code[cursor++]!;
  const opcode = code[cursor++]!;
  const wide = (rex & 8) !== 0;
  if (opcode >= 0xb8 && opcode <= 0xbf) return { to: (opcode & 7) | ((rex & 1) << 3), from: () => other };
  const modRm = code[cursor] ?? 0;
  const register = ((modRm >>> 3) & 7) | ((rex & 4) << 1);
  const operand = (modRm & 7) | ((rex & 1) << 3);
  const mode = modRm >>> 6;
  if (mode === 3) {
    // Moves of 32 bits clear the rest: of an address they are none.
    const moved = (from: number) => (registers: readonly Origin[]) => (wide ? registers[from]! : other);
    if (opcode === 0x89) return { to: operand, from: moved(register) };
    if (opcode === 0x8b) return { to: register, from: moved(operand) };
    if ((opcode === 0x31 || opcode === 0x33) && register === operand)
      return { to: operand, from: () => other };
    if (opcode === 0x63) return { to: register, from: () => other };
    return undefined;
  }
  if (opcode !== 0x8b && opcode !== 0x8d) return undefined;
  if (opcode === 0x8d || !wide) return { to: register, from: () => other };
  const hasSib = (modRm & 7) === 4;
  const sib = hasSib ? (code[cursor + 1] ?? 0) : 0;
  // With an index, or from where the instruction is: not followed.
  const isPlain = hasSib ? ((sib >>> 3) & 7) === 4 && (rex & 2) === 0 : true;
  if (!isPlain || (mode === 0 && (modRm & 7) === 5) || (mode === 0 && hasSib && (sib & 7) === 5)) {
    return { to: register, from: () => other };
  }
  const base = hasSib ? (sib & 7) | ((rex & 1) << 3) : operand;
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const end = at + length;
  const distance = mode === 1 ? view.getInt8(end - 1) : mode === 2 ? view.getInt32(end - 4, true) : 0;
  return {
    to: register,
    from: (registers) => {
      const origin = registers[base]!;
      return origin.kind === 'register' ? { kind: 'memory', base: origin.register, distance } : other;
    },
  };
}

/** Follows what lies between the number and the call; undefined where that is anything but moves. */
function x86ArgumentsAt(code: Uint8Array, from: number): readonly (string | undefined)[] | undefined {
  const registers: Origin[] = x86Registers.map((_, register) => ({ kind: 'register', register }));
  for (let at = from; at < from + reachBytes;) {
    if (code[at] === 0x0f && code[at + 1] === 0x05) {
      return x86Arguments.map((register) => fetchOf(registers[register]!, (number) => x86Registers[number]!));
    }
    const length = instructionBytes(code, at);
    const move = length === 0 ? undefined : x86Move(code, at, length);
    if (move === undefined || move.to === accumulator) return undefined;
    registers[move.to] = move.from(registers);
    at += length;
  }
  return undefined;
}

/** Beginnings of functions in a section, as far as symbols tell them; code is told apart from there on. */
function beginningsIn(elf: ElfFile, section: ElfSection): readonly number[] {
  const end = section.address + BigInt(section.sizeBytes);
  const addresses = new Set<number>([0]);
  for (const table of ['.symtab', '.dynsym'] as const) {
    for (const { address, type } of elf.symbols(table)) {
      if (type === 2 && address >= section.address && address < end)
        addresses.add(Number(address - section.address));
    }
  }
  return [...addresses].sort((left, right) => left - right);
}

/** A system call in a section's code: where, which one, and where its arguments are, as far as that can be told. */
interface FoundSite {
  readonly at: number;
  readonly number: number;
  readonly arguments: readonly (string | undefined)[];
}

function* x86Sites(
  code: Uint8Array,
  beginnings: readonly number[],
  wanted: ReadonlySet<number>,
): Generator<FoundSite> {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const candidates: number[] = [];
  for (let at = code.indexOf(0xb8); at >= 0 && at + 5 <= code.length; at = code.indexOf(0xb8, at + 1)) {
    if (wanted.has(view.getUint32(at + 1, true)) && x86ArgumentsAt(code, at + 5) !== undefined)
      candidates.push(at);
  }
  let next = 0;
  let at = 0;
  for (const candidate of candidates) {
    while (next < beginnings.length && beginnings[next]! <= candidate) at = Math.max(at, beginnings[next++]!);
    while (at < candidate) {
      // What is no instruction is passed over byte by byte, up to the next function: nothing there counts.
      const length = instructionBytes(code, at);
      if (length === 0) break;
      at += length;
    }
    if (at !== candidate) continue;
    yield { at, number: view.getUint32(at + 1, true), arguments: x86ArgumentsAt(code, at + 5)! };
  }
}

function* armSites(code: Uint8Array, wanted: ReadonlySet<number>): Generator<FoundSite> {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at + 8 <= code.length; at += 4) {
    const word = view.getUint32(at, true);
    // movz w8, #NUMBER or movz x8, #NUMBER
    if ((word & 0x7fe0_001f) >>> 0 !== 0x5280_0008) continue;
    const number = (word >>> 5) & 0xffff;
    if (!wanted.has(number)) continue;
    const registers: Origin[] = Array.from({ length: 32 }, (_, register) => ({ kind: 'register', register }));
    for (let cursor = at + 4; cursor + 4 <= Math.min(code.length, at + reachBytes); cursor += 4) {
      const instruction = view.getUint32(cursor, true);
      const to = instruction & 31;
      if (instruction === 0xd400_0001) {
        // svc #0
        const places = [0, 1, 2, 3, 4, 5].map((register) =>
          fetchOf(registers[register]!, (name) => `x${name}`),
        );
        yield { at, number, arguments: places };
        break;
      }
      if ((instruction & 0xffe0_ffe0) >>> 0 === 0xaa00_03e0) {
        // mov xD, xM; register 31 is zero here
        const from = (instruction >>> 16) & 31;
        registers[to] = from === 31 ? other : registers[from]!;
      } else if (
        (instruction & 0xffe0_ffe0) >>> 0 === 0x2a00_03e0 ||
        (instruction & 0x1f80_0000) >>> 0 === 0x1280_0000
      ) {
        // mov wD, wM; movn, movz, movk
        registers[to] = other;
      } else break;
      if (to === 8) break;
    }
  }
}

/**
 * The places of a file that are passed just before one of these system calls is made.
 * @param numbers of the calls, by the machine's table.
 */
export function syscallSites(elf: ElfFile, numbers: ReadonlySet<number>): readonly SyscallSite[] {
  if (elf.bits !== 64 || !elf.littleEndian) return [];
  const found: SyscallSite[] = [];
  for (const section of elf.sections) {
    if (section.type !== codeType || (section.flags & executableFlag) === 0n) continue;
    const code = elf.bytesOf(section);
    const sites =
      elf.machine === machineX86
        ? x86Sites(code, beginningsIn(elf, section), numbers)
        : elf.machine === machineArm
          ? armSites(code, numbers)
          : [];
    for (const { at, number, arguments: places } of sites) {
      const offsetBytes = fileOffsetOf(elf, section.address + BigInt(at));
      if (offsetBytes !== undefined) found.push({ number, offsetBytes, arguments: places });
    }
  }
  return found;
}
