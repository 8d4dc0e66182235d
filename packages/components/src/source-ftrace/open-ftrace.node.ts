/** Recordings of the kernel's rings under Node.js: directories of raw pages, and files of trace-cmd. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { ZstdFrames } from '@spoor/archive';
import { nodeMeans } from '@spoor/archive/node';
import { SpoorError } from '@spoor/base';
import { MemorySource } from '@spoor/ctf';
import { FileSource } from '@spoor/ctf/node';
import { openRawRecording, openTraceDat, type ConversionOptions, type KernelRecording } from '@spoor/kernel';
import type { TraceDirectory } from '../source-ctf-fs/build-trace-set.ts';
import { reading } from '../source-ctf-fs/reading.node.ts';
import { ftraceTrace } from './ftrace-traces.ts';
import { textTrace } from './text-trace.ts';

/** What a path is taken for. */
export type FtraceKind = 'raw' | 'trace-dat' | 'text';

const zstdMagic = [0x28, 0xb5, 0x2f, 0xfd];

/** Unpacks a frame of Zstandard; trace-cmd leaves the number out that it would begin with. */
function unpackZstd(frames: ZstdFrames, packed: Uint8Array, sizeBytes: number): Uint8Array {
  const hasMagic = zstdMagic.every((byte, index) => packed[index] === byte);
  const frame = hasMagic ? packed : Buffer.concat([Buffer.from(zstdMagic), packed]);
  const result = new Uint8Array(sizeBytes);
  let filled = 0;
  frames.unpack(new MemorySource('chunk', frame), 0, (bytes) => {
    // Refused where it is more than it should be.
    result.set(bytes, filled);
    filled += bytes.length;
  });
  return result.subarray(0, filled);
}

/** What unpacks the parts of one recording: its window, as large as that of the largest part, goes with it. */
function makeUnpack() {
  let frames: ZstdFrames | undefined;
  return (algorithm: string, packed: Uint8Array, sizeBytes: number): Uint8Array => {
    try {
      if (algorithm === 'zstd') return unpackZstd((frames ??= new ZstdFrames()), packed, sizeBytes);
      if (algorithm === 'zlib') return inflateSync(packed, { maxOutputLength: Math.max(1, sizeBytes) });
    } catch (cause) {
      throw new SpoorError('trace-dat/damaged', `a part packed with ${algorithm} cannot be unpacked`, {
        cause,
      });
    }
    throw new SpoorError('trace-dat/packed', `it is packed with ${algorithm}, which is not known`, {
      hint: 'trace-cmd convert --compression none makes one that is not packed',
    });
  };
}

/** Whether a path is that of a directory: a raw recording is one, a file of trace-cmd is none. */
export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Opens a path. @throws SpoorError `ftrace/input` where nothing of the kind is there; else what opening it throws. */
export function openRecordings(path: string, kind: Exclude<FtraceKind, 'text'>): readonly KernelRecording[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new SpoorError('ftrace/input', `no such file or directory: ${path}`);
  if (kind === 'trace-dat') {
    if (!stat.isFile()) throw new SpoorError('ftrace/input', `not a file: ${path}`);
    return openTraceDat(
      reading(path, () => new FileSource(path)),
      makeUnpack(),
    );
  }
  if (!stat.isDirectory()) {
    throw new SpoorError('ftrace/input', `not a directory: ${path}`, {
      hint: 'a raw recording is a directory; files of trace-cmd are for source.ftrace.trace-dat',
    });
  }
  const open = (file: string): FileSource | undefined => {
    const whole = join(path, file);
    return reading(whole, () =>
      statSync(whole, { throwIfNoEntry: false })?.isFile() === true ? new FileSource(whole) : undefined,
    );
  };
  return [openRawRecording(path, open)];
}

/** A text of the kernel. @throws SpoorError `ftrace/input`, `ftrace/text`. */
function openText(path: string, warn: (line: string) => void): TraceDirectory {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new SpoorError('ftrace/input', `not a regular file: ${path}`, {
      hint: 'what the kernel prints endlessly, such as trace_pipe, is to be put into a file first',
    });
  }
  const source = reading(path, () => new FileSource(path));
  return textTrace(source, nodeMeans.spool, warn);
}

/** The traces of paths. @throws as {@link openRecordings} and {@link ftraceTrace} do. */
export function openFtrace(
  paths: readonly string[],
  kind: FtraceKind,
  options: ConversionOptions,
): readonly TraceDirectory[] {
  if (kind === 'text') return paths.map((path) => openText(path, options.warn));
  return paths
    .flatMap((path) => openRecordings(path, kind))
    .map((recording) => ftraceTrace(recording, nodeMeans.spool, options));
}
