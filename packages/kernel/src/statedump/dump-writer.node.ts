/**
 * Writes the events of a state dump field by field into packets. There are some thousand of a dozen classes: code that is made
 * for each class, and optimised, costs more than it writes. Guarded by bench/kernel-statedump.ts.
 */
import { SpoorError } from '@spoor/base';
import type { FieldClass, StreamWriter } from '@spoor/ctf';

/** Values of an event by the names of its members. */
export type DumpPayload = Readonly<Record<string, number | bigint | string>>;

/** How a member is written. */
type How = 'u8' | 'u16' | 'u32' | 'u32be' | 'u64' | 'text' | 'string';

interface Member {
  readonly name: string;
  readonly how: How;
  /** Its size, or that of the NUL behind a string. */
  readonly sizeBytes: number;
}

/** The members of a class. */
interface Layout {
  readonly classIndex: number;
  readonly members: readonly Member[];
  /** Strings' characters left out. */
  readonly sizeBytes: number;
  readonly strings: readonly string[];
}

const hows: ReadonlyMap<number, How> = new Map([
  [8, 'u8'],
  [16, 'u16'],
  [32, 'u32'],
  [64, 'u64'],
]);

function memberOf(name: string, fieldClass: FieldClass): Member | undefined {
  if (fieldClass.kind === 'string') return { name, how: 'string', sizeBytes: 1 };
  if (fieldClass.kind === 'static-array') return { name, how: 'text', sizeBytes: fieldClass.length };
  if (fieldClass.kind !== 'integer') return undefined;
  const { lengthBits, byteOrder } = fieldClass;
  const how = byteOrder === 'le' ? hows.get(lengthBits) : lengthBits === 32 ? 'u32be' : undefined;
  return how && { name, how, sizeBytes: lengthBits / 8 };
}

/** Writes events whose members are whole bytes: integers, text of a fixed size, strings in UTF-8. */
export class DumpWriter {
  private readonly stream: StreamWriter;
  private readonly layouts = new Map<string, Layout>();
  private view: DataView;
  private bytes: Buffer;

  /** @throws SpoorError `kernel/dump-layout` for a class with a member of another kind. */
  constructor(stream: StreamWriter, names: Iterable<string>) {
    this.stream = stream;
    this.view = stream.packetView;
    this.bytes = bytesOf(this.view);
    const { eventClasses } = stream.streamClass;
    for (const name of names) {
      const classIndex = eventClasses.findIndex((eventClass) => eventClass.name === name);
      const members = (eventClasses[classIndex]?.payload?.members ?? []).map((member) => {
        const found = memberOf(member.name, member.fieldClass);
        if (found !== undefined) return found;
        throw new SpoorError(
          'kernel/dump-layout',
          `${name}.${member.name} is of no kind that a state dump has`,
        );
      });
      this.layouts.set(name, {
        classIndex,
        members,
        sizeBytes: members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        strings: members.filter(({ how }) => how === 'string').map((member) => member.name),
      });
    }
  }

  /**
   * Adds an event.
   * @param timeNs not less than that of the event before.
   * @param payload all its members; of numbers the low bits are written, strings end at a NUL.
   */
  write(name: string, timeNs: bigint, payload: DumpPayload): void {
    const { stream } = this;
    const { classIndex, members, sizeBytes, strings } = this.layouts.get(name)!;
    let mostBytes = sizeBytes;
    // A character of UTF-16 becomes three bytes at most.
    for (let index = 0; index < strings.length; index++) {
      mostBytes += (payload[strings[index]!] as string).length * 3;
    }
    let at = stream.reserve(classIndex, timeNs, mostBytes);
    const view = stream.packetView;
    if (view !== this.view) {
      this.view = view;
      this.bytes = bytesOf(view);
    }
    for (let index = 0; index < members.length; index++) {
      const member = members[index]!;
      at = this.put(member, at, payload[member.name]!);
    }
    stream.commit(at);
  }

  /** @returns the place behind it. */
  private put({ how, sizeBytes }: Member, at: number, value: number | bigint | string): number {
    const { view } = this;
    switch (how) {
      case 'u32':
        view.setUint32(at, value as number, true);
        break;
      case 'u64':
        if (typeof value === 'bigint') view.setBigUint64(at, value, true);
        else {
          view.setUint32(at, value as number, true);
          view.setUint32(at + 4, Math.floor((value as number) / 0x1_0000_0000), true);
        }
        break;
      case 'string':
        return this.putString(at, value as string);
      case 'text':
        return this.putText(at, sizeBytes, value as string);
      case 'u16':
        view.setUint16(at, value as number, true);
        break;
      case 'u8':
        view.setUint8(at, value as number);
        break;
      case 'u32be':
        view.setUint32(at, value as number, false);
        break;
      default: {
        const never: never = how;
        throw new TypeError(String(never));
      }
    }
    return at + sizeBytes;
  }

  private putString(at: number, text: string): number {
    const nul = text.indexOf('\0');
    const end = at + this.bytes.write(nul < 0 ? text : text.slice(0, nul), at);
    this.bytes[end] = 0;
    return end + 1;
  }

  /** What does not fit is left out, not within a character. */
  private putText(at: number, sizeBytes: number, text: string): number {
    const end = at + sizeBytes;
    this.bytes.fill(0, at + this.bytes.write(text, at, sizeBytes), end);
    return end;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
