/** Options of a `trace.dat` that say what times and the machine are. */
import { parseRingStatistics, lostOf } from '../tracefs/ring-statistics.ts';
import { chosenClock, identityOf } from './metadata.ts';

/** Numbers of options. */
export const optionIds = {
  done: 0,
  date: 1,
  cpuStat: 2,
  buffer: 3,
  traceClock: 4,
  uname: 5,
  offset: 7,
  traceId: 11,
  headerInfo: 16,
  ownEvents: 17,
  eventFormats: 18,
  kallsyms: 19,
  printk: 20,
  commands: 21,
} as const;

const decoder = new TextDecoder();
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes).split('\0', 1)[0] ?? '';

/** A number as strtoll reads it; 0 for what is none. */
function numberOf(text: string): bigint {
  const found = /^\s*([-+]?)(0[xX][\da-fA-F]+|\d+)/.exec(text);
  if (found === null) return 0n;
  const value = BigInt(found[2] ?? '0');
  return found[1] === '-' ? -value : value;
}

/** What options that are no places say, as they come. */
export class GeneralOptions {
  clock = 'local';
  uname = '';
  traceId: bigint | undefined;
  offsetNs = 0n;
  private readonly lost = new Map<string, number>();
  /** The instance that counts are of, until another is named. */
  private countedBuffer = '';

  /** Takes an option; those that are not known are passed over. */
  take(id: number, content: Uint8Array, littleEndian: boolean): void {
    switch (id) {
      case optionIds.date:
        // Microseconds that times lie behind the time of day.
        this.offsetNs += numberOf(textOf(content)) * 1000n;
        break;
      case optionIds.offset:
        this.offsetNs += numberOf(textOf(content));
        break;
      case optionIds.traceClock:
        this.clock = chosenClock(textOf(content));
        break;
      case optionIds.uname:
        this.uname = textOf(content);
        break;
      case optionIds.traceId:
        if (content.length >= 8) {
          this.traceId = new DataView(content.buffer, content.byteOffset).getBigUint64(0, littleEndian);
        }
        break;
      case optionIds.cpuStat: {
        const text = textOf(content);
        const cpu = /^CPU:\s*(\d+)/m.exec(text)?.[1];
        if (cpu === undefined) this.countedBuffer = /^Buffer:\s*(.*)$/m.exec(text)?.[1] ?? this.countedBuffer;
        else
          this.lost.set(
            `${this.countedBuffer}:${Number(cpu)}`,
            lostOf(parseRingStatistics(text, Number(cpu))),
          );
        break;
      }
      default:
        break;
    }
  }

  /** Events that a ring of an instance lost; undefined where the file does not tell. */
  lostOf(buffer: string, cpu: number): number | undefined {
    return this.lost.get(`${buffer}:${cpu}`);
  }

  get identity(): ReturnType<typeof identityOf> {
    return identityOf(this.uname);
  }

  /** From the id of the recording, which is a number of 64 bits. */
  uuidOf(index: number): string {
    const digits = (this.traceId ?? 0n).toString(16).padStart(16, '0');
    const place = index.toString(16).padStart(12, '0');
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12)}-0000-${place}`;
  }
}
