/** Stacks of all events, which are contexts, or of some, which are triggers. */
import { SpoorError } from '@spoor/base';
import { kernelContexts, stackKinds } from '../contexts/context-fields.ts';
import type { TracefsInstance } from '../tracefs/instance.node.ts';
import type { StackKind } from '../transcode/call-stacks.ts';
import type { KernelRecordingOptions } from './kernel-recording.node.ts';
import { selectEvents } from './select-events.ts';

type StackOptions = Pick<KernelRecordingOptions, 'contexts' | 'stackEvents'>;

/**
 * Adds the context that stacks of single events are in.
 * @throws SpoorError `kernel/stacks` where those of all events are wanted anyway.
 */
export function withStacks<T extends StackOptions>(options: T): T {
  const { contexts = [], stackEvents } = options;
  if (stackEvents === undefined) return options;
  if (stackKinds(kernelContexts(contexts)).includes('kernel')) {
    throw new SpoorError('kernel/stacks', 'the context callstack_kernel is of all events', {
      hint: 'name either the context or events',
    });
  }
  return { ...options, contexts: [...contexts, 'callstack_kernel'] };
}

/**
 * The events whose stacks are wanted; undefined for all.
 * @throws SpoorError `kernel/stacks` for names of events that are not recorded.
 */
export function stackedEvents(
  available: readonly string[],
  chosen: readonly string[],
  patterns: readonly string[] | undefined,
): readonly string[] | undefined {
  if (patterns === undefined) return undefined;
  const wanted = new Set(selectEvents(available, patterns));
  const found = chosen.filter((event) => wanted.has(event));
  if (found.length > 0) return found;
  throw new SpoorError(
    'kernel/stacks',
    `of ${patterns.join(', ')} nothing is recorded, so there are no stacks`,
    {
      hint: 'calls that are recorded all together have theirs all together: syscall_*',
    },
  );
}

/**
 * Has the kernel write stacks.
 * @param events whose stacks in the kernel are wanted; all where they are left out.
 * @throws SpoorError `kernel/no-stack`.
 */
export function writeStacks(
  instance: TracefsInstance,
  kinds: readonly StackKind[],
  events: readonly string[] | undefined,
): void {
  for (const kind of kinds) {
    if (kind === 'kernel' && events !== undefined) for (const event of events) instance.writeStackOf(event);
    else instance.writeStacks(kind, true);
  }
}
