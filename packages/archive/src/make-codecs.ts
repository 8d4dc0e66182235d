/** Decompressors out of the modules that have them. */
import type { Gunzip, Inflate } from 'fflate';
import type { Codecs } from './means.ts';

/** What is used of fflate. */
export interface CodecClasses {
  readonly Gunzip: typeof Gunzip;
  readonly Inflate: typeof Inflate;
}

export function makeCodecs({ Gunzip, Inflate }: CodecClasses): Codecs {
  return {
    inflate: (onOutput) => new Inflate(onOutput),
    gunzip(onOutput, onMember) {
      const stream = new Gunzip(onOutput);
      stream.onmember = onMember;
      return stream;
    },
  };
}
