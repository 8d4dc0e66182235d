// Where the bytes of a ring are, for whoever reads them.
import { readSync, writeSync } from '@spoor/sys';

/** The bytes of a ring, wherever they are. */
export interface RingStore {
  /** Fills `into` from `position` on; returns how many bytes there were. */
  read(into: Uint8Array, position: number): number;
  write(bytes: Uint8Array, position: number): void;
}

/** A ring file that is open for reading and writing; closing it is the owner's matter. */
export function fileStore(fd: number): RingStore {
  return {
    read(into, position) {
      let done = 0;
      while (done < into.byteLength) {
        const got = readSync(fd, into, done, into.byteLength - done, position + done);
        if (got === 0) break;
        done += got;
      }
      return done;
    },
    write(bytes, position) {
      let done = 0;
      while (done < bytes.byteLength) {
        done += writeSync(fd, bytes, done, bytes.byteLength - done, position + done);
      }
    },
  };
}

/** A ring in this process's memory. */
export function memoryStore(memory: ArrayBuffer | SharedArrayBuffer): RingStore {
  const all = new Uint8Array(memory);
  return {
    read(into, position) {
      const part = all.subarray(position, position + into.byteLength);
      into.set(part);
      return part.byteLength;
    },
    write(bytes, position) {
      all.set(bytes, position);
    },
  };
}
