/** Decompressors out of the modules that have them. */
import type { Gunzip, Inflate } from 'fflate';
import type { Decompress } from 'fzstd';
import type { Codecs } from './means.ts';

/** What is used of fflate and fzstd. */
export interface CodecClasses {
  readonly Gunzip: typeof Gunzip;
  readonly Inflate: typeof Inflate;
  readonly Decompress: typeof Decompress;
}

export function makeCodecs({ Gunzip, Inflate, Decompress }: CodecClasses): Codecs {
  return {
    inflate: (onOutput) => new Inflate(onOutput),
    gunzip(onOutput, onMember) {
      const stream = new Gunzip(onOutput);
      stream.onmember = onMember;
      return stream;
    },
    zstd: (onOutput) => new Decompress(onOutput),
  };
}
