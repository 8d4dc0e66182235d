/** The line of a record in the kernel's file `trace`. */
import type { KernelEventFormat } from '../formats/event-format.ts';
import { fieldOf, type PrintContext } from './evaluate.ts';
import { recordText } from './render.ts';
import type { RecordBytes } from './values.ts';

const bits = {
  irqsOff: 1,
  lazy: 2,
  resched: 4,
  hardIrq: 8,
  softIrq: 16,
  preemptResched: 32,
  nmi: 64,
  bhOff: 128,
};

/** By lazy + 2 * resched + 4 * preemptResched. */
const reschedLetters = '.lnbpLNB';

/** Five letters: interrupts off, rescheduling, in an interrupt, depth of preempt_disable, of migrate_disable. */
export function contextLetters(flags: number, preemptCount: number): string {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const off = has(bits.irqsOff) ? (has(bits.bhOff) ? 'D' : 'd') : has(bits.bhOff) ? 'b' : '.';
  const reschedule =
    (has(bits.lazy) ? 1 : 0) + (has(bits.resched) ? 2 : 0) + (has(bits.preemptResched) ? 4 : 0);
  const hard = has(bits.hardIrq);
  const soft = has(bits.softIrq);
  const where = has(bits.nmi) ? (hard ? 'Z' : 'z') : hard ? (soft ? 'H' : 'h') : soft ? 's' : '.';
  const depth = (nibble: number): string => (nibble === 0 ? '.' : nibble.toString(16));
  return (
    off + (reschedLetters[reschedule] ?? '.') + where + depth(preemptCount & 15) + depth(preemptCount >> 4)
  );
}

/** Nanoseconds as seconds with microseconds, rounded as the kernel does. */
export function secondsText(timeNs: bigint): string {
  const microseconds = (timeNs + 500n) / 1000n;
  const fraction = String(microseconds % 1_000_000n).padStart(6, '0');
  return `${String(microseconds / 1_000_000n).padStart(5)}.${fraction}`;
}

/** Names of threads by their numbers: `saved_cmdlines`. */
export function parseCommands(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>([[0, '<idle>']]);
  for (const [, tid = '', name = ''] of text.matchAll(/^(\d+) (.*)$/gm)) names.set(Number(tid), name);
  return names;
}

/** One line, or several where the event is a stack. */
export function traceLine(
  format: KernelEventFormat,
  record: RecordBytes,
  place: { readonly cpu: number; readonly timeNs: bigint; readonly commands: ReadonlyMap<number, string> },
  context: PrintContext,
): string {
  const at = (name: string): number => record.at + (fieldOf(format, name)?.offsetBytes ?? 0);
  const tid = record.view.getInt32(at('common_pid'), record.littleEndian);
  const letters = contextLetters(
    record.view.getUint8(at('common_flags')),
    record.view.getUint8(at('common_preempt_count')),
  );
  const name = (place.commands.get(tid) ?? '<...>').padStart(16);
  const cpu = String(place.cpu).padStart(3, '0');
  return `${name}-${String(tid).padEnd(7)} [${cpu}] ${letters} ${secondsText(place.timeNs)}: ${recordText(format, record, context)}`;
}
