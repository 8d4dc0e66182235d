/** What bpftrace prints with `-f json`: an object a line, whose `type` says what it is. */

/** One line of it. */
export type BpftraceOutput =
  /** The program is at work. */
  | { readonly kind: 'attached'; readonly probeCount: number }
  /** Text of printf, cat, system, join, time. */
  | { readonly kind: 'text'; readonly text: string }
  /** Maps, histograms, statistics: the value is JSON. */
  | { readonly kind: 'map'; readonly map: string; readonly value: string }
  /** Of the program's own events, between the kernel and bpftrace. */
  | { readonly kind: 'lost'; readonly count: number }
  | { readonly kind: 'nothing' };

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;

const countOf = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;

/** Reads a line; what is no JSON is text that somebody else wrote there, and kept as such. */
export function parseBpftraceLine(line: string): BpftraceOutput {
  if (line.trim() === '') return { kind: 'nothing' };
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return { kind: 'text', text: line };
  }
  const message = objectOf(parsed);
  const type = message?.['type'];
  if (message === undefined || typeof type !== 'string') return { kind: 'text', text: line };
  const data = message['data'];
  const members = objectOf(data);
  switch (type) {
    case 'attached_probes':
      return { kind: 'attached', probeCount: countOf(members?.['probes']) };
    case 'lost_events':
      return { kind: 'lost', count: countOf(members?.['events']) };
    default: {
      if (typeof data === 'string') return { kind: 'text', text: data.replace(/\n$/, '') };
      const [first, ...others] = Object.entries(members ?? {});
      if (first?.[0].startsWith('@') === true && others.length === 0) {
        return { kind: 'map', map: first[0], value: JSON.stringify(first[1]) };
      }
      return { kind: 'map', map: '', value: JSON.stringify(data ?? null) };
    }
  }
}
