/** The decompressors of fflate, imported with this module: for bundles. */
import { Gunzip, Inflate } from 'fflate';
import { makeCodecs } from './make-codecs.ts';
import type { Codecs } from './means.ts';

export const codecs: Codecs = makeCodecs({ Gunzip, Inflate });
