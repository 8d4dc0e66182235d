import { performance } from 'node:perf_hooks';
import { hasWorkerModule } from './heap-room.ts';
import { isAvailable, library, viewMemory } from './library.ts';

/**
 * The time that the event loop of this thread has slept so far, in nanoseconds. Node.js tells it too
 * (`performance.nodeTiming.idleTime`), by a call of native code with a lock and an object for the number, some 320
 * instructions in all; here it is read where libuv counts it, once that place is found and has proved right.
 */
export function loopIdleNs(): number {
  return place === undefined ? askForIdleNs() : place[0]! + place[1]! * 0x1_0000_0000;
}

/** The two halves of libuv's count. */
let place: Uint32Array | undefined;
/** Where they may be: undefined before it was looked for, and where it is not looked for any more. */
let supposed: Uint32Array | undefined;
/** How many more different times must be the same there before it is believed; 0: it is not looked for. */
let proofsLeft = 3;
let lastProofNs = 0;
/** Not before it is asked for: what has it takes a millisecond to load. */
let timing: typeof performance.nodeTiming | undefined;

function askForIdleNs(): number {
  timing ??= performance.nodeTiming;
  const idleNs = Math.round(timing.idleTime * 1e6);
  if (proofsLeft > 0 && idleNs !== lastProofNs) {
    lastProofNs = idleNs;
    prove(idleNs);
  }
  return idleNs;
}

/** That it is the same again and again is the proof, whatever release of libuv this is. */
function prove(idleNs: number): void {
  try {
    supposed ??= findPlace();
  } catch {
    // No such function in this build of Node.js, or no memory to be looked at.
  }
  if (supposed === undefined || supposed[0]! + supposed[1]! * 0x1_0000_0000 !== idleNs) {
    proofsLeft = 0;
    supposed = undefined;
    return;
  }
  proofsLeft -= 1;
  if (proofsLeft === 0) place = supposed;
}

/**
 * In the default loop, which is that of Node.js's main thread; those of workers are not to be found, and a worker that is ended
 * amid a call of koffi would end the process. `uv_loop_t`, whose layout all releases 1.x share, has a pointer to what libuv
 * keeps to itself: flags, then `uv_metrics_t` (128 bytes, since 1.45), the time when the loop fell asleep, and the sum.
 */
function findPlace(): Uint32Array | undefined {
  if (hasWorkerModule() && !process.getBuiltinModule('node:worker_threads').isMainThread) return undefined;
  const [major, minor] = (process.versions['uv'] ?? '').split('.').map(Number);
  if (major !== 1 || !(minor! >= 45) || !isAvailable().available) return undefined;
  const defaultLoop = library().koffi.load(null).func('uintptr_t uv_default_loop()');
  const loop = BigInt(defaultLoop() as number | bigint);
  const [internals] = new BigUint64Array(viewMemory(loop + 40n, 8));
  return new Uint32Array(viewMemory(internals! + 144n, 8));
}
