/** What makes events of the pages that `spoor record -k --raw` writes. */
import type { RawReader } from '@spoor/components/node';

/** Brings it in: few traces have such pages. */
export async function loadRawReader(): Promise<RawReader> {
  const { readRawRings } = await import('@spoor/components/raw-rings');
  return readRawRings;
}
