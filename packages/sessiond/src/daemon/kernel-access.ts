/** The daemon's own dealings with the kernel; all of it is loaded when it is needed first. */
import { readdirSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import type { KernelTracepoint, Methods, Session } from '@spoor/control';
import type { SessionRun } from './describe-session.ts';
import { describeKernel, hasKernel } from './describe-kernel.ts';

/** Where tracefs usually lists its instances. */
const usualInstances = '/sys/kernel/tracing/instances';

/**
 * Finds out whether a session can record what its model says of the kernel.
 * @param place of the session.
 * @throws SpoorError `kernel/…`, `filter/…`, `control/tracker`.
 */
export async function checkKernel(session: Session, run: SessionRun, place: string): Promise<void> {
  if (!hasKernel(session) && session.trackers.kernel.length === 0) return;
  const { checkKernelSession } = await import('@spoor/kernel/node');
  checkKernelSession(describeKernel(session, run, place), place);
}

/** @throws SpoorError `control/no-kernel-tracer` where this daemon may not trace the kernel. */
export async function requireKernel(): Promise<void> {
  const { findTracefs } = await import('@spoor/kernel/node');
  try {
    findTracefs();
  } catch (cause) {
    if (!(cause instanceof SpoorError)) throw cause;
    throw new SpoorError(
      'control/no-kernel-tracer',
      `this daemon cannot trace the kernel: ${cause.message}`,
      {
        where: cause.where,
        hint: cause.hint,
      },
    );
  }
}

/**
 * What there is to be recorded of the kernel, for those who may not look themselves.
 * @throws SpoorError `control/no-kernel-tracer`.
 */
export async function listKernel({
  syscalls = false,
  fields = false,
}: Methods['list-kernel-events']['params']): Promise<readonly KernelTracepoint[]> {
  await requireKernel();
  const { listKernelEvents } = await import('@spoor/kernel/node');
  return listKernelEvents({ syscalls, fields });
}

/** Removes from the kernel what sessions that are gone have left there. */
export async function sweepKernel(): Promise<void> {
  try {
    if (!readdirSync(usualInstances).some((name) => name.startsWith('spoor-session!'))) return;
    const { findTracefs, sweepSessions } = await import('@spoor/kernel/node');
    sweepSessions(findTracefs());
  } catch {
    // Who may not look there has nothing there.
  }
}
