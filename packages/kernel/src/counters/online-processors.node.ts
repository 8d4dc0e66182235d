/** Processors are switched off and on while a recording goes on: what was opened of one is dead when it comes back. */
import { readFileSync } from 'node:fs';

const onlinePath = '/sys/devices/system/cpu/online';

/** Numbers of a list as the kernel writes it: `0-3,8`; none for what is no such list. */
export function parseProcessorList(text: string): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const part of text.trim().split(',')) {
    const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    if (found === null) continue;
    const first = Number(found[1]);
    const last = Number(found[2] ?? first);
    for (let number = first; number <= last; number += 1) numbers.add(number);
  }
  return numbers;
}

/** What changed between two looks. */
export interface ProcessorChange {
  readonly on: readonly number[];
  readonly off: readonly number[];
}

/** Which processors are on. */
export class OnlineProcessors {
  private readonly path: string;
  private text: string;

  /** @param path of the list; for tests. */
  constructor(path: string = onlinePath) {
    this.path = path;
    this.text = this.read();
  }

  private read(): string {
    try {
      return readFileSync(this.path, 'latin1');
    } catch {
      // A kernel without hotplug, or a container that hides it.
      return '';
    }
  }

  /** What changed since the last look; undefined, mostly, where nothing did. */
  change(): ProcessorChange | undefined {
    const text = this.read();
    if (text === this.text) return undefined;
    const before = parseProcessorList(this.text);
    const now = parseProcessorList(text);
    this.text = text;
    return {
      on: [...now].filter((cpu) => !before.has(cpu)),
      off: [...before].filter((cpu) => !now.has(cpu)),
    };
  }
}
