/** What the kernel counts of interrupts and soft interrupts, processor by processor: /proc/interrupts and /proc/softirqs. */

/** One line of the tables: counts of one interrupt. */
export interface InterruptCounts {
  /** As the table has it: a number, or letters such as `LOC` and `TIMER`. */
  readonly label: string;
  /** Number of the interrupt; -1 for those that have letters. */
  readonly irq: number;
  /** Who handles it, or what it is; empty where the table does not tell. */
  readonly name: string;
  /** By processor, in the order of {@link CountTable.cpus}. Those of the whole machine are the first one's. */
  readonly counts: readonly number[];
}

/** A table. */
export interface CountTable {
  /** Numbers of the processors that are on. */
  readonly cpus: readonly number[];
  readonly rows: readonly InterruptCounts[];
}

/** Reads one of the two tables; lines that are none of it are passed over. */
export function parseCountTable(text: string): CountTable {
  const [head = '', ...lines] = text.split('\n');
  const cpus = Array.from(head.matchAll(/\bCPU(\d{1,5})\b/g), ([, digits]) => Number(digits));
  const rows = lines.flatMap((line): readonly InterruptCounts[] => {
    const parts = /^\s*([^\s:]+):\s*((?:\d+(?:\s+|$))+)(.*)$/.exec(line);
    if (parts === null) return [];
    const [, label = '', numbers = '', rest = ''] = parts;
    const all = numbers.trim().split(/\s+/);
    const counts = all.slice(0, cpus.length).map(Number);
    // A description may begin with a number.
    const words = [...all.slice(cpus.length), rest.trim()].join(' ').trim();
    const isNumber = /^\d+$/.test(label);
    return [
      {
        label,
        irq: isNumber ? Number(label) : -1,
        name: isNumber ? (words.split(/\s{2,}/).at(-1) ?? '') : words,
        counts,
      },
    ];
  });
  return { cpus, rows };
}
