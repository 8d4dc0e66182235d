/**
 * Pages of one ring that wait on the disk: they go there within the kernel, and become events when these are wanted. Until a file is
 * converted it is whole; what is written of one that was being converted when its process was killed is taken back.
 */
import { closeSync, fstatSync, writeSync } from 'node:fs';
import { describeError } from '@spoor/base';
import type { SplicePipe } from '@spoor/sys';
import { batchBytesOf } from '../drain/page-sink.ts';
import type { RingReader } from '../drain/ring-reader.node.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import { PageCursor } from '../pages/page-cursor.ts';
import { countRecords, PageTimes } from '../pages/page-records.node.ts';
import {
  createSpoolFile,
  forgetConversion,
  leftSpoolFiles,
  noteConversion,
  openSpoolFile,
  readSpool,
  removeSpoolFile,
  type SpoolFile,
  type SpoolPlace,
} from './spool-files.node.ts';

/** The next file begins behind so much: what is converted needs room for the events of one of them beside it. */
const fileBytes = 64 << 20;

/** Who looks at pages alone stops after so much, for whoever has something else to do. */
const sliceBytes = 1 << 20;

const sound = { oddPages: 0, oddRecords: 0 };

interface Part extends SpoolFile {
  readonly descriptor: number;
  /** Of the pages in it, each with all of its sub-buffer. */
  bytes: number;
  /** Of those that are converted. */
  doneBytes: number;
  /** Events that the kernel had handed out of the ring behind the last page; undefined while that is not known. */
  readAfter: number | undefined;
  /** Pages that cannot be of its ring: somebody has written there. */
  oddPages: number;
  oddRecords: number;
  /** Whether another process has left it: of what that one took out of the ring last, not all may have come here. */
  readonly isLeft: boolean;
}

/** What pages are converted with. */
export interface SpoolOutput {
  /** Memory that pages are best read into. */
  readonly input: Uint8Array<ArrayBuffer> | undefined;
  /** Events until now, those that came to nothing too. */
  readonly handledCount: number;
  /** Pages whose records did not make sense up to their end, until now. */
  readonly damagedCount: number;
  /** Where they go to, and the name of the stream there; undefined where they go nowhere. */
  readonly target: { readonly directory: string; readonly stream: string } | undefined;
  page(bytes: Uint8Array, at: number, lengthBytes: number): void;
  /** Writes the packet that is open. */
  endPacket(): void;
  /** Whether there are packets that found no room: nothing more is handed out meanwhile. */
  readonly isStuck: boolean;
  /** Tells of events that are not among the pages, for these could not be stored. */
  miss(count: number): void;
}

export class PageSpool {
  private readonly place: SpoolPlace;
  private readonly layout: PageLayout;
  /** Of the kernel, events that were handed out of the ring until now. */
  private readonly readCount: () => number;
  private readonly wanted: () => ReadonlySet<number>;
  private readonly cursor: PageCursor;
  /** Of the pages that were converted. */
  private readonly times: PageTimes;
  private parts: Part[] = [];
  /** How many of the parts are to be converted; pages go to those behind them. */
  private sealedCount = 0;
  /** Whether pages can be added to the last part. */
  private isOpen = false;
  /** Whether the last page found room. */
  private hasRoom = true;
  private sequence: number;
  private memory: Uint8Array<ArrayBuffer> | undefined;
  /** Events of pages that could not be stored, before it was sealed and since. */
  private missedSealed = 0;
  private missed = 0;
  /** Events and damaged pages of the output when the conversion of the first part began. */
  private eventsBefore = 0;
  private damagedBefore = 0;
  /** Why pages could not be stored, or are lost, the first time. */
  trouble: string | undefined;
  /** Why what is sealed cannot be converted now, though the output takes it. */
  stuck: string | undefined;

  /**
   * @param readCount how many events the kernel has handed out of the ring.
   * @param wanted types of the records that are events of the trace.
   */
  constructor(
    place: SpoolPlace,
    layout: PageLayout,
    readCount: () => number,
    wanted: () => ReadonlySet<number>,
  ) {
    this.place = place;
    this.layout = layout;
    this.readCount = readCount;
    this.wanted = wanted;
    this.cursor = new PageCursor(layout);
    this.times = new PageTimes(layout);
    const left = leftSpoolFiles(place);
    left.forEach((file, index) => {
      const descriptor = openSpoolFile(place, file);
      const { size } = fstatSync(descriptor);
      // A page that is not whole was being written when its process was killed.
      const bytes = size - (size % layout.subBufferBytes);
      const readAfter = left[index + 1]?.readBefore ?? readCount();
      this.parts.push({ ...file, descriptor, bytes, doneBytes: 0, readAfter, isLeft: true, ...sound });
    });
    this.sequence = this.parts.at(-1)?.sequence ?? 0;
  }

  /** Bytes that wait. */
  get waitingBytes(): number {
    return this.parts.reduce((sum, { bytes, doneBytes }) => sum + bytes - doneBytes, 0);
  }

  private get sealed(): readonly Part[] {
    return this.parts.slice(0, this.sealedCount);
  }

  /** Events that wait, as the kernel counts them. */
  waitingEvents(output: SpoolOutput): number {
    const [first] = this.parts;
    if (first === undefined) return 0;
    const done = first.doneBytes > 0 ? output.handledCount - this.eventsBefore : 0;
    return Math.max(0, this.readCount() - first.readBefore - done - this.missed - this.missedSealed);
  }

  /** Events that could not be stored and are not told yet. */
  get untoldCount(): number {
    return this.missed + this.missedSealed;
  }

  /**
   * Stores pages of a ring. Those that find no room are counted as lost.
   * @param untilEmpty whether the page that is being written is wanted, too.
   * @returns bytes that were taken out of the ring.
   */
  take(reader: RingReader, pipe: SplicePipe | undefined, untilEmpty: boolean, mostBytes: number): number {
    const { subBufferBytes } = this.layout;
    this.hasRoom = true;
    let taken = 0;
    if (pipe !== undefined) {
      while (this.hasRoom && taken < mostBytes) {
        const moved = this.move(reader, pipe, Math.min(mostBytes - taken, fileBytes));
        if (moved === 0) break;
        taken += moved;
      }
      while (!this.hasRoom && taken < mostBytes && reader.readFull(pipe)) {
        this.lose(reader.bytes.subarray(0, subBufferBytes));
        taken += subBufferBytes;
      }
      if (!untilEmpty) return taken;
    }
    while (taken < mostBytes && reader.read() > 0) {
      const { bytes, wholeBytes } = reader;
      this.write(bytes.subarray(0, wholeBytes));
      taken += wholeBytes;
      if (reader.endsShort && !untilEmpty) break;
    }
    return taken;
  }

  /** Moves full pages within the kernel. @returns bytes that were taken out of the ring. */
  private move(reader: RingReader, pipe: SplicePipe, mostBytes: number): number {
    const part = this.openPart();
    if (part === undefined) return 0;
    try {
      const moved = reader.moveFull(pipe, part.descriptor, mostBytes);
      part.bytes += moved;
      return moved;
    } catch (error) {
      const unwritten = pipe.takeUnwritten();
      const before = part.bytes;
      const lostBytes = this.endShort(part, unwritten, error);
      // It was the ring.
      if (unwritten.length === 0) throw error;
      return part.bytes - before + lostBytes;
    }
  }

  private write(bytes: Uint8Array): void {
    const part = this.hasRoom ? this.openPart() : undefined;
    if (part === undefined) {
      this.lose(bytes);
      return;
    }
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(part.descriptor, bytes, at, bytes.length - at);
      part.bytes += bytes.length;
    } catch (error) {
      this.endShort(part, bytes.subarray(at), error);
    }
  }

  /** The file that pages go to; undefined where there is no room for it. */
  private openPart(): Part | undefined {
    const last = this.parts.at(-1);
    const wasOpen = this.isOpen;
    if (wasOpen && last !== undefined && last.bytes < fileBytes) return last;
    this.isOpen = false;
    try {
      const file = createSpoolFile(this.place, this.sequence + 1, this.readCount());
      this.sequence += 1;
      if (wasOpen && last !== undefined) last.readAfter = file.readBefore;
      const part = { ...file, bytes: 0, doneBytes: 0, readAfter: undefined, isLeft: false, ...sound };
      this.parts.push(part);
      this.isOpen = true;
      return part;
    } catch (error) {
      this.refuse(error);
      return undefined;
    }
  }

  private refuse(error: unknown): void {
    this.hasRoom = false;
    this.trouble ??= `pages find no room: ${describeError(error)}`;
  }

  /**
   * Ends a file with the last page that is whole in it: the one that follows it is lost, which is there in part.
   * @param unwritten what of it is not in the file.
   * @returns bytes that are lost.
   */
  private endShort(part: Part, unwritten: Uint8Array, error: unknown): number {
    const { descriptor } = part;
    const { size } = fstatSync(descriptor);
    const rest = size % this.layout.subBufferBytes;
    const lost = new Uint8Array(rest + unwritten.length);
    readSpool(descriptor, lost, rest, size - rest);
    lost.set(unwritten, rest);
    part.bytes = size - rest;
    this.isOpen = false;
    this.refuse(error);
    this.lose(lost);
    return lost.length;
  }

  /** Counts the events of pages that are not stored. */
  private lose(pages: Uint8Array): void {
    this.missed += countRecords(this.cursor, pages, pages.length, this.wanted());
  }

  /** What is there now is what is converted next; pages that come go to another file. */
  seal(): void {
    const last = this.parts.at(-1);
    const isEmpty = this.isOpen && last?.bytes === 0;
    if (this.isOpen && last !== undefined && !isEmpty) last.readAfter = this.readCount();
    this.isOpen = isEmpty;
    this.sealedCount = this.parts.length - (isEmpty ? 1 : 0);
    this.missedSealed += this.missed;
    this.missed = 0;
  }

  /**
   * The pages that are converted next, one after the other: each is there until the next one is asked for.
   * @param pause is called now and then.
   */
  *pages(pause: () => void): Iterable<Uint8Array> {
    const { subBufferBytes } = this.layout;
    const memory = this.ownMemory();
    const times = new PageTimes(this.layout);
    let untilPause = sliceBytes;
    for (const { descriptor, bytes, doneBytes } of this.sealed) {
      for (let at = doneBytes; at < bytes;) {
        const count = readSpool(descriptor, memory, Math.min(memory.length, bytes - at), at);
        for (let page = 0; page + subBufferBytes <= count; page += subBufferBytes)
          if (times.goesOn(memory, page)) yield memory.subarray(page, page + subBufferBytes);
        if (count === 0) break;
        at += count;
        untilPause -= count;
        if (untilPause > 0) continue;
        pause();
        untilPause = sliceBytes;
      }
    }
  }

  private ownMemory(): Uint8Array<ArrayBuffer> {
    this.memory ??= new Uint8Array(batchBytesOf(this.layout));
    return this.memory;
  }

  /** When the first page that is converted next began, by the clock of the ring; Infinity without one. */
  get firstNs(): number {
    const [part] = this.sealed;
    if (part === undefined || part.doneBytes >= part.bytes) return Infinity;
    const head = new Uint8Array(this.layout.dataOffsetBytes);
    readSpool(part.descriptor, head, head.length, part.doneBytes);
    return this.times.of(head, 0);
  }

  /**
   * Converts what is sealed. It ends early where packets find no room, or where it is {@link stuck}: another one goes on there.
   * @param awaits told when the next page began: whether others have to be converted before it. Then it is not taken now.
   * @param isLast whether there will be no other one: what cannot be converted is lost, and counted.
   * @returns a generator that stops now and then, for whoever has something else to do: after pages, or to wait for others.
   */
  *convert(
    output: SpoolOutput,
    awaits: (beganNs: number) => boolean,
    isLast = false,
  ): Generator<boolean, void> {
    this.stuck = undefined;
    while (this.sealedCount > 0 && !output.isStuck) {
      const part = this.parts[0]!;
      try {
        if (part.doneBytes === 0) this.begin(part, output, isLast);
        yield* this.convertPart(part, output, awaits);
      } catch (error) {
        if (!isLast) {
          this.stuck = describeError(error);
          return;
        }
        this.trouble ??= `pages cannot be converted: ${describeError(error)}`;
      }
      if (output.isStuck) return;
      output.endPacket();
      if (output.isStuck) return;
      const isRead = part.doneBytes === part.bytes && part.oddPages === 0;
      const isSound = isRead && output.damagedCount === this.damagedBefore;
      if (part.isLeft || !isSound) yield* this.missEvents(part);
      this.parts.shift();
      this.sealedCount -= 1;
      this.remove(part);
    }
    if (output.isStuck) return;
    if (this.missedSealed > 0) output.miss(this.missedSealed);
    this.missedSealed = 0;
  }

  /** Counts what the kernel handed out of the ring for a file, and is in none of the pages that were converted. */
  private *missEvents(part: Part): Generator<boolean, void> {
    const { path, descriptor, doneBytes, readBefore, readAfter, oddRecords } = part;
    if (readAfter === undefined) return;
    const memory = this.ownMemory();
    let missing = readAfter - readBefore + oddRecords;
    for (let at = 0; at < doneBytes;) {
      const count = readSpool(descriptor, memory, Math.min(memory.length, doneBytes - at), at);
      if (count === 0) break;
      missing -= countRecords(this.cursor, memory, count);
      at += count;
      yield true;
    }
    if (missing <= 0) return;
    this.missedSealed += missing;
    this.trouble ??= `pages that waited are damaged, or not all there: ${path}`;
  }

  /** Nothing comes for a while: a file that has no page is taken away. */
  rest(): void {
    const last = this.parts.at(-1);
    if (!this.isOpen || last === undefined || last.bytes > 0) return;
    this.parts.pop();
    this.isOpen = false;
    this.remove(last);
  }

  private begin(part: Part, output: SpoolOutput, isLast: boolean): void {
    this.eventsBefore = output.handledCount;
    this.damagedBefore = output.damagedCount;
    const { target } = output;
    if (target === undefined) return;
    try {
      noteConversion(this.place, part.sequence, target.directory, target.stream);
    } catch (error) {
      // Without a note it must not be killed meanwhile, which is better than nothing.
      if (!isLast) throw error;
    }
  }

  private *convertPart(
    part: Part,
    output: SpoolOutput,
    awaits: (beganNs: number) => boolean,
  ): Generator<boolean, void> {
    const { layout, times, cursor } = this;
    const { subBufferBytes } = layout;
    while (part.doneBytes < part.bytes) {
      const input = output.input ?? this.ownMemory();
      const wanted = Math.min(input.length, part.bytes - part.doneBytes);
      const count = readSpool(part.descriptor, input, wanted, part.doneBytes);
      // Somebody has cut it off.
      if (count < subBufferBytes) break;
      for (let page = 0; page + subBufferBytes <= count; page += subBufferBytes) {
        if (times.goesOn(input, page)) {
          while (awaits(times.of(input, page))) yield false;
          output.page(input, page, subBufferBytes);
        } else {
          part.oddPages += 1;
          part.oddRecords += countRecords(
            cursor,
            input.subarray(page, page + subBufferBytes),
            subBufferBytes,
          );
        }
        part.doneBytes += subBufferBytes;
        if (output.isStuck) return;
      }
      yield true;
    }
  }

  private remove(part: Part): void {
    closeSync(part.descriptor);
    try {
      removeSpoolFile(this.place, part);
    } catch (error) {
      this.trouble ??= `pages cannot be removed: ${describeError(error)}`;
    }
  }

  /** Ends it: what was not converted is gone, and counted. */
  close(output: SpoolOutput): void {
    this.missed += this.waitingEvents(output);
    for (const part of this.parts) this.remove(part);
    this.parts = [];
    this.sealedCount = 0;
    this.isOpen = false;
    forgetConversion(this.place);
  }
}
