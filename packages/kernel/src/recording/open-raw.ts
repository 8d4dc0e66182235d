/** Opens a raw recording: the files of docs/design/formats.md. */
import { SpoorError } from '@spoor/base';
import { MemorySource, type ByteSource } from '@spoor/ctf';
import { KernelFormats } from '../formats/kernel-formats.ts';
import { checkEventHeader, parsePageHeader } from '../formats/page-layout.ts';
import { lostOf } from '../tracefs/ring-statistics.ts';
import { parseDescription } from './description.ts';
import { unpackFormats } from './format-archive.ts';
import type { KernelRecording, RecordedRing } from './kernel-recording.ts';

const decoder = new TextDecoder();

/** All of a source. @throws SpoorError `kernel/recording` where that is more than a file of its kind can have. */
export function readAll(source: ByteSource, mostBytes: number): Uint8Array {
  if (source.sizeBytes > mostBytes) {
    throw new SpoorError('kernel/recording', `${source.sizeBytes} bytes are too many`, {
      where: source.name,
    });
  }
  const bytes = new Uint8Array(source.sizeBytes);
  let filled = 0;
  while (filled < bytes.length) {
    const into = bytes.subarray(filled);
    const count = source.read(into, into.length, filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

const mostTextBytes = 64 * 1_048_576;

/** The constants that are written `NAME VALUE` each on a line. */
export function parseConstants(text: string): ReadonlyMap<string, bigint> {
  return new Map(
    Array.from(text.matchAll(/^(\w+) (-?\d{1,20})$/gm), ([, name = '', value = '']) => [name, BigInt(value)]),
  );
}

/**
 * Opens a recording by its files.
 * @param open a file of the directory by its name; undefined where it is not there.
 * @throws SpoorError `kernel/recording…`, FormatError.
 */
export function openRawRecording(
  name: string,
  open: (file: string) => ByteSource | undefined,
): KernelRecording {
  const text = (file: string, required: boolean): string => {
    const source = open(file);
    if (source !== undefined) return decoder.decode(readAll(source, mostTextBytes));
    if (!required) return '';
    throw new SpoorError('kernel/recording', `it has no file ${file}`, { where: name });
  };
  // Where a kernel is in memory is for those alone who may know it: to others addresses have no names.
  const readableText = (file: string): string => {
    try {
      return text(file, false);
    } catch (error) {
      if (error instanceof SpoorError && error.code === 'trace/unreadable') return '';
      throw error;
    }
  };
  const description = parseDescription(text('ftrace.json', true), `${name}/ftrace.json`);
  const { littleEndian, subBufferBytes, statistics, pageForm } = description;
  checkEventHeader(text('header_event', true));
  const layout = parsePageHeader(text('header_page', true), littleEndian, subBufferBytes);
  const packed = open('formats');
  if (packed === undefined)
    throw new SpoorError('kernel/recording', 'it has no file formats', { where: name });
  const formats = new KernelFormats(
    layout,
    unpackFormats(readAll(packed, mostTextBytes), layout, `${name}/formats`),
  );
  const rings = description.cpus.flatMap((cpu): RecordedRing[] => {
    const counts = statistics?.find((one) => one.cpu === cpu);
    const found = open(`cpu${cpu}`);
    // Without its file all that a ring had is lost.
    if (found === undefined && (counts === undefined || counts.read + counts.entries + lostOf(counts) === 0))
      return [];
    const source = found ?? new MemorySource(`${name}/cpu${cpu}`, new Uint8Array(0));
    return [
      {
        cpu,
        source,
        form: pageForm,
        lostCount: counts === undefined ? undefined : lostOf(counts),
        // What a ring has yet was left there, for there was no room for it.
        handedCount: counts === undefined ? undefined : counts.read + counts.entries,
      },
    ];
  });
  const { hostname, kernelRelease, kernelVersion, machine, bootId, clock, clockOffsetNs } = description;
  return {
    name,
    formats,
    identity: { hostname, kernelRelease, kernelVersion, machine },
    uuid: bootId,
    clock,
    clockOffsetNs: BigInt(clockOffsetNs ?? '0'),
    rings,
    commands: text('saved_cmdlines', false),
    symbols: () => readableText('kallsyms'),
    printkFormats: text('printk_formats', false),
    constants: parseConstants(text('constants', false)),
    hasEnded: statistics !== undefined,
  };
}
