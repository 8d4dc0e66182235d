/** What lies where in the memory of processes, as the events of LTTng-UST tell it. */
import { EnumValue, type FieldValue } from '@spoor/ctf';
import type { EventArguments } from '../filter-utils-events/field-reference.ts';
import type { EventClassInfo } from '../source-ctf-fs/trace-info.ts';
import { Binary, type AddressInfo, type BinaryFiles, type DebugInfoPlaces } from './binary.ts';

/** Does what an event of a class says to the process of a number. */
export type MapAction = (vpid: bigint, at: EventArguments) => void;

interface Process {
  readonly binaries: Map<bigint, Binary>;
  readonly known: Map<bigint, AddressInfo>;
}

/** Addresses of one process of which it is kept what is known; the oldest is forgotten beyond it. */
const mostKnown = 65_536;

/** The number of an integer field; 0 where there is none. */
export function bigOf(value: FieldValue | undefined): bigint {
  const plain = value instanceof EnumValue ? value.value : value;
  return typeof plain === 'bigint' || typeof plain === 'number' ? BigInt(plain) : 0n;
}

/** The processes of one trace. */
export class ProcessMap {
  private readonly processes = new Map<bigint, Process>();
  private readonly files: BinaryFiles;
  private readonly places: DebugInfoPlaces;

  constructor(files: BinaryFiles, places: DebugInfoPlaces) {
    this.files = files;
    this.places = places;
  }

  private processOf(vpid: bigint): Process {
    let process = this.processes.get(vpid);
    if (process === undefined) {
      process = { binaries: new Map(), known: new Map() };
      this.processes.set(vpid, process);
    }
    return process;
  }

  /** What is known of an address of a process. */
  lookUp(vpid: bigint, address: bigint): AddressInfo | undefined {
    const process = this.processes.get(vpid);
    if (process === undefined) return undefined;
    const { binaries, known } = process;
    const before = known.get(address);
    if (before !== undefined) return before;
    for (const binary of binaries.values()) {
      if (!binary.has(address)) continue;
      const found = binary.lookUp(address);
      if (found !== undefined) {
        if (known.size >= mostKnown) known.delete(known.keys().next().value!);
        known.set(address, found);
      }
      return found;
    }
    return undefined;
  }

  /** What the events of a class change; undefined for most classes. */
  actionOf(info: EventClassInfo): MapAction | undefined {
    const read = (name: string): ((at: EventArguments) => FieldValue | undefined) | undefined => {
      if (info.eventClass.payload?.members.some((member) => member.name === name) !== true) return undefined;
      const accessor = info.decoder.accessor(info.localIndex, 'event-payload', name);
      return ([bytes, view, offsetBits, externals]) => accessor(bytes, view, offsetBits, externals);
    };
    const base = read('baddr');
    switch (info.eventClass.name) {
      case 'lttng_ust_statedump:start':
        return (vpid) => {
          const { binaries, known } = this.processOf(vpid);
          binaries.clear();
          known.clear();
        };
      case 'lttng_ust_statedump:bin_info':
        return this.loading(base, read('memsz'), read('path'), read('is_pic'));
      case 'lttng_ust_dl:dlopen':
      case 'lttng_ust_lib:load':
        // What is loaded later may lie anywhere.
        return this.loading(base, read('memsz'), read('path'), undefined);
      case 'lttng_ust_lib:unload':
        return (vpid, at) => {
          this.processOf(vpid).binaries.delete(bigOf(base?.(at)));
        };
      case 'lttng_ust_statedump:build_id': {
        const buildId = read('build_id');
        return (vpid, at) => {
          const bytes = buildId?.(at);
          if (!Array.isArray(bytes)) return;
          this.processOf(vpid)
            .binaries.get(bigOf(base?.(at)))
            ?.setBuildId(bytes.map(Number));
        };
      }
      case 'lttng_ust_statedump:debug_link': {
        const fileName = read('filename');
        const crc = read('crc') ?? read('crc32');
        return (vpid, at) => {
          const name = fileName?.(at);
          if (typeof name !== 'string') return;
          this.processOf(vpid)
            .binaries.get(bigOf(base?.(at)))
            ?.setDebugLink(name, Number(bigOf(crc?.(at))));
        };
      }
      default:
        return undefined;
    }
  }

  private loading(
    base: ((at: EventArguments) => FieldValue | undefined) | undefined,
    size: ((at: EventArguments) => FieldValue | undefined) | undefined,
    path: ((at: EventArguments) => FieldValue | undefined) | undefined,
    isPic: ((at: EventArguments) => FieldValue | undefined) | undefined,
  ): MapAction | undefined {
    // `dlopen` of LTTng-UST before 2.9 has no path.
    if (base === undefined || size === undefined || path === undefined) return undefined;
    return (vpid, at) => {
      const memoryBytes = bigOf(size(at));
      // The vDSO is no file.
      if (memoryBytes === 0n) return;
      const { binaries } = this.processOf(vpid);
      const low = bigOf(base(at));
      const text = path(at);
      if (binaries.has(low) || typeof text !== 'string') return;
      const pic = isPic === undefined || bigOf(isPic(at)) === 1n;
      binaries.set(low, new Binary(text, low, memoryBytes, pic, this.files, this.places));
    };
  }
}
