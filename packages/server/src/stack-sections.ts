// The call stacks of an event as the page shows them: names of calls, from the innermost on.
import { describeError } from '@spoor/base';
import {
  callStackNamesOf,
  stackReader,
  stacksOf,
  type EventClassInfo,
  type StackPlace,
} from '@spoor/components';
import type { FieldNode, FieldSection } from './protocol.ts';

const titles = { callstack_kernel: 'Calls in the kernel', callstack_user: 'Calls in the program' } as const;

/** One section a stack that has names; none for traces without any. */
export function stackSections(
  info: EventClassInfo,
  at: StackPlace,
  timeNs: number,
  baseNs: bigint,
): readonly FieldSection[] {
  const stacks = stacksOf(info.streamClass);
  if (stacks.length === 0) return [];
  const problems: FieldNode[] = [];
  const names = callStackNamesOf(info.trace, (error) => {
    problems.push({ name: 'names', text: describeError(error), members: undefined });
  });
  if (names === undefined) return [];
  if (problems.length > 0) return [{ title: 'Calls', fields: problems }];
  return stacks.flatMap((stack): FieldSection[] => {
    const calls = stackReader(info, stack, names, baseNs, false)(at, timeNs);
    if (calls.length === 0) return [];
    const fields = calls.map((text, index) => ({
      name: `[${index}]`,
      text: text === '' ? '(no name)' : text,
      members: undefined,
    }));
    return [{ title: titles[stack], fields }];
  });
}
