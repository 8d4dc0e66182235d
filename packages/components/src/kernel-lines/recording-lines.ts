/** Writes the lines of one recording's events: as `traceLine` of `@spoor/kernel` has them, by code made for each event. */
import { canCompile } from '@spoor/ctf';
import {
  fieldsText,
  KernelSymbols,
  parseCommands,
  parsePrintkFormats,
  PrintFormatError,
  recordText,
  type KernelEventFormat,
  type KernelRecording,
  type PageCursor,
  type PrintContext,
} from '@spoor/kernel';
import { compileLine, type LineBody } from './emit-line.ts';
import type { LineBuffer } from './line-buffer.ts';
import { LineHead, ThreadNames } from './line-head.ts';
import { planLine } from './line-pieces.ts';

/** How an event is written. */
export interface EventLine {
  readonly format: KernelEventFormat | undefined;
  readonly body: LineBody | undefined;
  /** Shorter records are for the interpreter. */
  readonly leastBytes: number;
}

/** Places of the fields that all events have. */
export interface CommonPlaces {
  readonly flags: number;
  readonly preemptCount: number;
  readonly tid: number;
  /** Records that are shorter have not all of them. */
  readonly bytes: number;
}

function commonPlaces({ formats }: KernelRecording): CommonPlaces {
  const fields = formats.events[0]?.commonFields ?? [];
  const place = (name: string, usual: number): number =>
    fields.find((field) => field.name === name)?.offsetBytes ?? usual;
  const places = {
    flags: place('common_flags', 2),
    preemptCount: place('common_preempt_count', 3),
    tid: place('common_pid', 4),
  };
  return { ...places, bytes: Math.max(8, ...fields.map((one) => one.offsetBytes + one.sizeBytes)) };
}

/** Hardly any line is longer. */
export const usualLineBytes = 4096;
/** No line is longer: what says so is damaged, and is shown field by field. */
const mostLineBytes = 16 * 1_048_576;

const encoder = new TextEncoder();

/** The names of a kernel's addresses, once one is asked for: there are some hundred thousand. */
function contextOf(recording: KernelRecording): PrintContext {
  let symbols: KernelSymbols | undefined;
  return {
    layout: recording.formats.layout,
    get symbols() {
      symbols ??= KernelSymbols.parse(recording.symbols());
      return symbols.size === 0 ? undefined : symbols;
    },
    texts: parsePrintkFormats(recording.printkFormats),
    constants: recording.constants,
  };
}

/** One recording. Guarded by bench/kernel-text.ts. */
export class RecordingLines {
  private readonly recording: KernelRecording;
  private readonly context: PrintContext;
  private readonly names: ThreadNames;
  private readonly originSeconds: number;
  private readonly compile: boolean;
  readonly common: CommonPlaces;
  /**
   * By the numbers of events, of those that were met; of full length from the beginning, for V8 keeps sparse arrays in
   * hash tables.
   */
  readonly lines: (EventLine | undefined)[] = Array.from({ length: 65_536 });
  /** Before the name of an event: that of the instance, where a file has several. */
  private readonly title: string;

  constructor(
    recording: KernelRecording,
    options: { readonly originSeconds: number; readonly title: string; readonly compile?: boolean },
  ) {
    this.recording = recording;
    this.common = commonPlaces(recording);
    this.context = contextOf(recording);
    this.names = new ThreadNames(parseCommands(recording.commands));
    this.originSeconds = options.originSeconds;
    this.title = ` ${options.title}`;
    this.compile = (options.compile ?? true) && canCompile();
  }

  /** What stands before the lines of a processor. */
  headOf(cpu: number): LineHead {
    return new LineHead(cpu, this.names, this.originSeconds);
  }

  /**
   * Writes the line of the record that a cursor is at, whatever it needs; one that is too short to be an event has none.
   * What is usual is done without it, by the lane.
   */
  write(cursor: PageCursor, head: LineHead, output: LineBuffer): void {
    if (cursor.lengthBytes < this.common.bytes) return;
    const line = (this.lines[cursor.typeId] ??= this.lineOf(cursor.typeId));
    let { body } = line;
    if (cursor.lengthBytes < line.leastBytes) body = undefined;
    // Code that has once written beyond the end of its bytes stays slower than it was.
    output.reserve(usualLineBytes);
    for (;;) {
      const { view, bytes, length } = output;
      try {
        const pos = this.put(cursor, head, line.format, body, view, bytes, length);
        if (pos <= bytes.length) {
          output.length = pos;
          return;
        }
      } catch (error) {
        if (error instanceof PrintFormatError) body = undefined;
        else if (!(error instanceof RangeError)) throw error;
      }
      // It had no room, or one of its numbers asks for a text that cannot be.
      if (bytes.length - length > mostLineBytes) body = undefined;
      else output.grow();
    }
  }

  /** @returns the position behind the line; beyond the output where that has no room. */
  private put(
    cursor: PageCursor,
    head: LineHead,
    format: KernelEventFormat | undefined,
    body: LineBody | undefined,
    outView: DataView,
    out: Uint8Array,
    from: number,
  ): number {
    const { view, at, layout } = cursor;
    const { common } = this;
    const tid = view.getInt32(at + common.tid, layout.littleEndian);
    const flags = view.getUint8(at + common.flags) | (view.getUint8(at + common.preemptCount) << 8);
    const pos = head.put(outView, from, tid, flags, head.enter(cursor.timeNs));
    if (body !== undefined) return body(view, cursor.bytes, at, cursor.lengthBytes, outView, out, pos);
    const text = encoder.encode(`${this.title}${this.text(format, cursor)}\n`);
    if (pos + text.length <= out.length) out.set(text, pos);
    return pos + text.length;
  }

  private text(format: KernelEventFormat | undefined, cursor: PageCursor): string {
    if (format === undefined) return `Unknown type ${cursor.typeId}`;
    const { view, at, lengthBytes } = cursor;
    const record = { view, at, lengthBytes, littleEndian: cursor.layout.littleEndian };
    try {
      const text = recordText(format, record, this.context);
      if (text.length < mostLineBytes / 4) return text;
    } catch (error) {
      // A width of a damaged record may be that of no text.
      if (!(error instanceof RangeError)) throw error;
    }
    return `${format.name}: ${fieldsText(format, record)}`;
  }

  private lineOf(typeId: number): EventLine {
    const { formats } = this.recording;
    const format = formats.ofId(typeId);
    if (format === undefined) return { format, body: undefined, leastBytes: 0 };
    const plan = planLine(format, formats.layout);
    const body = this.compile ? compileLine(format, plan, this.context, this.title) : undefined;
    return { format, body, leastBytes: plan.leastBytes };
  }
}
