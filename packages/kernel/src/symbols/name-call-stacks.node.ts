/** Writes the names of the addresses that call stacks of a trace have, beside the trace. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDirectory } from '@spoor/ctf/node';
import { KernelSymbols } from '../print/symbols.ts';
import { readProc } from '../statedump/scan-tasks.node.ts';
import { mappingsAt, type AddressSpaces, type ProcessImage } from './address-spaces.ts';
import type { MetAddress, MetAddresses } from './met-addresses.ts';
import { ProgramSymbols, readOwnFile } from './program-symbols.node.ts';
import {
  joinSymbols,
  parseSymbols,
  symbolsFileName,
  symbolsFolder,
  writeSymbols,
  type CallStackSymbols,
  type NamedAddress,
  type NamedImage,
  type UserPlace,
} from './symbols-file.ts';

const twoTo32 = 0x1_0000_0000;

function kernelNames(addresses: readonly bigint[], kallsyms: () => string): CallStackSymbols['kernel'] {
  if (addresses.length === 0) return [];
  const symbols = KernelSymbols.parse(kallsyms());
  return addresses.flatMap((address) => {
    const found = symbols.find(address);
    if (found === undefined) return [];
    const module = found.module === undefined ? '' : ` [${found.module}]`;
    return [{ address, text: `${found.name}+0x${found.offset.toString(16)}${module}` }];
  });
}

interface MetImage {
  readonly threads: Map<number, number>;
  readonly addresses: Set<number>;
}

/** The images that addresses were met in: of a thread that executed programs each may be the one. */
function metImages(met: readonly MetAddress[], spaces: AddressSpaces): Map<ProcessImage, MetImage> {
  const images = new Map<ProcessImage, MetImage>();
  for (const { tid, low, high } of met) {
    const address = (high >>> 0) * twoTo32 + (low >>> 0);
    for (const { image, sinceNs } of spaces.imagesOf(tid)) {
      let known = images.get(image);
      if (known === undefined) {
        known = { threads: new Map(), addresses: new Set() };
        images.set(image, known);
      }
      known.threads.set(tid, sinceNs);
      known.addresses.add(address);
    }
  }
  return images;
}

/** Names of what is in a table. @param spaces without, those of the kernel alone. */
export function nameCallStacks(
  met: Iterable<MetAddress>,
  spaces: AddressSpaces | undefined,
  kallsyms: () => string = () => readProc('/proc/kallsyms') ?? '',
): CallStackSymbols {
  const ofKernel = new Set<bigint>();
  const ofPrograms: MetAddress[] = [];
  for (const one of met) {
    if (one.tid !== 0) ofPrograms.push(one);
    else ofKernel.add((BigInt(one.high >>> 0) << 32n) | BigInt(one.low >>> 0));
  }
  const places: UserPlace[] = [];
  const numbers = new Map<UserPlace, number>();
  const numberOf = (place: UserPlace): number => {
    let number = numbers.get(place);
    if (number === undefined) {
      number = places.push(place) - 1;
      numbers.set(place, number);
    }
    return number;
  };
  const symbols = new ProgramSymbols();
  const images: NamedImage[] = [];
  for (const [image, { threads, addresses }] of spaces === undefined ? [] : metImages(ofPrograms, spaces)) {
    const named: NamedAddress[] = [];
    for (const address of addresses) {
      const mappings = mappingsAt(image, address);
      const found = mappings.flatMap((mapping): NamedAddress[] => {
        const place = symbols.placeIn(image.pid, mapping, address);
        return place === undefined ? [] : [{ address, sinceNs: mapping.sinceNs, place: numberOf(place) }];
      });
      const code = found.length === 0 ? symbols.placeOfCode(image.pid, image.owner, address) : undefined;
      if (code !== undefined) named.push({ address, sinceNs: 0, place: numberOf(code) });
      named.push(...found);
    }
    images.push({
      threads: [...threads].map(([tid, sinceNs]) => ({ tid, sinceNs })),
      addresses: named,
    });
  }
  return { kernel: kernelNames([...ofKernel], kallsyms), places, images };
}

/** More is not taken over from who was there before. */
const mostKnownBytes = 256 << 20;

/** What a process that was killed has left in a trace; undefined where there is nothing that can be read. */
export function readCallStackNames(directory: string): CallStackSymbols | undefined {
  const path = join(directory, symbolsFolder, symbolsFileName);
  try {
    const text = readOwnFile(path, mostKnownBytes, () => true)?.toString('utf8');
    return text === undefined ? undefined : parseSymbols(text, path);
  } catch {
    return undefined;
  }
}

/**
 * Writes them into the directory of a trace; nothing where no address was met.
 * @param before what is known from another process, which is written as well.
 */
export function writeCallStackNames(
  directory: string,
  met: MetAddresses,
  spaces: AddressSpaces | undefined,
  before?: CallStackSymbols,
): void {
  if (met.size === 0) return;
  const named = nameCallStacks(met, spaces);
  const text = writeSymbols(before === undefined ? named : joinSymbols(before, named));
  const folder = join(directory, symbolsFolder);
  ensureDirectory(folder);
  const path = join(folder, symbolsFileName);
  writeFileSync(`${path}.draft`, text);
  renameSync(`${path}.draft`, path);
}
