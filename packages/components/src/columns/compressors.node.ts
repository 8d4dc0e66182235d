/** What Node.js compresses with. */
import type { Compressor, Compressors } from './parameters.ts';

/** The compressors that this Node.js has. The module is loaded by the call: that takes longer than to read a short trace. */
export function nodeCompressors(): Compressors {
  const { gzipSync, ...others } = process.getBuiltinModule('node:zlib');
  // It came with Node.js 22.15.
  const { zstdCompressSync } = others as { readonly zstdCompressSync?: Compressor };
  return {
    gzip: (bytes) => gzipSync(bytes, { level: 1 }),
    ...(zstdCompressSync === undefined ? {} : { zstd: (bytes) => zstdCompressSync(bytes) }),
  };
}
