/** How much of a sub-buffer a raw recording holds: pages that are read while they fill would be mostly empty. */
import type { PageLayout } from '../formats/page-layout.ts';

const lengthMask = 0x3fff_ffff;
const missedStored = 0x4000_0000;

/** The commit word of the page that begins at `at`: its lower half, which is all that is used of it. */
export function commitWord(view: DataView, at: number, layout: PageLayout): number {
  const lower = layout.commitOffsetBytes + (layout.littleEndian || layout.longBytes === 4 ? 0 : 4);
  return view.getUint32(at + lower, layout.littleEndian);
}

/** Bytes of a page that mean something: its head, its events, and the count of lost events behind them. */
export function usedPageBytes(commit: number, layout: PageLayout): number {
  const stored = (commit & missedStored) === 0 ? 0 : layout.longBytes;
  return layout.dataOffsetBytes + (commit & lengthMask) + stored;
}

/**
 * Bytes that a page takes in a raw recording: all of the sub-buffer when more than half of it is used, so that many can
 * be written at once as they lie; else what is used, rounded up to 8.
 */
export function storedPageBytes(commit: number, layout: PageLayout): number {
  const used = usedPageBytes(commit, layout);
  return used * 2 > layout.subBufferBytes ? layout.subBufferBytes : (used + 7) & ~7;
}
