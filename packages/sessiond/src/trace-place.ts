/** Which directory the trace of a process is, below that of its session. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProcessDescription } from '@spoor/ringbuffer';
import { type FileUser, asUser } from '@spoor/sys';
import { localTimestamp, pathComponent } from './output-directory.ts';
import { MOST_BYTES, readProgramFile } from './program-file.ts';
import { OUTPUT_FILE } from './run-directory.ts';

/** Folder in a session's directory that has a file for each process of another user: which trace it becomes. */
const PLACES_FOLDER = 'places';
/** Of a trace's directory, below that of the session. */
const traceName = /^ust\/pid\/[\w.+@=,-]+$/;

/** The choice of one process; it is kept, so that a new consumer goes on in the same place. */
export class TracePlace {
  readonly #isOthers: boolean;
  /** With the process, or out of reach of another user. */
  readonly #notePath: string;

  /** @param isOthers whether the process is another user's. */
  constructor(sessionPath: string, name: string, isOthers: boolean) {
    this.#isOthers = isOthers;
    this.#notePath = isOthers
      ? join(sessionPath, PLACES_FOLDER, name.replaceAll('/', '-'))
      : join(sessionPath, name, OUTPUT_FILE);
  }

  /** `ust/pid/PROCNAME-PID-YYYYmmdd-HHMMSS`, which nothing in `outputDir` has, or what was chosen before. */
  choose(
    { procname, pid, startedMs }: ProcessDescription,
    outputDir: string,
    writer: FileUser | undefined,
  ): string {
    const earlier = this.#readNote();
    // A program of this user could have written it, too: it names a directory here, and none elsewhere.
    if (traceName.test(earlier)) return earlier;
    const started = localTimestamp(new Date(startedMs));
    const name = join('ust', 'pid', `${pathComponent(procname)}-${pid}-${started}`);
    let unique = name;
    const isTaken = (): boolean => asUser(writer, () => existsSync(join(outputDir, unique)));
    for (let number = 2; isTaken(); number += 1) unique = `${name}-${number}`;
    try {
      if (this.#isOthers) mkdirSync(dirname(this.#notePath), { mode: 0o700, recursive: true });
      writeFileSync(this.#notePath, unique, { mode: 0o600 });
    } catch {
      // Shared memory is full: a new consumer would choose another directory, which is better than none now.
    }
    return unique;
  }

  #readNote(): string {
    try {
      return readProgramFile(this.#notePath, MOST_BYTES.output).toString('utf8');
    } catch {
      return '';
    }
  }

  /** The process is over: removes what would stay behind of it. */
  forget(): void {
    if (this.#isOthers) rmSync(this.#notePath, { force: true });
  }
}
