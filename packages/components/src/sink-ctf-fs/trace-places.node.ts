/** Traces of `sink.ctf.fs` in the file system. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { DirectoryOutput, ensureDirectory } from '@spoor/ctf/node';
import type { TracePlace, TracePlaces } from './ctf-sink.ts';
import { firstFree } from './trace-path.ts';

/** Directories below an output directory, which is made when it is missing. */
export class DirectoryPlaces implements TracePlaces {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** @throws SpoorError `output/exists` or `output/failed`. */
  make(below: string | undefined): TracePlace {
    const path = below === undefined ? this.path : this.makeUnique(join(this.path, below));
    return { path, output: new DirectoryOutput(path) };
  }

  private makeUnique(wanted: string): string {
    const failed = (path: string, cause: unknown): SpoorError =>
      new SpoorError('output/failed', `cannot make the directory ${path}`, { cause });
    try {
      ensureDirectory(dirname(wanted));
    } catch (error) {
      throw failed(dirname(wanted), error);
    }
    return firstFree(wanted, (path) => {
      try {
        mkdirSync(path);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw failed(path, error);
        return false;
      }
    });
  }
}
