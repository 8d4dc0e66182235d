/**
 * Records of the kernel's log as /dev/kmsg hands them out, one a read: `PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,…];TEXT`, and a
 * line ` KEY=VALUE` for each entry of its dictionary. Documentation/ABI/testing/dev-kmsg.
 */

/** One record of the log. */
export interface LogRecord {
  /** 0 (emerg) to 7 (debug). */
  readonly level: number;
  /** 0 is the kernel itself, others are those of syslog(3): programs write to the log as well. */
  readonly facility: number;
  /** Counts up by 1 since the start of the machine: a gap is what was lost. */
  readonly sequence: number;
  /** Of the clock of the log, in microseconds. */
  readonly timeUs: number;
  /** `T` and the thread's number, or `C` and the processor's; empty where the kernel does not tell. */
  readonly caller: string;
  readonly text: string;
  /** Such as SUBSYSTEM and DEVICE. */
  readonly dictionary: readonly (readonly [key: string, value: string])[];
}

/** Names of levels, from the most severe one on. */
export const logLevels = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

/** Names of facilities, by their numbers; those without a name are not used. */
export const logFacilities: Readonly<Record<string, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};

const recordHead = /^(\d{1,10}),(\d{1,16}),(\d{1,16}),[^;\n]*?(?:,caller=([^,;\n]*))?(?:,[^;\n]*)?;/;

/** Bytes that the kernel has written as `\xHH`: all but printable ASCII, and the backslash. */
function unescaped(text: string): string {
  if (!text.includes('\\x')) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const digits = text[at] === '\\' ? /^x([0-9a-f]{2})/i.exec(text.slice(at + 1, at + 4))?.[1] : undefined;
    if (digits === undefined) {
      bytes.push(text.charCodeAt(at) & 0xff);
    } else {
      bytes.push(Number.parseInt(digits, 16));
      at += 3;
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** A NUL would end the text in a trace. */
const plain = (text: string): string => unescaped(text).replaceAll('\0', '␀');

/** Reads a record, given as ASCII; undefined where it is none. */
export function parseLogRecord(record: string): LogRecord | undefined {
  const head = recordHead.exec(record);
  if (head === null) return undefined;
  const [whole, priority = '', sequence = '', timeUs = '', caller = ''] = head;
  const [text = '', ...lines] = record.slice(whole.length).split('\n');
  const dictionary = lines.flatMap((line) => {
    const entry = /^ ([^=]*)=(.*)$/.exec(line);
    return entry === null ? [] : [[plain(entry[1]!), plain(entry[2]!)] as const];
  });
  return {
    level: Number(priority) & 7,
    facility: Math.floor(Number(priority) / 8) & 0xff,
    sequence: Number(sequence),
    timeUs: Number(timeUs),
    caller: plain(caller),
    text: plain(text),
    dictionary,
  };
}
