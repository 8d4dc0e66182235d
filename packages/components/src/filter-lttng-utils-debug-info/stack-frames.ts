/** Names of the call stacks of kernel events, as the trace has them beside its events. */
import type { FieldValue, StreamClass } from '@spoor/ctf';
import type { CallStackNames } from '@spoor/kernel';
import { clockOffsetNs } from '../source-ctf-fs/clock.ts';
import type { EventClassInfo } from '../source-ctf-fs/trace-info.ts';
import { bigOf } from './process-map.ts';

/** Contexts that are stacks. */
const stackNames = ['callstack_kernel', 'callstack_user'] as const;
export type StackName = (typeof stackNames)[number];

/** The stacks that events of a class have. Those of programs have names where their thread is told. */
export function stacksOf({ eventCommonContext }: StreamClass): readonly StackName[] {
  const members = new Map(eventCommonContext?.members.map(({ name, fieldClass }) => [name, fieldClass]));
  return stackNames.filter((name) => {
    const fieldClass = members.get(name);
    return (
      fieldClass?.kind === 'dynamic-array' &&
      fieldClass.element.kind === 'integer' &&
      (name === 'callstack_kernel' || members.get('tid')?.kind === 'integer')
    );
  });
}

/** Where an event is: bytes and view of its packet, its first bit there, and what the packet's fields have noted. */
export type StackPlace = readonly [
  bytes: Uint8Array,
  view: DataView,
  offsetBits: number,
  externals: Float64Array,
  ...others: readonly unknown[],
];

/** Reads the names of a stack of an event at a time after the flow's base; from the innermost call on. */
export type StackReader = (at: StackPlace, timeNs: number) => readonly string[];

/**
 * What reads the names of a stack of the events of a class.
 * @param baseNs of the flow.
 * @param fullPath writes whole paths.
 */
export function stackReader(
  { streamClass, decoder, localIndex }: Pick<EventClassInfo, 'streamClass' | 'decoder' | 'localIndex'>,
  stack: StackName,
  names: CallStackNames,
  baseNs: bigint,
  fullPath: boolean,
): StackReader {
  const context = (member: string): ((at: StackPlace) => FieldValue | undefined) => {
    const accessor = decoder.accessor(localIndex, 'event-common-context', member);
    return ([bytes, view, offsetBits, externals]) => accessor(bytes, view, offsetBits, externals);
  };
  const read = context(stack);
  const addresses = (at: StackPlace): readonly bigint[] => {
    const value = read(at);
    return Array.isArray(value) ? value.map((address: FieldValue) => BigInt.asUintN(64, bigOf(address))) : [];
  };
  if (stack === 'callstack_kernel') return (at) => addresses(at).map((one) => names.kernelText(one));
  const tid = context('tid');
  const { clockClass } = streamClass;
  // Names are of times of the clock itself.
  const originNs = clockClass === undefined ? 0 : Number(baseNs - clockOffsetNs(clockClass));
  return (at, timeNs) => {
    const thread = Number(bigOf(tid(at)));
    return addresses(at).map((one) => names.userText(thread, originNs + timeNs, one, fullPath));
  };
}
