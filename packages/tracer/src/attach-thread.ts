// How a thread comes to its part in the sessions that its environment names.
import { ownStartTicks } from '@spoor/ringbuffer';
import { closeSync, openSync } from '@spoor/sys';
import { namedSessions } from './session-variable.ts';
import { ThreadHub } from './thread-hub.ts';

/**
 * This thread's part in the sessions that the environment names; undefined when there are none that it can use.
 * Throws what the file system throws.
 */
export function attachThread(): ThreadHub | undefined {
  const named = namedSessions();
  if (named === '') return undefined;
  // Packets are little-endian and written by plain typed arrays.
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) return undefined;
  const ticks = ownStartTicks() ?? readAgain(ownStartTicks);
  if (ticks === undefined) return undefined;
  const hub = new ThreadHub(
    named.split(':').filter((path) => path !== ''),
    ticks,
  );
  return hub.isAttached ? hub : undefined;
}

/** Reads what could not be read; throws what the file system throws where /proc cannot be read at all. */
function readAgain(read: () => bigint | undefined): bigint | undefined {
  closeSync(openSync('/proc/self/stat', 'r'));
  return read();
}
