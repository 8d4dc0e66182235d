/** The file system that the kernel's tracing is controlled through. */
import { accessSync, constants, existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import type { KernelEventFormat } from '../formats/event-format.ts';
import { KernelFormats } from '../formats/kernel-formats.ts';
import { checkEventHeader, parsePageHeader } from '../formats/page-layout.ts';
import { parseEventFormat } from '../formats/parse-format.ts';

/** Where it is usually mounted; the second one is that of kernels before 4.1. */
const usualPlaces = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/** Points where tracefs is mounted, as `/proc/self/mounts` has them. */
export function tracefsMounts(mounts: string): readonly string[] {
  return mounts.split('\n').flatMap((line) => {
    const [, point, type] = line.split(' ');
    if (type !== 'tracefs' || point === undefined) return [];
    return [
      point.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8))),
    ];
  });
}

function readable(folder: string): boolean {
  try {
    accessSync(join(folder, 'events'), constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The folder of tracefs.
 * @throws SpoorError `kernel/no-tracefs` when it is not mounted, `kernel/permission` when it may not be read.
 */
export function findTracefs(): string {
  const mounted = tracefsMounts(readFileSync('/proc/self/mounts', 'utf8'));
  const places = [...mounted, ...usualPlaces];
  const place = places.find(readable);
  if (place !== undefined) return place;
  // Below what was mounted over it nobody finds it.
  const there = mounted.find((folder) => existsSync(folder));
  if (there === undefined) {
    throw new SpoorError('kernel/no-tracefs', 'tracefs is not mounted', {
      hint: `as root: mount -t tracefs nodev ${usualPlaces[0]}`,
    });
  }
  throw new SpoorError('kernel/permission', `${there} may not be read`, {
    hint: 'kernel tracing is for root, or for the group that tracefs is mounted with (mount option gid=)',
  });
}

/** `readFileSync`, that of a file which vanishes meanwhile gives undefined. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A probe or module that goes leaves its files open for a moment: they answer ENODEV then.
    if (code === 'ENOENT' || code === 'ENODEV') return undefined;
    throw error;
  }
}

/** The running kernel's events. */
export interface FormatSelection {
  /** Which events: `SYSTEM:NAME`; all by default. */
  readonly wants?: (name: string) => boolean;
  /** The instance whose sub-buffers are read; of the layout alone. */
  readonly subBufferBytes?: number;
}

/** Reads the formats of certain events, `SYSTEM:NAME`; those that there are. @throws FormatError. */
export function readNamedFormats(
  root: string,
  names: Iterable<string>,
  subBufferBytes: number | undefined,
): KernelFormats {
  const events = join(root, 'events');
  checkEventHeader(readFileSync(join(events, 'header_event'), 'latin1'));
  const header = readFileSync(join(events, 'header_page'), 'latin1');
  const layout = parsePageHeader(header, endianness() === 'LE', subBufferBytes);
  const formats: KernelEventFormat[] = [];
  for (const event of names) {
    const colon = event.indexOf(':');
    const system = event.slice(0, colon);
    const text = readIfThere(join(events, system, event.slice(colon + 1), 'format'));
    if (text !== undefined) formats.push(parseEventFormat(text, system, layout));
  }
  return new KernelFormats(layout, formats, () => readPrintkFormats(root));
}

/** Texts of the kernel that records tell by address; empty where they are hidden. */
function readPrintkFormats(root: string): string {
  return readIfThere(join(root, 'printk_formats')) ?? '';
}

/** Names of the events of a kernel, `SYSTEM:NAME`, sorted; without such as cannot be recorded through tracefs. */
export function listEvents(root: string): readonly string[] {
  return readFileSync(join(root, 'available_events'), 'latin1')
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

/** Names of the folders in one; probes and modules may take theirs away meanwhile. */
function foldersIn(folder: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names.filter(
    (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() === true,
  );
}

/**
 * Reads the formats of a kernel's events from its tracefs.
 * @throws FormatError, or what reading a file throws.
 */
export function readFormats(root: string, { wants, subBufferBytes }: FormatSelection = {}): KernelFormats {
  const events = join(root, 'events');
  checkEventHeader(readFileSync(join(events, 'header_event'), 'latin1'));
  const header = readFileSync(join(events, 'header_page'), 'latin1');
  const layout = parsePageHeader(header, endianness() === 'LE', subBufferBytes);
  const formats: KernelEventFormat[] = [];
  // Not available_events: it lacks those that the kernel writes itself, as kernel_stack.
  for (const system of foldersIn(events)) {
    for (const name of foldersIn(join(events, system))) {
      if (wants !== undefined && !wants(`${system}:${name}`)) continue;
      const text = readIfThere(join(events, system, name, 'format'));
      if (text !== undefined) formats.push(parseEventFormat(text, system, layout));
    }
  }
  return new KernelFormats(layout, formats, () => readPrintkFormats(root));
}
