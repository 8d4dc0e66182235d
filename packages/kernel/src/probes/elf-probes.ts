/** Places to probe in ELF files: functions by their names, and the probes that a program was built with (SDT). */
import { closestName, SpoorError } from '@spoor/base';
import type { ElfFile, ElfSymbol } from '@spoor/elf';
import type { ProbeArgument } from './probe-text.ts';
import { sdtArguments } from './sdt-arguments.ts';

/** A probe that a program was built with: `DTRACE_PROBE(provider, name, …)` of sys/sdt.h. */
export interface SdtProbe {
  readonly provider: string;
  readonly name: string;
  /** Where it is in the program's memory, as the file has it. */
  readonly address: bigint;
  /** Where it is in the file. */
  readonly offsetBytes: bigint;
  /** Of the counter that says whether anybody listens: its place in the file; undefined where there is none. */
  readonly semaphoreOffset: bigint | undefined;
  /** Where its values are, as the compiler wrote it: `-4@%edi 8@-8(%rbp)`. */
  readonly argumentText: string;
}

const loadSegment = 1;
const functionType = 2;
/** GNU's indirect functions: their address is of what chooses the function. */
const indirectType = 10;
const sdtOwner = 'stapsdt';
const sdtType = 3;

/** Where an address of a file lies in it; undefined where nothing is loaded from. */
export function fileOffsetOf(elf: ElfFile, address: bigint): bigint | undefined {
  const segment = elf.segments.find(
    ({ type, address: start, fileBytes }) =>
      type === loadSegment && address >= start && address < start + BigInt(fileBytes),
  );
  return segment === undefined ? undefined : address - segment.address + BigInt(segment.offset);
}

/** Functions of a file that can be probed, each name once. */
export function functionsOf(elf: ElfFile): readonly ElfSymbol[] {
  const found = new Map<string, ElfSymbol>();
  for (const section of ['.symtab', '.dynsym'] as const) {
    for (const symbol of elf.symbols(section)) {
      if (symbol.type !== functionType || symbol.sectionIndex === 0 || found.has(symbol.name)) continue;
      found.set(symbol.name, symbol);
    }
  }
  return [...found.values()];
}

/** A function in its file. */
export interface FunctionPlace {
  readonly address: bigint;
  readonly offsetBytes: bigint;
  /** 0 where the file does not tell. */
  readonly sizeBytes: bigint;
}

/**
 * Where a function begins.
 * @throws SpoorError `kernel/no-function`.
 */
export function findFunction(elf: ElfFile, name: string): FunctionPlace {
  const plain = name.replace(/@.*$/, '');
  let indirect = false;
  for (const section of ['.symtab', '.dynsym'] as const) {
    for (const symbol of elf.symbolsNamed(plain, section)) {
      if (symbol.sectionIndex === 0) continue;
      if (symbol.type === indirectType) indirect = true;
      if (symbol.type !== functionType) continue;
      const { address, sizeBytes } = symbol;
      const offsetBytes = fileOffsetOf(elf, address);
      if (offsetBytes !== undefined) return { address, offsetBytes, sizeBytes };
    }
  }
  const meant = closestName(
    plain,
    functionsOf(elf).map((symbol) => symbol.name),
  );
  if (indirect) {
    throw new SpoorError(
      'kernel/no-function',
      `${plain} chooses a function while the program starts, and is none itself`,
      { where: elf.name, hint: meant === undefined ? undefined : `did you mean ${meant}?` },
    );
  }
  // Only what other files may call is named then.
  const isStripped = elf.section('.symtab') === undefined;
  throw new SpoorError(
    'kernel/no-function',
    isStripped
      ? `it has no function ${JSON.stringify(plain)} that it exports, and the names of others were stripped`
      : `it has no function ${JSON.stringify(plain)}`,
    {
      where: elf.name,
      hint:
        meant !== undefined
          ? `did you mean ${meant}?`
          : isStripped
            ? 'take a build that was not stripped (file PATH tells it)'
            : undefined,
    },
  );
}

/**
 * Where a function begins in its file.
 * @throws SpoorError `kernel/no-function`.
 */
export function functionOffset(elf: ElfFile, name: string): bigint {
  return findFunction(elf, name).offsetBytes;
}

/** The probes that a file was built with. */
export function sdtProbes(elf: ElfFile): readonly SdtProbe[] {
  const word = elf.bits / 8;
  // Where the linker put the base says by how much the notes are off, if a prelinker moved the code.
  const base = elf.section('.stapsdt.base')?.address;
  const probes: SdtProbe[] = [];
  for (const { owner, type, description } of elf.notes()) {
    if (owner !== sdtOwner || type !== sdtType || description.length < word * 3) continue;
    const view = new DataView(description.buffer, description.byteOffset, description.byteLength);
    const address = (index: number): bigint =>
      word === 8
        ? view.getBigUint64(index * 8, elf.littleEndian)
        : BigInt(view.getUint32(index * 4, elf.littleEndian));
    const moved = base === undefined || address(1) === 0n ? 0n : base - address(1);
    const texts = new TextDecoder().decode(description.subarray(word * 3)).split('\0');
    const [provider = '', name = '', argumentText = ''] = texts;
    const at = address(0) + moved;
    const offsetBytes = fileOffsetOf(elf, at);
    if (offsetBytes === undefined || texts.length < 3) continue;
    const semaphore = address(2) === 0n ? undefined : fileOffsetOf(elf, address(2) + moved);
    probes.push({
      provider,
      name,
      address: at,
      offsetBytes,
      semaphoreOffset: semaphore,
      argumentText,
    });
  }
  return probes;
}

/**
 * The places of one such probe: the compiler may have put it into several.
 * @throws SpoorError `kernel/no-probe`.
 */
export function findSdtProbe(elf: ElfFile, provider: string, name: string): readonly SdtProbe[] {
  const all = sdtProbes(elf);
  const found = all.filter((probe) => probe.provider === provider && probe.name === name);
  if (found.length > 0) return found;
  const meant = closestName(
    `${provider}:${name}`,
    all.map((probe) => `${probe.provider}:${probe.name}`),
  );
  throw new SpoorError('kernel/no-probe', `it has no probe ${provider}:${name}`, {
    where: elf.name,
    hint:
      all.length === 0
        ? 'it was built without probes'
        : meant === undefined
          ? undefined
          : `did you mean ${meant}?`,
  });
}

/** The values of such a probe, as far as the kernel can fetch them, named `arg1`, `arg2` … */
export function sdtProbeArguments(elf: ElfFile, probe: SdtProbe): readonly ProbeArgument[] {
  return sdtArguments(probe.argumentText, elf.machine, (name, distance) => {
    const variable = [...elf.symbolsNamed(name), ...elf.symbolsNamed(name, '.dynsym')].find(
      ({ sectionIndex }) => sectionIndex !== 0,
    );
    if (variable === undefined) return undefined;
    // The kernel counts from where the probe is mapped, so it is the distance in memory that must be right.
    const offset = variable.address + BigInt(distance) - probe.address + probe.offsetBytes;
    return offset < 0n ? undefined : `@+0x${offset.toString(16)}`;
  });
}
