/** Opens the files of trace-cmd: `trace.dat` of the versions 6 and 7, as trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5) tell. */
import { SpoorError } from '@spoor/base';
import type { ByteSource } from '@spoor/ctf';
import type { KernelRecording } from '../recording/kernel-recording.ts';
import { readAt, type Unpack } from './part-source.ts';
import { SectionReader } from './section-reader.ts';
import { openVersion6 } from './version-6.ts';
import { openVersion7 } from './version-7.ts';

/** What both versions begin with. */
export interface InitialFormat {
  readonly version: 6 | 7;
  readonly littleEndian: boolean;
  readonly pageBytes: number;
  /** Where what follows begins. */
  readonly endByte: number;
}

const magic = [0x17, 0x08, 0x44, 0x74, 0x72, 0x61, 0x63, 0x69, 0x6e, 0x67];

/** Whether a file begins as trace-cmd's do. */
export function isTraceDat(head: Uint8Array): boolean {
  return magic.every((byte, index) => head[index] === byte);
}

/** @throws SpoorError `trace-dat/not-one`, `trace-dat/version`, `trace-dat/damaged`. */
function readInitial(source: ByteSource): InitialFormat {
  const head = readAt(source, 0, 64);
  if (!isTraceDat(head)) {
    throw new SpoorError('trace-dat/not-one', 'it is no trace.dat of trace-cmd', { where: source.name });
  }
  const text = new SectionReader(head.subarray(magic.length), true, source.name);
  const version = text.text();
  const [endian = 0] = text.block(1);
  const littleEndian = endian === 0;
  text.block(1);
  const rest = new SectionReader(head.subarray(magic.length + text.at), littleEndian, source.name);
  const pageBytes = rest.u32();
  if (version !== '6' && version !== '7') {
    throw new SpoorError('trace-dat/version', `version ${JSON.stringify(version)} is not known`, {
      where: source.name,
      hint: 'trace-cmd convert makes one of version 6 or 7 of it',
    });
  }
  if (pageBytes < 64 || pageBytes > 1 << 26 || pageBytes % 4 !== 0) {
    throw new SpoorError('trace-dat/damaged', `pages of ${pageBytes} bytes cannot be`, {
      where: source.name,
    });
  }
  return {
    version: version === '6' ? 6 : 7,
    littleEndian,
    pageBytes,
    endByte: magic.length + text.at + rest.at,
  };
}

/**
 * Opens a file: one recording for each instance that has pages in it.
 * @param unpack for files that are packed.
 * @throws SpoorError `trace-dat/…`, FormatError.
 */
export function openTraceDat(source: ByteSource, unpack: Unpack): readonly KernelRecording[] {
  const initial = readInitial(source);
  return initial.version === 6 ? openVersion6(source, initial) : openVersion7(source, initial, unpack);
}
