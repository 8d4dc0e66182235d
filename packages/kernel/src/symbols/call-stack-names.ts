/** Names of the addresses of call stacks, as a trace has them beside its events. */
import type { CallStackSymbols, NamedImage, UserPlace } from './symbols-file.ts';

interface KnownPlace {
  readonly sinceNs: number;
  readonly place: UserPlace;
}

interface KnownImage {
  readonly sinceNs: number;
  /** Of each directory that tells of it; the first place of an address is the oldest. */
  readonly tables: ReadonlyMap<number, readonly KnownPlace[]>[];
}

function hexadecimal(value: number): string {
  return `0x${value.toString(16)}`;
}

function shortName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * A place as people read it: `inner+0x1c (stacks stacks.c:5)`, `stacks+0x1149` where no function is known.
 * @param fullPath writes whole paths.
 */
export function placeText({ file, offset, func, distance, source }: UserPlace, fullPath = false): string {
  const shown = fullPath ? (path: string): string => path : shortName;
  if (func === '') return file === '' ? '' : `${shown(file)}+${hexadecimal(offset)}`;
  const where = [shown(file), shown(source)].filter(Boolean).join(' ');
  return `${func}+${hexadecimal(distance)}${where === '' ? '' : ` (${where})`}`;
}

/** The last of what began until a time; the first of all where none did. */
function lastUntil<T extends { readonly sinceNs: number }>(
  list: readonly T[],
  timeNs: number,
): T | undefined {
  let found = list[0];
  for (const one of list) if (one.sinceNs <= timeNs) found = one;
  return found;
}

/** Names of one trace. */
export class CallStackNames {
  private readonly kernel = new Map<bigint, string>();
  private readonly threads = new Map<number, KnownImage[]>();
  private readonly texts = { short: new Map<UserPlace, string>(), full: new Map<UserPlace, string>() };

  /** @param parts of the directories that the trace is in. */
  constructor(parts: readonly CallStackSymbols[]) {
    for (const { kernel, places, images } of parts) {
      for (const { address, text } of kernel) this.kernel.set(address, text);
      for (const image of images) this.addImage(image, places);
    }
    for (const images of this.threads.values()) images.sort((left, right) => left.sinceNs - right.sinceNs);
  }

  private addImage({ threads, addresses }: NamedImage, places: readonly UserPlace[]): void {
    const table = new Map<number, KnownPlace[]>();
    for (const { address, sinceNs, place } of addresses) {
      const known = { sinceNs, place: places[place]! };
      const others = table.get(address);
      if (others === undefined) table.set(address, [known]);
      else others.push(known);
    }
    for (const list of table.values()) list.sort((left, right) => left.sinceNs - right.sinceNs);
    for (const { tid, sinceNs } of threads) {
      const images = this.threads.get(tid) ?? [];
      this.threads.set(tid, images);
      const same = images.find((image) => image.sinceNs === sinceNs);
      if (same === undefined) images.push({ sinceNs, tables: [table] });
      else same.tables.push(table);
    }
  }

  /** The name of an address of the kernel; empty where none is known. */
  kernelText(address: bigint): string {
    return this.kernel.get(address) ?? '';
  }

  /**
   * The place of an address of a thread.
   * @param timeNs of the monotonic clock.
   */
  userPlace(tid: number, timeNs: number, address: bigint): UserPlace | undefined {
    const image = lastUntil(this.threads.get(tid) ?? [], timeNs);
    for (const table of image?.tables ?? []) {
      const found = lastUntil(table.get(Number(address)) ?? [], timeNs);
      if (found !== undefined) return found.place;
    }
    return undefined;
  }

  /** The same as a text; empty where none is known. */
  userText(tid: number, timeNs: number, address: bigint, fullPath = false): string {
    const place = this.userPlace(tid, timeNs, address);
    if (place === undefined) return '';
    const texts = fullPath ? this.texts.full : this.texts.short;
    let text = texts.get(place);
    if (text === undefined) {
      text = placeText(place, fullPath);
      texts.set(place, text);
    }
    return text;
  }
}
