/** Tables in the file system or on a pipe. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { ensureDirectory } from '@spoor/ctf/node';
import { FileOutput } from '../sink-text-pretty/file-output.node.ts';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';
import type { ByteOutput, TablePlaces } from './table-places.ts';

/** Files in a directory, which is made when it is missing. A file of the same name is never written over. */
export class TableFiles implements TablePlaces {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** @throws SpoorError `output/exists` or `output/failed`. */
  open(fileName: string): ByteOutput {
    const file = join(this.path, fileName);
    const descriptor = this.create(file);
    const output = new FileOutput(descriptor, file);
    return {
      write: (bytes, length) => output.write(bytes, length),
      close: () => closeSync(descriptor),
    };
  }

  private create(file: string): number {
    try {
      ensureDirectory(this.path);
      return openSync(file, 'wx');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
        throw new SpoorError('output/exists', `${file} is there already`, {
          hint: 'give a new directory, or remove what is there',
        });
      }
      throw new SpoorError('output/failed', `cannot write ${file}`, { cause });
    }
  }
}

/** What is written already, for a single table: standard output. */
export class PipePlace implements TablePlaces {
  private readonly output: TextOutput;

  constructor(output: TextOutput) {
    this.output = output;
  }

  open(): ByteOutput {
    return { write: (bytes, length) => this.output.write(bytes, length), close: () => {} };
  }
}
