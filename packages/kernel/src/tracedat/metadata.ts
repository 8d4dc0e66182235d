/** The parts of a `trace.dat` that both of its versions have. */
import { SpoorError } from '@spoor/base';
import type { KernelEventFormat } from '../formats/event-format.ts';
import { checkEventHeader, parsePageHeader, type PageLayout } from '../formats/page-layout.ts';
import { readEventFormat } from '../formats/lazy-format.ts';
import type { SectionReader } from './section-reader.ts';

const decoder = new TextDecoder();

/** `header_page` and `header_event`. */
export function readHeaders(reader: SectionReader, littleEndian: boolean, where: string): PageLayout {
  const part = (name: string): string => {
    const found = reader.text();
    if (found !== name) {
      throw new SpoorError('trace-dat/damaged', `${JSON.stringify(found)} stands where ${name} should`, {
        where,
      });
    }
    return decoder.decode(reader.block(reader.offset()));
  };
  const layout = parsePageHeader(part('header_page'), littleEndian);
  checkEventHeader(part('header_event'));
  return layout;
}

/** Formats of the kernel's own events. */
export function readOwnFormats(reader: SectionReader, layout: PageLayout): KernelEventFormat[] {
  return Array.from({ length: countOf(reader) }, () =>
    readEventFormat(decoder.decode(reader.block(reader.offset())), 'ftrace', layout),
  );
}

/** Formats of all other events, by their systems. */
export function readFormatsOfSystems(reader: SectionReader, layout: PageLayout): KernelEventFormat[] {
  const formats: KernelEventFormat[] = [];
  for (let left = countOf(reader); left > 0; left--) {
    const system = reader.text();
    for (let events = countOf(reader); events > 0; events--) {
      formats.push(readEventFormat(decoder.decode(reader.block(reader.offset())), system, layout));
    }
  }
  return formats;
}

/** A count of things that take at least 8 bytes each. */
function countOf(reader: SectionReader): number {
  const count = reader.u32();
  return count > reader.bytes.length / 4 ? reader.block(Infinity).length : count;
}

/** What `trace-cmd` says of the machine: `Linux HOST RELEASE VERSION… MACHINE`. */
export function identityOf(uname: string): {
  readonly hostname: string;
  readonly kernelRelease: string;
  readonly kernelVersion: string;
  readonly machine: string;
} {
  const words = uname.split(/\s+/).filter((word) => word !== '');
  return {
    hostname: words[1] ?? '',
    kernelRelease: words[2] ?? '',
    kernelVersion: words.slice(3, -1).join(' '),
    machine: words.length > 3 ? words.at(-1)! : '',
  };
}

/** The clock that stands in brackets: `local [mono] boot`. */
export function chosenClock(list: string): string {
  return /\[(.+?)\]/.exec(list)?.[1] ?? (list.trim() === '' ? 'local' : list.trim());
}
