// What `spoor list --kernel` shows: events and system calls of the running kernel, and what of its tracing works.
import { SpoorError } from '@spoor/base';
import { ControlClient, type KernelTracepoint } from '@spoor/control';
import { capabilityLine, kernelListText } from '@spoor/kernel';
import { listKernelEvents, probeCapabilities } from '@spoor/kernel/node';
import type { VerbOutcome } from '../control/verb.ts';
import type { XmlElement } from '../lttng/xml.ts';

/** What of the list is wanted. */
export interface KernelListOptions {
  readonly syscall?: true | undefined;
  readonly fields?: true | undefined;
}

/**
 * Lists events, or system calls: those that this user can see, else those that the session daemon tells, as root's does
 * members of its group.
 * @throws SpoorError `kernel/no-tracefs`, `kernel/permission`.
 */
export async function listKernel({ syscall, fields }: KernelListOptions): Promise<VerbOutcome> {
  const isOfCalls = syscall === true;
  const hasFields = fields === true;
  const events = await listedEvents(isOfCalls, hasFields);
  return {
    json: isOfCalls ? { syscalls: events } : { events },
    text: kernelListText(isOfCalls ? 'System calls' : 'Kernel events', events, hasFields),
    mi: () => miOf(events, hasFields),
  };
}

async function listedEvents(syscalls: boolean, fields: boolean): Promise<readonly KernelTracepoint[]> {
  try {
    return await listKernelEvents({ syscalls, fields });
  } catch (error) {
    if ((process.getuid?.() ?? 0) === 0) throw error;
    let client: ControlClient;
    try {
      client = await ControlClient.connect({ client: `spoor ${process.pid}` });
    } catch {
      throw error;
    }
    using connected = client;
    try {
      return (await connected.call('list-kernel-events', { syscalls, fields })).events;
    } catch (refusal) {
      // A daemon of this user's own sees no more than they do.
      throw refusal instanceof SpoorError && refusal.code === 'control/no-kernel-tracer' ? error : refusal;
    }
  }
}

/** The arguments of system calls are always known; LTTng tells them with `--fields` only. */
async function miOf(events: readonly KernelTracepoint[], hasFields: boolean): Promise<XmlElement> {
  const { kernelEventsElement } = await import('../lttng/mi-tracepoints.ts');
  return kernelEventsElement(
    hasFields ? events : events.map(({ name, type }): KernelTracepoint => ({ name, type })),
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
