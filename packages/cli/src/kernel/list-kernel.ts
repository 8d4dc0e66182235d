// What `spoor list --kernel` shows: events and system calls of the running kernel, and what of its tracing works.
import {
  capabilityLine,
  describeEvents,
  describeSyscalls,
  kernelListText,
  type ListedKernelEvent,
} from '@spoor/kernel';
import { findTracefs, listEvents, probeCapabilities, readFormats } from '@spoor/kernel/node';
import type { VerbOutcome } from '../control/verb.ts';
import type { XmlElement } from '../lttng/xml.ts';

/** What of the list is wanted. */
export interface KernelListOptions {
  readonly syscall?: true | undefined;
  readonly fields?: true | undefined;
}

/** Lists events, or system calls. @throws SpoorError `kernel/no-tracefs`, `kernel/permission`. */
export function listKernel({ syscall, fields }: KernelListOptions): VerbOutcome {
  const root = findTracefs();
  if (syscall === true) {
    const formats = readFormats(root, { wants: (name) => name.startsWith('syscalls:') });
    const calls = describeSyscalls(formats, { layout: formats.layout });
    return {
      json: { syscalls: calls },
      text: kernelListText('System calls', calls, fields === true),
      mi: () => miOf(calls, fields === true),
    };
  }
  const formats = fields === true ? readFormats(root) : undefined;
  const context = formats === undefined ? undefined : { layout: formats.layout };
  const events = describeEvents(listEvents(root), formats, context);
  return {
    json: { events },
    text: kernelListText('Kernel events', events, fields === true),
    mi: () => miOf(events, fields === true),
  };
}

/** The arguments of system calls are always known; LTTng tells them with `--fields` only. */
async function miOf(events: readonly ListedKernelEvent[], hasFields: boolean): Promise<XmlElement> {
  const { kernelEventsElement } = await import('../lttng/mi-tracepoints.ts');
  return kernelEventsElement(
    hasFields ? events : events.map(({ name, type }): ListedKernelEvent => ({ name, type })),
  );
}

/** Tries what of the kernel's tracing works here. */
export function listFacilities(): VerbOutcome {
  const facilities = probeCapabilities();
  const lines = (available: boolean): string =>
    facilities
      .filter((one) => one.available === available)
      .map((one) => `      ${capabilityLine(one)}\n`)
      .join('');
  const text = `Here:\n-----\n${lines(true)}\nNot here:\n---------\n${lines(false)}`;
  return { json: { facilities }, text };
}
