/** Version 7: sections anywhere in the file, found by options; both may be packed. */
import { SpoorError } from '@spoor/base';
import type { ByteSource } from '@spoor/ctf';
import { KernelFormats } from '../formats/kernel-formats.ts';
import type { KernelRecording, RecordedRing } from '../recording/kernel-recording.ts';
import { readFormatsOfSystems, readHeaders, readOwnFormats } from './metadata.ts';
import type { InitialFormat } from './open-trace-dat.ts';
import { GeneralOptions, optionIds } from './options.ts';
import { partOf, readAt, unpackedSource, type Unpack } from './part-source.ts';
import { SectionReader } from './section-reader.ts';

const sectionHeadBytes = 16;
const packedFlag = 1;
const mostSectionBytes = 128 * 1_048_576;
/** Sections of options are a list; a damaged one may lead in a circle. */
const mostOptionSections = 1000;

const decoder = new TextDecoder();

interface Buffer {
  readonly sectionAt: number;
  readonly name: string;
  readonly clock: string;
  readonly pageBytes: number;
  readonly rings: readonly { readonly cpu: number; readonly start: number; readonly sizeBytes: number }[];
}

class Version7Reader {
  readonly options = new GeneralOptions();
  readonly buffers: Buffer[] = [];
  /** Where sections are, by their options. */
  readonly places = new Map<number, number>();
  private readonly source: ByteSource;
  private readonly littleEndian: boolean;
  private readonly unpack: (packed: Uint8Array, sizeBytes: number) => Uint8Array;

  constructor(source: ByteSource, { littleEndian, endByte }: InitialFormat, unpack: Unpack) {
    this.source = source;
    this.littleEndian = littleEndian;
    const reader = new SectionReader(readAt(source, endByte, 512), littleEndian, source.name);
    const algorithm = reader.text();
    reader.text();
    this.unpack = (packed, sizeBytes) => unpack(algorithm, packed, sizeBytes);
    let at = reader.offset();
    for (let left = mostOptionSections; at !== 0 && left > 0; left--) at = this.readOptions(at);
  }

  private head(at: number): { readonly isPacked: boolean; readonly sizeBytes: number } {
    const head = new SectionReader(
      readAt(this.source, at, sectionHeadBytes),
      this.littleEndian,
      this.source.name,
    );
    head.u16();
    const flags = head.u16();
    head.u32();
    return { isPacked: (flags & packedFlag) !== 0, sizeBytes: head.offset() };
  }

  /** The section at a place, unpacked. */
  section(at: number): SectionReader {
    const { source, littleEndian } = this;
    const { isPacked, sizeBytes } = this.head(at);
    const where = `${source.name}, section at byte ${at}`;
    if (sizeBytes > mostSectionBytes) {
      throw new SpoorError('trace-dat/damaged', `${sizeBytes} bytes are too many for a section`, { where });
    }
    const bytes = readAt(source, at + sectionHeadBytes, sizeBytes);
    if (!isPacked) return new SectionReader(bytes, littleEndian, where);
    const packed = new SectionReader(bytes, littleEndian, where);
    const packedBytes = packed.u32();
    const plainBytes = packed.u32();
    if (plainBytes > mostSectionBytes) {
      throw new SpoorError('trace-dat/damaged', `it unpacks to ${plainBytes} bytes, which are too many`, {
        where,
      });
    }
    return new SectionReader(this.unpack(packed.block(packedBytes), plainBytes), littleEndian, where);
  }

  /** The section that an option points to. */
  placed(id: number, what: string): SectionReader {
    const at = this.places.get(id);
    if (at === undefined) {
      throw new SpoorError('trace-dat/damaged', `it has no ${what}`, { where: this.source.name });
    }
    return this.section(at);
  }

  /** @returns where the next options are; 0 where these were the last. */
  private readOptions(at: number): number {
    const reader = this.section(at);
    while (!reader.isAtEnd) {
      const id = reader.u16();
      const content = reader.block(reader.u32());
      const part = new SectionReader(content, this.littleEndian, this.source.name);
      if (id === optionIds.done) return content.length >= 8 ? part.offset() : 0;
      if (id === optionIds.buffer) this.buffers.push(readBuffer(part));
      else if (id >= optionIds.headerInfo && id <= optionIds.commands) this.places.set(id, part.offset());
      else this.options.take(id, content, this.littleEndian);
    }
    return 0;
  }

  /** The pages of one ring. */
  ring(buffer: Buffer, { cpu, start, sizeBytes }: Buffer['rings'][number]): RecordedRing {
    const { source, littleEndian } = this;
    const name = `${source.name}${buffer.name === '' ? '' : `:${buffer.name}`}, processor ${cpu}`;
    const { isPacked } = this.head(buffer.sectionAt);
    return {
      cpu,
      source:
        isPacked && sizeBytes > 0
          ? unpackedSource(source, name, start, littleEndian, this.unpack)
          : partOf(source, name, start, sizeBytes),
      form: 'whole',
      lostCount: this.options.lostOf(buffer.name, cpu),
    };
  }
}

function readBuffer(reader: SectionReader): Buffer {
  const sectionAt = reader.offset();
  const name = reader.text();
  const clock = reader.text();
  const pageBytes = reader.u32();
  const rings: { readonly cpu: number; readonly start: number; readonly sizeBytes: number }[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    rings.push({ cpu: reader.u32(), start: reader.offset(), sizeBytes: reader.offset() });
  }
  return { sectionAt, name, clock, pageBytes, rings };
}

/** The instances of the file. @throws SpoorError */
export function openVersion7(
  source: ByteSource,
  initial: InitialFormat,
  unpack: Unpack,
): readonly KernelRecording[] {
  const where = source.name;
  const reader = new Version7Reader(source, initial, unpack);
  const { options } = reader;
  const header = readHeaders(
    reader.placed(optionIds.headerInfo, 'headers of pages'),
    initial.littleEndian,
    where,
  );
  const events = [
    ...readOwnFormats(reader.placed(optionIds.ownEvents, 'formats of the events of ftrace'), header),
    ...readFormatsOfSystems(reader.placed(optionIds.eventFormats, 'formats of events'), header),
  ];
  const text = (id: number, isLong: boolean): string => {
    const at = reader.places.get(id);
    if (at === undefined) return '';
    const section = reader.section(at);
    return decoder.decode(section.block(isLong ? section.offset() : section.u32()));
  };
  const printkFormats = text(optionIds.printk, false);
  const commands = text(optionIds.commands, true);
  return reader.buffers
    .map((buffer) => ({
      buffer,
      rings: buffer.rings
        .map((ring) => reader.ring(buffer, ring))
        .filter((ring) => ring.source.sizeBytes > 0),
    }))
    .filter(({ rings }) => rings.length > 0)
    .map(({ buffer, rings }, index) => {
      const { pageBytes, name, clock } = buffer;
      if (pageBytes < header.dataOffsetBytes + 4 || pageBytes > 1 << 26 || pageBytes % 4 !== 0) {
        throw new SpoorError('trace-dat/damaged', `pages of ${pageBytes} bytes cannot be`, { where });
      }
      return {
        name: name === '' ? where : `${where}:${name}`,
        formats: new KernelFormats({ ...header, subBufferBytes: pageBytes }, events),
        identity: options.identity,
        uuid: options.uuidOf(index),
        clock: clock === '' ? options.clock : clock,
        clockOffsetNs: options.offsetNs,
        rings,
        commands,
        symbols: () => text(optionIds.kallsyms, false),
        printkFormats,
        constants: new Map<string, bigint>(),
      };
    });
}
