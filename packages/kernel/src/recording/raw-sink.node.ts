/** A sink that writes the pages of a ring into `DIRECTORY/cpuN`. */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import type { BatchSink, RingPlace } from '../drain/page-sink.ts';
import type { PageForm } from './kernel-recording.ts';

/** What the sink is asked for with. */
export interface RawSinkData {
  readonly directory: string;
  readonly pageForm: PageForm;
}

/** Makes the sink; the file must not be there yet. */
export function createPageSink(data: RawSinkData, { cpu, layout }: RingPlace): BatchSink {
  const path = join(data.directory, `cpu${cpu}`);
  const descriptor = openSync(path, 'wx');
  let rest = new Uint8Array(0);
  const refused = (cause: unknown, isFull: boolean): SpoorError =>
    new SpoorError(isFull ? 'kernel/disk-full' : 'kernel/write', 'cannot write the pages of a ring', {
      where: path,
      hint: isFull ? 'the disk is full; what was written before is whole' : undefined,
      cause,
    });
  return {
    refusal: (cause) => refused(cause, true),
    file: data.pageForm === 'whole' ? descriptor : undefined,
    writeRest() {
      const held = rest;
      rest = new Uint8Array(0);
      if (held.length > 0) this.batch(held, held.length, 0);
    },
    batch(bytes, lengthBytes) {
      let at = 0;
      try {
        while (at < lengthBytes) at += writeSync(descriptor, bytes, at, lengthBytes - at);
      } catch (error) {
        rest = bytes.slice(at, lengthBytes);
        throw refused(error, (error as NodeJS.ErrnoException).code === 'ENOSPC');
      }
    },
    flush() {
      // Nothing is held back.
    },
    close() {
      // Of a page that found no room in the end a part may be there.
      if (data.pageForm === 'whole') {
        const { size } = fstatSync(descriptor);
        const partBytes = size % layout.subBufferBytes;
        if (partBytes > 0) ftruncateSync(descriptor, size - partBytes);
      }
      closeSync(descriptor);
    },
  };
}
