/**
 * A program that never ran: the directory of a process with rings in it, for tests of the consumer. Its identity is
 * a process that does not exist, or this one when it shall count as running.
 */
import { closeSync, constants, mkdirSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  EVENTS_FOLDER,
  PROCESS_FILE,
  RINGS_FOLDER,
  RingProducer,
  type RingGeometry,
  type RingMode,
  RUN_VERSION,
  ringSizeBytes,
} from '@spoor/ringbuffer';
import { ownIdentity } from '../process-identity.ts';

/** The parts of the control page that the reader writes: `stopped` to the marks, what it intends, the release bytes. */
const readerParts = [
  [192, 256],
  [1280, 1328],
  [2304, 2560],
] as const;

const header = `/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
trace {
  major = 1; minor = 8; uuid = "abababab-abab-abab-abab-abababababab"; byte_order = le;
  packet.header := struct { uint32_t magic; uint8_t uuid[16]; uint32_t stream_id; };
};
env { hostname = "test"; domain = "ust"; procname = "simulated"; };
clock { name = "monotonic"; freq = 1000000000; offset = 0; };
typealias integer { size = 27; align = 1; signed = false; map = clock.monotonic.value; } := clock27_t;
typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := clock64_t;
struct header_compact {
  enum : integer { size = 5; align = 1; signed = false; } { compact = 0 ... 30, extended = 31 } id;
  variant <id> {
    struct { clock27_t timestamp; } compact;
    struct { uint32_t id; clock64_t timestamp; } extended;
  } v;
} align(8);
stream {
  id = 0;
  event.header := struct header_compact;
  packet.context := struct {
    clock64_t timestamp_begin; clock64_t timestamp_end; uint64_t content_size; uint64_t packet_size;
    uint64_t packet_seq_num; uint64_t events_discarded; uint32_t cpu_id; uint32_t vtid;
  };
};
`;

/** One thread's ring, as a file that a consumer reads. */
export class SimulatedRing {
  readonly producer: RingProducer;
  readonly #memory: ArrayBuffer;
  readonly #fd: number;
  #timeNs = 1_000_000_000;

  constructor(
    path: string,
    number: number,
    geometry: RingGeometry,
    mode: RingMode,
    pid: number,
    tid: number,
  ) {
    this.#memory = new ArrayBuffer(ringSizeBytes(geometry));
    this.producer = new RingProducer(this.#memory, {
      ...geometry,
      mode,
      pid,
      tid,
      ringNumber: number,
      processStartTicks: 0n,
      threadStartTicks: 0n,
      uuid: new Uint8Array(16).fill(0xab),
      tier: 'mapped',
      streamClassId: 0,
      channelName: 'ch0',
      cpuId: () => 0,
      readClock: () => BigInt(this.#timeNs),
    });
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    this.sync();
  }

  /** Emits `t:number { value }`; false when it is lost or refused. */
  emit(value: number): boolean {
    this.#timeNs += 1000;
    this.producer.clock[0] = BigInt(this.#timeNs);
    const at = this.producer.begin(0, 4);
    if (at < 0) return false;
    this.producer.view.setUint32(at, value, true);
    this.producer.commit(at + 4);
    return true;
  }

  /** Brings file and memory together: the reader's words from the file, all else from memory. */
  sync(): void {
    for (const [from, to] of readerParts) {
      readSync(this.#fd, new Uint8Array(this.#memory, from, to - from), 0, to - from, from);
    }
    writeSync(this.#fd, new Uint8Array(this.#memory), 0, this.#memory.byteLength, 0);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** One process with its events and rings. */
export class SimulatedProgram {
  readonly directory: string;
  readonly pid: number;
  readonly #tid: number;

  /** @param alive whether the consumer shall find it running. */
  constructor(sessionPath: string, alive: boolean) {
    const { pid, startTicks } = ownIdentity();
    this.pid = pid;
    this.#tid = pid;
    this.directory = join(sessionPath, `${pid}-${alive ? startTicks : '1'}`);
    mkdirSync(join(this.directory, EVENTS_FOLDER), { recursive: true });
    mkdirSync(join(this.directory, RINGS_FOLDER));
    const description = {
      version: RUN_VERSION,
      pid,
      procname: 'simulated',
      uuid: 'abababab-abab-abab-abab-abababababab',
      startTicks,
      startedMs: Date.now(),
      header,
    };
    writeFileSync(join(this.directory, PROCESS_FILE), JSON.stringify(description));
    const event =
      'event { id = 0; name = "t:number"; stream_id = 0; fields := struct { uint32_t _value; }; };\n';
    writeFileSync(join(this.directory, EVENTS_FOLDER, '0'), event);
  }

  ring(number: number, geometry: RingGeometry, mode: RingMode): SimulatedRing {
    const path = join(this.directory, RINGS_FOLDER, `${number}.ring`);
    return new SimulatedRing(path, number, geometry, mode, this.pid, this.#tid);
  }
}
