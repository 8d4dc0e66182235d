/** Version 6: one part behind the other, then the pages of each processor. */
import { SpoorError } from '@spoor/base';
import type { ByteSource } from '@spoor/ctf';
import { KernelFormats } from '../formats/kernel-formats.ts';
import type { KernelRecording, RecordedRing } from '../recording/kernel-recording.ts';
import { readFormatsOfSystems, readHeaders, readOwnFormats } from './metadata.ts';
import type { InitialFormat } from './open-trace-dat.ts';
import { GeneralOptions, optionIds } from './options.ts';
import { partOf, readAt } from './part-source.ts';
import { SectionReader } from './section-reader.ts';

/** All before the pages is held: formats and symbols are some megabytes. */
const mostMetadataBytes = 128 * 1_048_576;
/** Letters of the words that say what follows. */
const wordBytes = 10;
const mostCpus = 65_536;

const decoder = new TextDecoder();

function refuseText(where: string): never {
  throw new SpoorError('trace-dat/text', 'it holds the text of a tracer and no pages', {
    where,
    hint: 'record events, not the output of a latency tracer',
  });
}

/** The instances of the file: its own rings, and those that its options name. @throws SpoorError */
export function openVersion6(
  source: ByteSource,
  { littleEndian, pageBytes, endByte }: InitialFormat,
): readonly KernelRecording[] {
  const where = source.name;
  const reader = new SectionReader(readAt(source, 0, mostMetadataBytes), littleEndian, where);
  reader.at = endByte;
  const layout = { ...readHeaders(reader, littleEndian, where), subBufferBytes: pageBytes };
  const own = readOwnFormats(reader, layout);
  const formats = new KernelFormats(layout, [...own, ...readFormatsOfSystems(reader, layout)]);
  const symbols = reader.block(reader.u32());
  const printkFormats = decoder.decode(reader.block(reader.u32()));
  const commands = decoder.decode(reader.block(reader.offset()));
  const cpuCount = reader.u32();
  if (cpuCount > mostCpus)
    throw new SpoorError('trace-dat/damaged', `${cpuCount} processors cannot be`, { where });
  const options = new GeneralOptions();
  const buffers: { readonly name: string; readonly at: number }[] = [];
  let word = decoder.decode(reader.block(wordBytes));
  if (word.startsWith('options')) {
    for (let id = reader.u16(); id !== optionIds.done; id = reader.u16()) {
      const content = reader.block(reader.u32());
      if (id === optionIds.buffer) {
        const part = new SectionReader(content, littleEndian, where);
        buffers.push({ at: part.offset(), name: part.text() });
      } else options.take(id, content, littleEndian);
    }
    word = decoder.decode(reader.block(wordBytes));
  }
  if (word.startsWith('latency')) refuseText(where);
  if (!word.startsWith('flyrecord')) {
    throw new SpoorError('trace-dat/damaged', `${JSON.stringify(word)} stands where flyrecord should`, {
      where,
    });
  }
  const ringsAt = (table: SectionReader, name: string): RecordedRing[] =>
    Array.from({ length: cpuCount }, (_, cpu): RecordedRing => {
      const start = table.offset();
      const size = table.offset();
      return {
        cpu,
        source: partOf(source, `${where}${name === '' ? '' : `:${name}`}, processor ${cpu}`, start, size),
        form: 'whole',
        lostCount: options.lostOf(name, cpu),
      };
    });
  const tables = [
    { name: '', rings: ringsAt(reader, '') },
    ...buffers.map(({ name, at }) => {
      const table = new SectionReader(readAt(source, at, wordBytes + cpuCount * 16), littleEndian, where);
      const kind = decoder.decode(table.block(wordBytes));
      if (kind.startsWith('latency')) refuseText(where);
      return { name, rings: ringsAt(table, name) };
    }),
  ];
  return tables
    .map(({ name, rings }) => ({ name, rings: rings.filter(({ source: { sizeBytes } }) => sizeBytes > 0) }))
    .filter(({ rings }) => rings.length > 0)
    .map(({ name, rings }, index) => ({
      name: name === '' ? where : `${where}:${name}`,
      formats,
      identity: options.identity,
      uuid: options.uuidOf(index),
      clock: options.clock,
      clockOffsetNs: options.offsetNs,
      rings,
      commands,
      symbols: () => decoder.decode(symbols),
      printkFormats,
      constants: new Map<string, bigint>(),
    }));
}
