/** Adds what a killed recorder left in the rings to the raw pages that it had written: the recording is whole then. */
import { closeSync, constants, existsSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { FileSource } from '@spoor/ctf/node';
import { RingReader } from '../drain/ring-reader.node.ts';
import { RingPages } from '../recording/kernel-recording.ts';
import { RawFiles } from '../recording/raw-files.node.ts';
import { rawFolder } from '../recording/raw-names.ts';
import type { TracefsInstance } from '../tracefs/instance.node.ts';

/**
 * Completes a recording.
 * @param instance that does not record any more; its rings are empty afterwards.
 * @param directory of the kernel's trace.
 * @returns how many records it has now, and how many are lost: with those of pages that were cut off while they were written.
 * @throws SpoorError `kernel/recording…`, `kernel/write`, `kernel/disk-full`, `kernel/ERRNO`; the rings may be empty then.
 */
export function completeRaw(
  instance: TracefsInstance,
  directory: string,
): { readonly eventCount: number; readonly lostCount: number } {
  const files = RawFiles.reopen(join(directory, rawFolder));
  for (const cpu of files.description.cpus) {
    const ring = join(instance.path, `per_cpu/cpu${cpu}/trace_pipe_raw`);
    if (existsSync(ring)) appendRing(ring, cpu, files);
  }
  const statistics = instance.statistics();
  files.end(instance.root, statistics);
  const { eventCount, lostCount, unwrittenCount } = files.count(statistics);
  return { eventCount, lostCount: lostCount + unwrittenCount };
}

/** Where the pages of a file end that are whole. */
function wholeBytes(path: string, cpu: number, { layout, description }: RawFiles): number {
  using source = new FileSource(path);
  const pages = new RingPages({ cpu, source, form: description.pageForm, lostCount: undefined }, layout);
  let isThere = pages.next();
  while (isThere) isThere = pages.next();
  return source.sizeBytes - pages.restBytes;
}

function appendRing(pipe: string, cpu: number, files: RawFiles): void {
  const { directory, layout, description } = files;
  const path = join(directory, `cpu${cpu}`);
  const isWhole = description.pageForm === 'whole';
  try {
    const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND);
    try {
      const endByte = wholeBytes(path, cpu, files);
      const { subBufferBytes } = layout;
      // Behind what is used of its last page there may be less than a page has.
      ftruncateSync(descriptor, isWhole ? Math.ceil(endByte / subBufferBytes) * subBufferBytes : endByte);
      using reader = new RingReader(pipe, layout);
      while (reader.read() > 0) {
        const lengthBytes = isWhole ? reader.wholeBytes : reader.batchBytes;
        for (let at = 0; at < lengthBytes;) at += writeSync(descriptor, reader.bytes, at, lengthBytes - at);
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    if (cause instanceof SpoorError) throw cause;
    throw new SpoorError('kernel/write', 'cannot write the pages of a ring', { where: path, cause });
  }
}
