/**
 * Lines of text that the kernel makes of its rings: those of tracefs' `trace` and `trace_pipe`, and of the dump that it
 * writes to the console when it dies (`ftrace_dump_on_oops`), which is in the form of its latency tracers and may have the
 * console's own time before it. Documentation/trace/ftrace.rst.
 */

/** An event, as its line tells. */
export interface TextEvent {
  /** As the line has it: up to 15 bytes of the thread's name, in a dump up to 8; `<...>` where it was not known. */
  readonly comm: string;
  readonly tid: number;
  readonly cpu: number;
  /** Letters for interrupts, rescheduling and so on: `d..2.`. */
  readonly flags: string;
  /** Of the trace's clock: in a dump since its rings were made. */
  readonly timeNs: bigint;
  readonly name: string;
  /** What the event's print format made of its fields. */
  readonly text: string;
}

/** A line that tells of lost events. */
export interface TextLoss {
  readonly cpu: number;
  /** Undefined where the kernel could not tell. */
  readonly count: number | undefined;
}

/** `<4>[   12.345678] [  T123]`: what the console puts before a line. */
const consoleHead = /^(?:<\d+>)?\[\s*\d+\.\d{6}\](?:\s*\[\s*[TC]\d+\])?\s?/;

/** `trace`: NAME-TID (TGID) [CPU] FLAGS SECONDS.FRACTION: EVENT: TEXT. */
const traceLine =
  /^\s*(.+)-(\d{1,7})\s+(?:\(\s*(?:\d+|-+)\)\s*)?\[(\d{1,4})\]\s+([^\s\d]\S{2,8})?\s*(\d{1,9})\.(\d{6,9}): (\S+?):(?: (.*))?$/;

/** A dump: NAME-TID CPUFLAGS MICROSECONDSus : EVENT: TEXT. */
const dumpLine =
  /^\s*(.+)-(\d{1,7})\s+(\d{1,4})([^\s\d]\S{2,8})\s+(\d{1,15})us[ +!#*@$]?: (\S+?):(?: (.*))?$/;

const lossLine = /^\s*CPU:\s*(\d{1,4}) \[LOST (?:(\d{1,15}) )?EVENTS\]$/;

/** Lines that say something else than an event: heads, rules, the announcement of a dump. */
const otherLine =
  /^\s*(?:#.*|-{5,}|\(ftrace buffer empty\)|Dumping ftrace buffer:|.*\bbuffer \d+ started.*|)$/;

const nanosecondsOf = (seconds: string, fraction: string): bigint =>
  BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));

/** What a line is; `other` has nothing to tell, `unknown` is no line of such a text. */
export type ParsedTraceLine =
  | { readonly kind: 'event'; readonly event: TextEvent }
  | { readonly kind: 'loss'; readonly loss: TextLoss }
  | { readonly kind: 'other' | 'unknown' };

/** Takes a line apart; it may have the console's time before it. */
export function parseTraceLine(line: string): ParsedTraceLine {
  const whole = line.trimEnd();
  const bare = whole.replace(consoleHead, '');
  const traced = traceLine.exec(whole);
  if (traced !== null) {
    const [, comm = '', tid, cpu, flags = '', seconds = '0', fraction = '0', name = '', text = ''] = traced;
    const timeNs = nanosecondsOf(seconds, fraction);
    return { kind: 'event', event: { comm, tid: Number(tid), cpu: Number(cpu), flags, timeNs, name, text } };
  }
  const dumped = dumpLine.exec(bare);
  if (dumped !== null) {
    const [, comm = '', tid, cpu, flags = '', microseconds = '0', name = '', text = ''] = dumped;
    const timeNs = BigInt(microseconds) * 1000n;
    return { kind: 'event', event: { comm, tid: Number(tid), cpu: Number(cpu), flags, timeNs, name, text } };
  }
  const lost = lossLine.exec(bare);
  if (lost !== null) {
    const [, cpu, count] = lost;
    return {
      kind: 'loss',
      loss: { cpu: Number(cpu), count: count === undefined ? undefined : Number(count) },
    };
  }
  return { kind: otherLine.test(bare) ? 'other' : 'unknown' };
}
