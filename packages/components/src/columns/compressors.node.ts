/** What Node.js compresses with. */
import zlib from 'node:zlib';
import type { Compressor, Compressors } from './parameters.ts';

/** Zstandard came with Node.js 22.15. */
const { zstdCompressSync } = zlib as { readonly zstdCompressSync?: Compressor };

/** The compressors that this Node.js has. */
export const nodeCompressors: Compressors = {
  gzip: (bytes) => zlib.gzipSync(bytes, { level: 1 }),
  ...(zstdCompressSync === undefined ? {} : { zstd: (bytes) => zstdCompressSync(bytes) }),
};
