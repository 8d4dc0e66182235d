/** Boots whose formats and symbols are kept, so that what a persistent ring has of them can be read after the next start. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { endianness, hostname, machine, release, version } from 'node:os';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { measureClockOffsetNs } from '@spoor/ringbuffer';
import { btfConstants } from '../formats/btf-constants.ts';
import { KernelFormats } from '../formats/kernel-formats.ts';
import { checkEventHeader, parsePageHeader } from '../formats/page-layout.ts';
import { usedConstants } from '../print/field-labels.ts';
import { packFormats, unpackFormats } from '../recording/format-archive.ts';
import { parseConstants } from '../recording/open-raw.ts';
import { formatFiles } from '../recording/raw-files.node.ts';
import { readIfThere, listEvents } from '../tracefs/tracefs.node.ts';
import type { KernelIdentity } from '../transcode/kernel-trace-class.ts';
import { textAddress } from './last-boot.ts';
import { listState, readState, removeState, stateDirectory, writeState } from './state-directory.node.ts';

/** Version of `boot.json`; others are not read. */
const savedBootVersion = 1;
const folder = 'boots';
/** So many are kept: some 10 MB each. */
const mostBoots = 4;

/** What `boot.json` says. */
interface BootFile extends KernelIdentity {
  readonly version: number;
  readonly bootId: string;
  readonly savedMs: number;
  readonly littleEndian: boolean;
  readonly clockOffsetNs: string;
}

/** A boot, and how to read what was recorded in it. */
export interface SavedBoot {
  readonly bootId: string;
  readonly savedMs: number;
  readonly identity: KernelIdentity;
  readonly clockOffsetNs: bigint;
  /** Address of the kernel's text. */
  readonly text: bigint | undefined;
  /** Formats, for rings with sub-buffers of a size. */
  formats(subBufferBytes: number): KernelFormats;
  symbols(): string;
  readonly printkFormats: string;
  readonly commands: string;
  readonly constants: ReadonlyMap<string, bigint>;
}

/** The boot that goes on. */
export function currentBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

/** Whether this machine has a ring that outlives its kernel. */
function hasPersistentRing(root: string): boolean {
  return persistentInstances(root).length > 0;
}

/** Instances that the kernel was started with whose rings outlive it. */
export function persistentInstances(root: string): readonly string[] {
  const instances = join(root, 'instances');
  return readdirSync(instances).filter((name) => existsSync(join(instances, name, 'last_boot_info')));
}

/**
 * Keeps what is needed to read rings of this boot later, unless it is kept already: all formats and symbols.
 * @returns false where it was kept already.
 * @throws SpoorError `kernel/state`.
 */
export function saveBoot(root: string): boolean {
  const bootId = currentBootId();
  if (readState(folder, join(bootId, 'boot.json')) !== undefined) return false;
  const place = join(folder, bootId);
  const header = readFileSync(join(root, 'events/header_page'), 'latin1');
  writeState(place, 'header_page', header);
  writeState(place, 'header_event', readFileSync(join(root, 'events/header_event')));
  const packed = packFormats(formatFiles(root, listEvents(root)));
  writeState(place, 'formats', packed);
  writeState(place, 'kallsyms', readIfThere('/proc/kallsyms') ?? '');
  for (const name of ['printk_formats', 'saved_cmdlines']) {
    writeState(place, name, readIfThere(join(root, name)) ?? '');
  }
  const btf = '/sys/kernel/btf/vmlinux';
  if (existsSync(btf)) {
    const layout = parsePageHeader(header, endianness() === 'LE');
    const names = usedConstants(unpackFormats(packed, layout, place));
    const lines = [...btfConstants(readFileSync(btf), names)].map(([name, value]) => `${name} ${value}\n`);
    writeState(place, 'constants', lines.join(''));
  }
  const file: BootFile = {
    version: savedBootVersion,
    bootId,
    savedMs: Date.now(),
    littleEndian: endianness() === 'LE',
    clockOffsetNs: String(measureClockOffsetNs()),
    hostname: hostname(),
    kernelRelease: release(),
    kernelVersion: version(),
    machine: machine(),
  };
  // Last: a boot that has it is whole.
  writeState(place, 'boot.json', `${JSON.stringify(file, undefined, 2)}\n`);
  const old = savedBoots().slice(mostBoots);
  for (const boot of old) removeState(folder, boot.bootId);
  return true;
}

/** Keeps this boot where that has a use: for a ring that outlives it. Where it cannot be kept, recording goes on. */
export function keepBoot(root: string): void {
  if (!hasPersistentRing(root)) return;
  try {
    saveBoot(root);
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
  }
}

/** Boots that are kept, the newest first. */
export function savedBoots(): readonly SavedBoot[] {
  return listState(folder)
    .flatMap((name) => openBoot(name) ?? [])
    .sort((a, b) => b.savedMs - a.savedMs);
}

function openBoot(name: string): SavedBoot | undefined {
  const place = join(folder, name);
  const file = parseBootFile(readState(place, 'boot.json'));
  if (file === undefined) return undefined;
  const { bootId, savedMs, littleEndian, clockOffsetNs, ...identity } = file;
  const text = (part: string): string => readState(place, part) ?? '';
  return {
    bootId,
    savedMs,
    identity,
    clockOffsetNs: BigInt(clockOffsetNs),
    text: textAddress(text('kallsyms')),
    formats: (subBufferBytes) => {
      const where = join(stateDirectory(), place);
      checkEventHeader(text('header_event'));
      const layout = parsePageHeader(text('header_page'), littleEndian, subBufferBytes);
      const bytes = new TextEncoder().encode(text('formats'));
      return new KernelFormats(layout, unpackFormats(bytes, layout, join(where, 'formats')));
    },
    symbols: () => text('kallsyms'),
    printkFormats: text('printk_formats'),
    commands: text('saved_cmdlines'),
    constants: parseConstants(text('constants')),
  };
}

function parseBootFile(text: string | undefined): BootFile | undefined {
  if (text === undefined) return undefined;
  try {
    const file = JSON.parse(text) as BootFile;
    const isKnown =
      file.version === savedBootVersion &&
      [file.bootId, file.hostname, file.kernelRelease, file.kernelVersion, file.machine].every(
        (value) => typeof value === 'string',
      ) &&
      typeof file.savedMs === 'number' &&
      /^-?\d{1,30}$/.test(file.clockOffsetNs);
    return isKnown ? file : undefined;
  } catch {
    return undefined;
  }
}

/** @throws SpoorError `kernel/no-saved-boot`. */
export function noSavedBoot(instance: string): SpoorError {
  return new SpoorError(
    'kernel/no-saved-boot',
    'formats and symbols of the boot before this one were not saved',
    {
      where: instance,
      hint: 'have `spoor recover --save` run at every start: then the next crash can be read',
    },
  );
}
