/**
 * `symbols/callstacks.json` in a trace: names of the addresses that its call stacks have. See docs/design/formats.md.
 */
import { SpoorError } from '@spoor/base';

/** Where it lies in the directory of a trace. In a folder: readers take files beside the metadata for streams. */
export const symbolsFolder = 'symbols';
export const symbolsFileName = 'callstacks.json';

/** Other versions are not read. */
const version = 1;

/** A place in a program: what a file of the table says of an address. */
export interface UserPlace {
  /** Path of the program or library; empty for code that was made at run time. */
  readonly file: string;
  /** Address in the file, as its symbols have it; in memory where there is no file. */
  readonly offset: number;
  /** Empty where it is not known. */
  readonly func: string;
  /** From the function's beginning. */
  readonly distance: number;
  /** `PATH:LINE`, or empty. */
  readonly source: string;
}

/** An address of a process since a time. */
export interface NamedAddress {
  readonly address: number;
  readonly sinceNs: number;
  readonly place: number;
}

/** The memory of a process. */
export interface NamedImage {
  readonly threads: readonly { readonly tid: number; readonly sinceNs: number }[];
  readonly addresses: readonly NamedAddress[];
}

/** What the file says. */
export interface CallStackSymbols {
  /** Texts as the kernel has them: `vfs_write+0x1f`, behind it the module in brackets. */
  readonly kernel: readonly { readonly address: bigint; readonly text: string }[];
  readonly places: readonly UserPlace[];
  readonly images: readonly NamedImage[];
}

/**
 * Joins what two processes, one after the other, have found out of one trace. Of what ran when the later one began it knows no
 * beginning: the earlier one may.
 */
export function joinSymbols(before: CallStackSymbols, after: CallStackSymbols): CallStackSymbols {
  const begun = new Map<number, number>();
  for (const { threads } of before.images) {
    for (const { tid, sinceNs } of threads) begun.set(tid, Math.max(sinceNs, begun.get(tid) ?? 0));
  }
  const kernel = new Map(before.kernel.map((row) => [row.address, row]));
  for (const row of after.kernel) kernel.set(row.address, row);
  const firstPlace = before.places.length;
  return {
    kernel: [...kernel.values()],
    places: [...before.places, ...after.places],
    images: [
      ...before.images,
      ...after.images.map(({ threads, addresses }) => ({
        threads: threads.map(({ tid, sinceNs }) => ({
          tid,
          sinceNs: sinceNs === 0 ? (begun.get(tid) ?? 0) : sinceNs,
        })),
        addresses: addresses.map((one) => ({ ...one, place: one.place + firstPlace })),
      })),
    ],
  };
}

/** The file's text. Times are of the monotonic clock. */
export function writeSymbols({ kernel, places, images }: CallStackSymbols): string {
  const files = [...new Set(places.map(({ file }) => file))];
  const numbers = new Map(files.map((file, index) => [file, index]));
  return `${JSON.stringify({
    version,
    kernel: kernel.map(({ address, text }) => [address.toString(16), text]),
    files,
    places: places.map(({ file, offset, func, distance, source }) => [
      numbers.get(file),
      offset,
      func,
      distance,
      source,
    ]),
    images: images.map(({ threads, addresses }) => ({
      threads: threads.map(({ tid, sinceNs }) => [tid, sinceNs]),
      addresses: addresses.map(({ address, sinceNs, place }) => [address, sinceNs, place]),
    })),
  })}\n`;
}

type Row = readonly unknown[];

function fail(name: string, what: string): never {
  throw new SpoorError('kernel/symbols', `names of call stacks cannot be read: ${what}`, { where: name });
}

/**
 * Reads it.
 * @param name of the file, for messages.
 * @throws SpoorError `kernel/symbols`.
 */
export function parseSymbols(text: string, name: string): CallStackSymbols {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (cause) {
    throw new SpoorError('kernel/symbols', 'names of call stacks cannot be read: it is not JSON', {
      where: name,
      cause,
    });
  }
  if (typeof root !== 'object' || root === null) fail(name, 'it has no members');
  const members = root as Readonly<Record<string, unknown>>;
  if (members['version'] !== version) {
    fail(name, `its version is ${String(members['version'])}, and ${version} is read`);
  }
  const rows = (value: unknown, what: string): readonly Row[] => {
    if (!Array.isArray(value) || !value.every((row) => Array.isArray(row))) fail(name, `${what} are no rows`);
    return value as readonly Row[];
  };
  const number = (value: unknown): number =>
    typeof value === 'number' && Number.isFinite(value) ? value : fail(name, 'a number lacks');
  const string = (value: unknown): string => (typeof value === 'string' ? value : fail(name, 'a text lacks'));
  const { files } = members;
  if (!Array.isArray(files)) fail(name, 'it has no files');
  const paths = (files as readonly unknown[]).map(string);
  const kernel = rows(members['kernel'], 'addresses of the kernel').map(([address, shown]) => {
    const digits = string(address);
    if (!/^[\da-f]{1,16}$/.test(digits)) fail(name, 'an address of the kernel is none');
    return { address: BigInt(`0x${digits}`), text: string(shown) };
  });
  const places = rows(members['places'], 'places').map(
    ([file, offset, func, distance, source]): UserPlace => ({
      file: paths[number(file)] ?? fail(name, 'a place is in no file'),
      offset: number(offset),
      func: string(func),
      distance: number(distance),
      source: string(source),
    }),
  );
  if (!Array.isArray(members['images'])) fail(name, 'it has no images');
  const images = (members['images'] as readonly unknown[]).map((image): NamedImage => {
    if (typeof image !== 'object' || image === null) return fail(name, 'an image is none');
    const { threads, addresses } = image as Readonly<Record<string, unknown>>;
    return {
      threads: rows(threads, 'threads').map(([tid, sinceNs]) => ({
        tid: number(tid),
        sinceNs: number(sinceNs),
      })),
      addresses: rows(addresses, 'addresses').map(([address, sinceNs, place]) => {
        const index = number(place);
        if (places[index] === undefined) fail(name, 'an address is at no place');
        return { address: number(address), sinceNs: number(sinceNs), place: index };
      }),
    };
  });
  return { kernel, places, images };
}
