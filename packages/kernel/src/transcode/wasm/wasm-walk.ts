/** Runs the WebAssembly of a transcoder: one memory a stream, in which its pages, its packet and its state lie. */
import { stateWord } from '../emit-transcoder.ts';
import type { TranscodePlan } from '../transcode-plan.ts';
import { assembleWalk, canAssemble, slotBytes, slotWords, type WalkPlaces } from './assemble-walk.ts';

/** What a stream works in; the rest of the memory is the walk's own. */
export interface WalkMemory {
  readonly buffer: ArrayBuffer;
  readonly state: Int32Array<ArrayBuffer>;
  readonly used: Uint8Array<ArrayBuffer>;
  /** For a packet. */
  readonly out: Uint8Array<ArrayBuffer>;
  /** For pages. */
  readonly input: Uint8Array<ArrayBuffer>;
  /**
   * Walks from one word to another one, or until the packet is longer than `limitBytes`, as a `PageWalk` does.
   * @returns 0; or, where it has stopped before a record that it leaves to others, the word behind that.
   */
  walk(from: number, end: number, limitBytes: number): number;
  /**
   * Walks over the records of a page that begins at a byte, which come after those of the page before.
   * @returns 0; or why it has stopped: `pageIsLeft`, before it has begun, `outputIsFull`, or what {@link walk} would answer, times 4.
   */
  readonly page: (start: number, lengthBytes: number, outLimit: number) => number;
  /** Where {@link page} stops for a limit of the packet. */
  outLimit(limitBytes: number): number;
}

type WalkFunction = (from: number, end: number, limit: number) => number;

/** What is used of the platform's WebAssembly, which no library of types has that this package may use. */
interface Platform {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => {
    readonly buffer: ArrayBuffer;
  };
  readonly Instance: new (
    module: object,
    imports: { readonly host: { readonly memory: object } },
  ) => { readonly exports: { readonly run: WalkFunction; readonly page: WalkFunction } };
}

const platform = (globalThis as { readonly WebAssembly?: unknown }).WebAssembly as Platform | undefined;

const wasmPageBytes = 65_536;
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The compiled walk of a transcoder. */
export class WasmWalk {
  private readonly platform: Platform;
  private readonly module: object;
  private readonly places: WalkPlaces;
  private readonly slots: ReturnType<typeof slotWords>;
  private readonly classCount: number;

  private constructor(wasm: Platform, plan: TranscodePlan, classCount: number) {
    this.platform = wasm;
    const used = aligned(stateWord.size * 4);
    const slots = used + aligned(classCount);
    const out = slots + aligned(plan.classOfSlot.length * slotBytes);
    this.places = { state: 0, used, slots, out };
    this.slots = slotWords(plan);
    this.classCount = classCount;
    this.module = new wasm.Module(assembleWalk(plan, this.places));
  }

  /** Undefined where the plan needs more than records, or where WebAssembly cannot be made here. */
  static of(plan: TranscodePlan, classCount: number): WasmWalk | undefined {
    if (!isLittleEndian || platform === undefined || !canAssemble(plan)) return undefined;
    try {
      return new WasmWalk(platform, plan, classCount);
    } catch {
      // A content security policy, or a processor without vectors of 16 bytes.
      return undefined;
    }
  }

  /**
   * Memory of a stream; undefined where there is no room for it.
   * @param outBytes room for a packet with its last event.
   * @param inputBytes room for pages.
   */
  memory(outBytes: number, inputBytes: number): WalkMemory | undefined {
    const { module, places, slots, classCount, platform: wasm } = this;
    const inputAt = places.out + aligned(outBytes);
    const pages = Math.ceil((inputAt + inputBytes) / wasmPageBytes);
    let memory: { readonly buffer: ArrayBuffer };
    try {
      memory = new wasm.Memory({ initial: pages, maximum: pages });
    } catch {
      return undefined;
    }
    const { buffer } = memory;
    const table = new Int32Array(buffer, places.slots);
    for (const [slot, low, high] of slots) {
      table[slot * 2] = low;
      table[slot * 2 + 1] = high;
    }
    const { run, page } = new wasm.Instance(module, { host: { memory } }).exports;
    return {
      buffer,
      state: new Int32Array(buffer, places.state, stateWord.size),
      used: new Uint8Array(buffer, places.used, classCount),
      out: new Uint8Array(buffer, places.out, outBytes),
      input: new Uint8Array(buffer, inputAt, inputBytes),
      walk: (from, end, limitBytes) => run(from * 4, end * 4, places.out + limitBytes) >>> 2,
      page,
      outLimit: (limitBytes) => places.out + limitBytes,
    };
  }
}
