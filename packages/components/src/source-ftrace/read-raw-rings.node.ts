/** Makes events of raw pages under Node.js, in files that go with the process. */
import { nodeMeans } from '@spoor/archive/node';
import type { RawReader } from '../source-ctf-fs/raw-rings.ts';
import { rawReader } from './read-raw-rings.ts';

export const readRawRings: RawReader = rawReader(nodeMeans.spool);
