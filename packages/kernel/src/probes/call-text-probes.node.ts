/** Probes that read the texts which system calls are given, in the libraries that make the calls for programs. */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import { openElfFile } from '@spoor/elf/node';
import type { KernelFormats } from '../formats/kernel-formats.ts';
import { isTextArgument } from '../mapping/syscall-texts.ts';
import { syscallNames } from '../mapping/syscall-names.ts';
import { callTextFields } from '../transcode/call-texts.ts';
import type { ProbeDefinition } from './probe-text.ts';
import { syscallSites } from './syscall-sites.ts';

/** C libraries and the loaders that belong to them: GNU's and musl's. */
const libraryPattern =
  /\/(?:libc\.so\.6|libc-2\.\d+\.so|libpthread[-.]\S*|ld-linux\S*|ld-2\.\d+\.so|ld-musl\S*|libc\.musl\S*)$/;

/** Where the arguments of system calls lie in their records: behind 8 bytes, and the number in 8. */
const argumentsOffset = 16;

/** The name of the event of all these probes. */
const eventName = 'call_text';

function mapsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    // It has ended.
    return '';
  }
}

/** C libraries that processes use, each file once, by paths that this process can open. */
function cLibraries(): readonly string[] {
  const found = new Map<string, string>();
  for (const pid of ['self', ...readdirSync('/proc').filter((name) => /^\d+$/.test(name))]) {
    for (const line of mapsOf(pid).split('\n')) {
      const [, device = '', inode = '', path = ''] = /^\S+ ..x. \S+ (\S+) (\d+)\s+(\/.*)$/.exec(line) ?? [];
      const key = `${device} ${inode}`;
      // What was replaced since has no path, though it may still be mapped.
      if (path === '' || !libraryPattern.test(path) || found.has(key)) continue;
      // In a container it has the path of there.
      found.set(key, pid === 'self' ? path : `/proc/${pid}/root${path}`);
    }
  }
  return [...found.values()];
}

/** Arguments that are texts of the calls that are wanted: their places, by the number of the call. */
function textArguments(
  formats: KernelFormats,
  machine: string,
  wants: (call: string) => boolean,
): ReadonlyMap<number, readonly number[]> {
  const places = new Map<number, readonly number[]>();
  for (const [number, call] of syscallNames(machine).entries()) {
    const format =
      call === undefined || !wants(call) ? undefined : formats.ofName(`syscalls:sys_enter_${call}`);
    if (call === undefined || format === undefined) continue;
    const texts = format.fields
      .filter((field) => isTextArgument(call, field))
      .map(({ offsetBytes }) => (offsetBytes - argumentsOffset) / 8);
    if (texts.length > 0) places.set(number, texts);
  }
  return places;
}

/**
 * Definitions of the probes; all have one name, so that they are one event of the kernel with many places. None where no
 * wanted call has texts, or no library makes them.
 * @param formats those of `syscalls:sys_enter_*` at least.
 * @param machine as `uname -m` prints it.
 */
export function callTextProbes(
  formats: KernelFormats,
  machine: string,
  wants: (call: string) => boolean = () => true,
): readonly Omit<ProbeDefinition, 'group'>[] {
  const wanted = textArguments(formats, machine, wants);
  const numbers = new Set(wanted.keys());
  if (numbers.size === 0) return [];
  const definitions: Omit<ProbeDefinition, 'group'>[] = [];
  for (const path of cLibraries()) {
    try {
      // A link of a library is another path of the same file, which the kernel would take as another place.
      const real = path.startsWith('/proc/') ? path : realpathSync(path);
      for (const site of syscallSites(openElfFile(real), numbers)) {
        for (const index of wanted.get(site.number) ?? []) {
          const fetch = site.arguments[index];
          if (fetch === undefined) continue;
          definitions.push({
            name: eventName,
            place: { kind: 'file', path: real, offsetBytes: site.offsetBytes },
            arguments: [
              { name: callTextFields.address, fetch, type: 'u64' },
              { name: callTextFields.text, fetch: `+0(${fetch})`, type: 'ustring' },
            ],
          });
        }
      }
    } catch (error) {
      // A library that cannot be read makes no texts; the calls that lack them are counted.
      if (!(error instanceof SpoorError) && !(error instanceof Error && 'code' in error)) throw error;
    }
  }
  return definitions;
}
