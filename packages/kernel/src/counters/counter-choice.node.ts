/** Which counters a recording has, as a user says it. */
import { closestName, SpoorError } from '@spoor/base';
import { threadCounterId, threadCounterNames } from '@spoor/sys';

/** What is counted while a recording goes on. */
export interface CounterChoice {
  /** Names of counters of perf_event_open(2), each once. */
  readonly perf: readonly string[];
  readonly interrupts: boolean;
  readonly softirqs: boolean;
  /** Between two looks at them. */
  readonly intervalMs: number;
}

const software = [
  'task-clock',
  'context-switches',
  'cpu-migrations',
  'minor-faults',
  'major-faults',
] as const;

const hardware = [
  'cpu-cycles',
  'instructions',
  'cache-references',
  'cache-misses',
  'branch-instructions',
  'branch-misses',
] as const;

const tables = ['interrupts', 'softirqs'] as const;

/** Words that stand for several. */
const groups: Readonly<Record<string, readonly string[]>> = {
  default: [...software, ...tables],
  software,
  hardware,
  all: [...software, ...hardware, ...tables],
};

/** Words that a choice may have. */
const counterWords: readonly string[] = [...Object.keys(groups), ...tables, ...threadCounterNames];

/** Whether it is the processor that counts, and not the kernel. */
export const isHardwareCounter = (name: string): boolean => threadCounterId(name)?.type !== 1;

/**
 * Reads a choice.
 * @throws SpoorError `kernel/counter` for a word that names nothing.
 */
export function readCounterChoice(words: readonly string[], intervalMs: number): CounterChoice {
  const names = new Set(
    words.flatMap((word) => {
      if (Object.hasOwn(groups, word)) return groups[word]!;
      if (counterWords.includes(word)) return [word];
      const near = closestName(word, counterWords);
      throw new SpoorError('kernel/counter', `there is no counter ${JSON.stringify(word)}`, {
        hint: near === undefined ? `there are ${counterWords.join(', ')}` : `did you mean ${near}?`,
      });
    }),
  );
  return {
    perf: [...names].filter((name) => threadCounterId(name) !== undefined),
    interrupts: names.has('interrupts'),
    softirqs: names.has('softirqs'),
    intervalMs,
  };
}
