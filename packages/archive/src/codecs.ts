/** The decompressors of fflate and fzstd, imported with this module: for bundles. */
import { Gunzip, Inflate } from 'fflate';
import { Decompress } from 'fzstd';
import { makeCodecs } from './make-codecs.ts';
import type { Codecs } from './means.ts';

export const codecs: Codecs = makeCodecs({ Gunzip, Inflate, Decompress });
