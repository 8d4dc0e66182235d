/**
 * Folders whose kernel rings are still pages: a recording made with `spoor record -k --raw`. What makes events of them brings
 * the kernel's formats along, so that it is loaded for those alone.
 */
import { SpoorError } from '@spoor/base';
import type { ByteSource } from '@spoor/ctf';
import { rawFolder } from '@spoor/kernel';
import type { TraceFolder } from './open-folders.ts';

/** By this file the folder `raw` is known. */
export const rawDescriptionFile = 'ftrace.json';

/** What pages became. */
export interface ReadRings {
  /** Of the trace with the events of its rings. */
  readonly metadata: Uint8Array;
  /** A stream a processor. */
  readonly sources: readonly ByteSource[];
  readonly warnings: readonly string[];
}

/** Where pages are. */
export interface RawRings {
  /** Of the folder with the pages, for messages. */
  readonly name: string;
  /** Of the trace, before which the names of its streams stand. */
  readonly tracePath: string;
  readonly metadataName: string;
  /** What the trace says without them. */
  readonly metadata: Uint8Array;
  /** A file of the folder by its name; undefined where it is not there. */
  readonly open: (file: string) => ByteSource | undefined;
}

/** Makes events of pages. */
export type RawReader = (rings: RawRings) => ReadRings;

const neededCode = 'trace/raw';

/** Whether a trace could not be opened because nothing was there to make events of pages. */
export function needsRawReader(error: unknown): boolean {
  return error instanceof SpoorError && error.code === neededCode;
}

/**
 * Opens traces, and again with what reads raw pages where they have such.
 * @param load brings the reader in; without it such traces are refused.
 */
export async function withRawReader<T>(
  load: (() => Promise<RawReader>) | undefined,
  open: (readRaw: RawReader | undefined) => T | Promise<T>,
): Promise<T> {
  try {
    return await open(undefined);
  } catch (error) {
    if (load === undefined || !needsRawReader(error)) throw error;
  }
  return open(await load());
}

/**
 * The folder with the events of its rings, which are made when it is opened.
 * @param open a file of its folder `raw`.
 * @param readRaw without it, opening the folder throws `trace/raw`.
 */
export function withRawRings(
  folder: TraceFolder,
  open: RawRings['open'],
  readRaw: RawReader | undefined,
): TraceFolder {
  const name = `${folder.path}/${rawFolder}`;
  let rings: ReadRings | undefined;
  const read = (): ReadRings => {
    if (readRaw === undefined) {
      throw new SpoorError(neededCode, 'the kernel part of this trace is pages of its rings', {
        where: name,
        hint: 'spoor convert makes a trace of them that is read everywhere',
      });
    }
    const { path: tracePath, metadataName } = folder;
    return (rings ??= readRaw({ name, tracePath, metadataName, metadata: folder.metadata(), open }));
  };
  return {
    ...folder,
    metadata: () => read().metadata,
    streams(warnings) {
      const { sources, warnings: own } = read();
      warnings.push(...own);
      return [...sources, ...folder.streams(warnings)];
    },
  };
}
