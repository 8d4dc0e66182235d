/** What spans are: which events begin and end them, and by which values a beginning finds its end. */
import { SpoorError, closestName } from '@spoor/base';
import type { EventRule } from '../filter-utils-events/event-selection.ts';

/** A kind of spans. */
export interface SpanRule {
  /** Name of the events that tell of finished spans. */
  readonly name: string;
  readonly begin: EventRule;
  readonly end: EventRule;
  /**
   * References of the filter language whose values are equal in the events of a beginning and of its end, such as `irq` or
   * `$ctx.cpu_id`; `$thread` stands for the thread. What is a payload field of neither is looked for in the contexts.
   */
  readonly key?: readonly string[];
  /**
   * What the first `*` in the names of the two events stands for must be the same: `syscall_entry_read` is ended by
   * `syscall_exit_read`, not by `syscall_exit_write`.
   */
  readonly sameName?: boolean;
  /** References of the filter language, read of the beginning, else of the end. */
  readonly capture?: readonly string[];
  /** Spans of one key may lie in each other; else a second beginning takes the place of the first, which has lost its end. */
  readonly nested?: boolean;
  /** Gives up spans that are longer, in nanoseconds. */
  readonly timeoutNs?: number;
}

/** Kinds of spans that are known by name. */
export const spanPresets: Readonly<Record<string, readonly SpanRule[]>> = {
  syscalls: [
    {
      name: 'syscall',
      // These two never return.
      begin: { names: ['syscall_entry_*'], exclude: ['syscall_entry_exit', 'syscall_entry_exit_group'] },
      end: { names: ['syscall_exit_*'] },
      key: ['$thread'],
      sameName: true,
      capture: ['ret'],
    },
    // LTTng before 2.6.
    {
      name: 'syscall',
      begin: { names: ['sys_*', 'compat_sys_*'], exclude: ['sys_exit', 'sys_exit_group'] },
      end: { names: ['exit_syscall'] },
      key: ['$thread'],
      capture: ['ret'],
    },
  ],
  irqs: [
    {
      name: 'irq',
      begin: { names: ['irq_handler_entry'] },
      end: { names: ['irq_handler_exit'] },
      key: ['$ctx.cpu_id', 'irq'],
      capture: ['name', 'ret'],
    },
  ],
  softirqs: [
    {
      name: 'softirq',
      begin: { names: ['softirq_entry', 'irq_softirq_entry'] },
      end: { names: ['softirq_exit', 'irq_softirq_exit'] },
      key: ['$ctx.cpu_id', 'vec'],
    },
  ],
  block: [
    {
      name: 'block_request',
      begin: { names: ['block_rq_issue'] },
      end: { names: ['block_rq_complete'] },
      key: ['dev', 'sector'],
      capture: ['nr_sector', 'rwbs', 'comm'],
    },
  ],
  'begin-end': [
    {
      name: 'span',
      begin: { names: ['*_begin'] },
      end: { names: ['*_end'] },
      key: ['$thread', 'id'],
      sameName: true,
      nested: true,
    },
    {
      name: 'span',
      begin: { names: ['*_entry'], exclude: ['irq_handler_entry', '*softirq_entry'] },
      end: { names: ['*_exit'], exclude: ['irq_handler_exit', '*softirq_exit'] },
      key: ['$thread', 'id'],
      sameName: true,
      nested: true,
    },
  ],
};

/** The rules of presets. @throws SpoorError `spans/preset`. */
export function presetRules(names: readonly string[]): readonly SpanRule[] {
  return names.flatMap((name) => {
    const rules = Object.hasOwn(spanPresets, name) ? spanPresets[name] : undefined;
    if (rules !== undefined) return rules;
    const known = Object.keys(spanPresets);
    const close = closestName(name, new Set(known));
    throw new SpoorError('spans/preset', `there is no kind of spans ${JSON.stringify(name)}`, {
      hint: close === undefined ? `there are ${known.join(', ')}` : `did you mean ${close}?`,
    });
  });
}
