import type { ByteSource } from '@spoor/ctf';

/** A stream file that is bytes in memory. */
export function memorySource(name: string, content: Uint8Array): ByteSource {
  return {
    name,
    sizeBytes: content.length,
    read(into, length, position) {
      const part = content.subarray(position, position + length);
      into.set(part);
      return part.length;
    },
  };
}
