/** The files of a session's kernel trace: its metadata, and what a killed reader has left half written. */
import {
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import {
  createTraceWriter,
  formatStreamTsdl,
  lttngEventHeader,
  type ByteSink,
  type StreamClass,
  type StreamWriter,
  type TraceClass,
} from '@spoor/ctf';
import { ensureDirectory, FileSink } from '@spoor/ctf/node';
import { type FileUser, asUser } from '@spoor/sys';
import { stateDumpEvents } from '../statedump/statedump-events.ts';
import { kernelTraceClass, type KernelTraceFacts, type PlainEvent } from '../transcode/kernel-trace-class.ts';
import {
  appendMetadata,
  beginMetadata,
  createMetadata,
  firstClassText,
  MetadataFile,
} from '../transcode/metadata-file.node.ts';

/** Number of the stream class of the state dump; those of channels are others. */
export const dumpStreamClass = 1;

/** What all streams of a session's trace have in common. Stream classes are added to its metadata as they come. */
export class TraceFrame {
  private readonly base: TraceClass;
  private readonly facts: KernelTraceFacts;
  private readonly writer: FileUser | undefined;
  /** What the metadata of the next trace chunk or snapshot begins with, and the stream classes in it. */
  private carried: { readonly text: string; readonly streams: ReadonlySet<number> } | undefined;

  private readonly keptPath: string | undefined;

  /**
   * @param writer with whose rights files are made; undefined for those of this process.
   * @param keptPath where what is carried over is kept for successors of this process.
   */
  constructor(facts: KernelTraceFacts, writer?: FileUser, keptPath?: string) {
    this.writer = writer;
    this.facts = facts;
    this.keptPath = keptPath;
    const { streamClasses, ...rest } = kernelTraceClass(facts, [], 'compact', [], stateDumpEvents);
    const dump = streamClasses[1]!;
    // Both forms of headers, so that the aliases of either are declared.
    const large: StreamClass = { ...dump, eventHeader: lttngEventHeader('large'), eventClasses: [] };
    this.base = { ...rest, streamClasses: [dump, large] };
  }

  /**
   * Begins the metadata of a trace chunk or a snapshot, unless it is there.
   * @throws SpoorError `output/failed`.
   */
  begin(directory: string): void {
    asUser(this.writer, () => this.beginAsWriter(directory));
  }

  private beginAsWriter(directory: string): void {
    makeDirectory(directory);
    const path = join(directory, 'metadata');
    if (existsSync(path)) return;
    if (this.carried !== undefined) {
      createMetadata(path, Buffer.from(this.carried.text, 'latin1'));
      return;
    }
    beginMetadata(path, this.base, this.base.streamClasses.slice(0, 1));
    try {
      using metadata = new MetadataFile(path, this.base, new Int32Array(0));
      metadata.declareStream(0);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
  }

  /**
   * Takes over the metadata of a trace chunk or a snapshot that is complete, for those that come: who reads several of them
   * as one trace takes the metadata of one, which must have what is in the others.
   * @returns whether it could be read; where not, nothing is declared in what comes next.
   */
  carry(directory: string): boolean {
    try {
      const text = asUser(this.writer, () => readFileSync(join(directory, 'metadata'), 'latin1'));
      this.take(text);
      this.keep(text);
      return true;
    } catch {
      // It was removed.
      this.carried = undefined;
      this.forget();
      return false;
    }
  }

  private take(text: string): void {
    const numbers = text.matchAll(/^stream \{\n\tid = (\d+);/gm);
    this.carried = { text, streams: new Set(Array.from(numbers, ([, number]) => Number(number))) };
  }

  /** Takes over what another process has kept, which ended before it could begin the next trace chunk. */
  takeKept(): void {
    if (this.keptPath === undefined || !existsSync(this.keptPath)) return;
    this.take(readFileSync(this.keptPath, 'latin1'));
  }

  private keep(text: string): void {
    if (this.keptPath === undefined) return;
    try {
      writeFileSync(`${this.keptPath}.draft`, text, { encoding: 'latin1', mode: 0o600 });
      renameSync(`${this.keptPath}.draft`, this.keptPath);
    } catch {
      // This process has it.
      this.forget();
    }
  }

  private forget(): void {
    if (this.keptPath !== undefined) rmSync(this.keptPath, { force: true });
  }

  /**
   * Adds the stream class of a channel to the metadata, unless it came with what was carried over.
   * @throws SpoorError `output/failed`.
   */
  declare(directory: string, stream: StreamClass): void {
    const { base } = this;
    if (this.carried?.streams.has(Number(stream.id)) === true) return;
    const all = { ...base, streamClasses: [...base.streamClasses, stream] };
    const text = `${formatStreamTsdl(all, stream)}${firstClassText(stream, all)}`;
    asUser(this.writer, () => appendMetadata(join(directory, 'metadata'), text));
  }

  /** A stream class of events that do not come from records. @param number of it. */
  plainClass(number: number, events: readonly PlainEvent[]): StreamClass {
    const made = kernelTraceClass(this.facts, [], 'compact', [], events).streamClasses[1]!;
    return { ...made, id: BigInt(number) };
  }

  /** Adds such a class to the metadata, with all of its events. */
  declarePlain(directory: string, stream: StreamClass): void {
    const { base } = this;
    if (this.carried?.streams.has(Number(stream.id)) === true) return;
    this.declare(directory, stream);
    const path = join(directory, 'metadata');
    const all = { ...base, streamClasses: [...base.streamClasses, stream] };
    asUser(this.writer, () => {
      using metadata = new MetadataFile(path, all, new Int32Array(0));
      metadata.declareStream(base.streamClasses.length);
    });
  }

  /** A stream of a state dump. */
  dumpStream(directory: string, number: number): StreamWriter {
    const name = number === 0 ? 'statedump' : `statedump-${number}`;
    return this.plainStream(directory, this.base.streamClasses[0]!, name, number, 0);
  }

  /** A stream of events that do not come from records; its class is declared. */
  plainStream(
    directory: string,
    stream: StreamClass,
    name: string,
    number: number,
    cpu: number,
  ): StreamWriter {
    const output = {
      create: (file: string): ByteSink =>
        // The metadata is there already.
        file === 'metadata'
          ? { write: () => undefined, close: () => undefined }
          : asUser(this.writer, () => new FileSink(join(directory, file))),
    };
    asUser(this.writer, () => makeDirectory(directory));
    const plain = { ...this.base, streamClasses: [stream] };
    return createTraceWriter(plain, output, { index: true }).stream({
      id: number,
      name,
      packet: { context: { cpu_id: cpu } },
    });
  }
}

function makeDirectory(directory: string): void {
  try {
    ensureDirectory(join(directory, 'index'));
  } catch (error) {
    throw new SpoorError('output/failed', `cannot write ${directory}`, { cause: error });
  }
}

/**
 * Cuts off what a killed reader has left half written: packets that no index tells of, and an event class that is not whole.
 * @returns losses that each stream file had told of, by its name.
 */
export function repairTrace(directory: string): ReadonlyMap<string, number> {
  const told = new Map<string, number>();
  if (!existsSync(join(directory, 'metadata'))) return told;
  const metadata = join(directory, 'metadata');
  const text = readFileSync(metadata, 'latin1');
  const whole = text.lastIndexOf('\n};\n') + 4;
  if (whole >= 4 && whole < text.length) truncateSync(metadata, whole);
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (name === 'metadata' || !statSync(path).isFile()) continue;
    const indexPath = join(directory, 'index', `${name}.idx`);
    const found = existsSync(indexPath) ? repairStream(path, indexPath) : undefined;
    if (found === undefined) unlinkSync(path);
    else told.set(name, found);
  }
  return told;
}

const indexHeaderBytes = 16;
const indexEntryBytes = 72;

/** The last whole entry of an index: where it ends, and what it tells. */
function lastEntryOf(
  bytes: Uint8Array,
): { readonly indexBytes: number; readonly streamBytes: number; readonly lostCount: number } | undefined {
  const entries = Math.floor((bytes.length - indexHeaderBytes) / indexEntryBytes);
  if (entries <= 0) return undefined;
  const indexBytes = indexHeaderBytes + entries * indexEntryBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset + indexBytes - indexEntryBytes, indexEntryBytes);
  const place = { offset: 0, sizeBits: 8, discarded: 40 };
  const end = view.getBigUint64(place.offset) + view.getBigUint64(place.sizeBits) / 8n;
  return {
    indexBytes,
    streamBytes: Number(end),
    lostCount: Number(view.getBigUint64(place.discarded)),
  };
}

/** Losses that a stream of a trace tells of; 0 where it has no whole packet. */
export function lossesOfStream(directory: string, name: string): number {
  const path = join(directory, 'index', `${name}.idx`);
  return existsSync(path) ? (lastEntryOf(readFileSync(path))?.lostCount ?? 0) : 0;
}

/** Losses that the stream told of; undefined where there is no whole packet. */
function repairStream(path: string, indexPath: string): number | undefined {
  const bytes = readFileSync(indexPath);
  const last = lastEntryOf(bytes);
  if (last === undefined) {
    unlinkSync(indexPath);
    return undefined;
  }
  if (last.indexBytes < bytes.length) truncateSync(indexPath, last.indexBytes);
  truncateSync(path, last.streamBytes);
  return last.lostCount;
}
