// Programs traced by hand: a run directory as `spoor record` makes it, a program in it, and its rings turned into
// traces, without the recorder.
import { spawn } from 'node:child_process';
import {
  EVENTS_FOLDER,
  RINGS_FOLDER,
  RingReader,
  SESSION_FILE,
  SESSION_VARIABLE,
  STATUS_FOLDER,
  fileStore,
  readProcess,
  type RingHeader,
  type RingState,
  type ThreadStatus,
} from '@spoor/ringbuffer';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { asCommonJs } from './as-commonjs.ts';
import { repoRoot } from './machine.ts';
import { describeSession, registerPath, type TestSettings } from './session.ts';
import { removeTree } from './removal.ts';

/** The tracer as programs load it, built. */
export const tracerUrl: string = pathToFileURL(join(repoRoot, 'packages/tracer/dist/index.js')).href;

/** One ring of a run, and where its packets went. */
export interface DrainedRing {
  readonly header: RingHeader;
  readonly state: RingState;
  /** Events in the packets, by the ring's own count. */
  readonly eventCount: number;
  readonly sequences: readonly number[];
  readonly wasRecovered: boolean;
}

/** How a traced program ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run directory of its own, in shared memory; removed with all in it on disposal. */
export class TracedRun implements Disposable {
  readonly path: string;
  /** Folder of the traces that {@link drain} writes. */
  readonly tracePath: string;
  readonly #packets = new Map<string, Uint8Array[]>();
  readonly #counts = new Map<string, number>();
  readonly #sequences = new Map<string, number[]>();
  readonly #streamNames = new Map<string, string>();

  constructor(settings: TestSettings = {}) {
    this.path = mkdtempSync('/dev/shm/spoor-test-');
    this.tracePath = join(this.path, 'trace');
    writeFileSync(join(this.path, SESSION_FILE), JSON.stringify(describeSession(this.tracePath, settings)));
  }

  /**
   * Runs JavaScript text as a module `program.mjs`, or by `asCommonJs` as `program.cjs`; `whileRunning` is called every few
   * milliseconds.
   */
  async run(
    text: string,
    options: {
      /** Program of Node.js; the one that runs the tests by default. */
      readonly node?: string;
      readonly nodeArgs?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      readonly commonJs?: boolean;
      readonly whileRunning?: (kill: (signal: NodeJS.Signals) => void) => void;
    } = {},
  ): Promise<Ended> {
    const file = join(this.path, options.commonJs === true ? 'program.cjs' : 'program.mjs');
    const { pathname } = new URL(tracerUrl);
    const module = `import { counter, enumeration, registerContext, sequence, snapshot, struct, tracepoint } from '${pathname}';\n${text}`;
    writeFileSync(file, options.commonJs === true ? asCommonJs(module) : module);
    const args = [...(options.nodeArgs ?? []), '--require', registerPath, file];
    const child = spawn(options.node ?? process.execPath, args, {
      env: { ...process.env, [SESSION_VARIABLE]: this.path, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const texts = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
    const limit = setTimeout(() => child.kill('SIGKILL'), 60_000);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Ended>((done, failed) => {
        timer = setInterval(() => {
          try {
            options.whileRunning?.((signal) => child.kill(signal));
          } catch (error) {
            child.kill('SIGKILL');
            failed(error as Error);
          }
        }, 3);
        child.once('error', failed);
        child.once('close', (status, signal) => {
          done({ status, signal, ...texts });
        });
      });
    } finally {
      clearTimeout(limit);
      clearInterval(timer);
    }
  }

  /** The directories of the processes so far. */
  processPaths(): string[] {
    return readdirSync(this.path)
      .filter((name) => /^\d+-\d+$/.test(name))
      .map((name) => join(this.path, name));
  }

  /** What the threads say of themselves. */
  statuses(): ThreadStatus[] {
    return this.processPaths().flatMap((path) =>
      readdirSync(join(path, STATUS_FOLDER)).map(
        (name) => JSON.parse(readFileSync(join(path, STATUS_FOLDER, name), 'utf8')) as ThreadStatus,
      ),
    );
  }

  /** Events in the packets that were taken so far. */
  get takenEvents(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Takes what is finished out of all rings. */
  takeFinished(): void {
    for (const path of this.ringPaths()) this.#takeRing(path, false);
  }

  /** Takes all that is left, recovering open packets, and writes the traces. All processes must have ended. */
  drain(): DrainedRing[] {
    const rings = this.ringPaths().map((path) => this.#takeRing(path, true));
    for (const path of this.processPaths()) {
      const folder = join(this.tracePath, path.slice(path.lastIndexOf('/') + 1));
      mkdirSync(folder, { recursive: true });
      const events = readdirSync(join(path, EVENTS_FOLDER))
        .map(Number)
        .filter(Number.isInteger)
        .sort((a, b) => a - b)
        .map((id) => readFileSync(join(path, EVENTS_FOLDER, String(id)), 'utf8'));
      writeFileSync(join(folder, 'metadata'), [readProcess(path).header, ...events].join('\n'));
      for (const [ringPath, packets] of this.#packets) {
        if (!ringPath.startsWith(`${path}/`) || packets.length === 0) continue;
        writeFileSync(join(folder, this.#streamNames.get(ringPath)!), Buffer.concat(packets));
      }
    }
    return rings;
  }

  [Symbol.dispose](): void {
    removeTree(this.path);
  }

  /** All ring files so far. */
  ringPaths(): string[] {
    return this.processPaths().flatMap((path) => {
      const folder = join(path, RINGS_FOLDER);
      // A process makes its directory first, then what is in it.
      if (!existsSync(folder)) return [];
      return readdirSync(folder)
        .filter((name) => /^\d+\.ring$/.test(name))
        .map((name) => join(folder, name));
    });
  }

  #takeRing(path: string, isOver: boolean): DrainedRing {
    const fd = openSync(path, 'r+');
    try {
      const reader = new RingReader(fileStore(fd), path);
      this.#streamNames.set(path, `${reader.header.channelName}_${reader.header.ringNumber}`);
      const packets = this.#packets.get(path) ?? [];
      const sequences = this.#sequences.get(path) ?? [];
      let count = this.#counts.get(path) ?? 0;
      let wasRecovered = false;
      const take = ({
        bytes,
        sequence,
        eventCount,
      }: {
        bytes: Uint8Array;
        sequence: number;
        eventCount: number;
      }): void => {
        packets.push(bytes.slice());
        sequences.push(sequence);
        count += eventCount;
      };
      const state = reader.poll();
      if (reader.header.mode === 'discard') {
        for (const sequence of state.finished) {
          const packet = reader.read(sequence);
          if (packet !== undefined) take(packet);
          reader.release(sequence);
        }
        const rest = isOver ? reader.recover() : undefined;
        wasRecovered = rest !== undefined;
        if (rest !== undefined) take(rest);
      } else if (isOver) {
        reader.snapshot(take);
        wasRecovered = state.open !== undefined;
      }
      this.#packets.set(path, packets);
      this.#sequences.set(path, sequences);
      this.#counts.set(path, count);
      return { header: reader.header, state: reader.poll(), eventCount: count, sequences, wasRecovered };
    } finally {
      closeSync(fd);
    }
  }
}
