/** The pages of a file of a raw recording, one behind the other. */
import type { PageLayout } from '../formats/page-layout.ts';
import { commitWord, storedPageBytes, usedPageBytes } from './stored-page.ts';

/** Where a page of a file is. */
export interface StoredPage {
  readonly startByte: number;
  /** What of it is used. */
  readonly usedBytes: number;
  /** Where the next one begins. */
  readonly endByte: number;
}

/**
 * The page that begins at `startByte`.
 * @param limitByte where the bytes that are there end.
 * @returns undefined where there is no whole page: at the end, and where a recording was cut off.
 */
export function storedPageAt(
  view: DataView,
  startByte: number,
  limitByte: number,
  layout: PageLayout,
): StoredPage | undefined {
  if (startByte + layout.dataOffsetBytes > limitByte) return undefined;
  const commit = commitWord(view, startByte, layout);
  const usedBytes = usedPageBytes(commit, layout);
  const endByte = startByte + storedPageBytes(commit, layout);
  if (usedBytes > layout.subBufferBytes || endByte > limitByte) return undefined;
  return { startByte, usedBytes, endByte };
}
