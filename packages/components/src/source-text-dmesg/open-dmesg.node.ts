/** `source.text.dmesg` under Node.js: a file, or standard input. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { nodeMeans } from '@spoor/archive/node';
import { SpoorError } from '@spoor/base';
import { FileSource } from '@spoor/ctf/node';
import type { TraceDirectory } from '../source-ctf-fs/build-trace-set.ts';
import { standardInput } from '../standard-input.node.ts';
import { dmesgTrace } from './dmesg-trace.ts';

/** What to read. */
export interface DmesgInput {
  /** A regular file; standard input where it is not given. */
  readonly path?: string;
  readonly noExtractTimestamp?: boolean;
}

/**
 * Reads the lines, to their end. Undefined where there are none.
 * @throws SpoorError `dmesg/input` when the path is no regular file, or cannot be read.
 */
export function openDmesg({ path, noExtractTimestamp = false }: DmesgInput): TraceDirectory | undefined {
  const spool = nodeMeans.spool(path ?? 'standard input');
  if (path === undefined) return dmesgTrace(standardInput(), spool, { name: 'STDIN', noExtractTimestamp });
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new SpoorError('dmesg/input', `not a regular file: ${path}`, {
      hint: 'without `path`, standard input is read',
    });
  }
  try {
    return dmesgTrace(new FileSource(path), spool, { name: basename(path), noExtractTimestamp });
  } catch (cause) {
    if (cause instanceof SpoorError) throw cause;
    throw new SpoorError('dmesg/input', `cannot read ${path}`, { cause });
  }
}
