/** What LTTng's XML calls things: enumerations of its machine interface and of its session files. */
import type { Domain, EventRule, TrackedAttribute } from '@spoor/control';
import { threadCounterId, threadCounterNames } from '@spoor/sys';

export const DOMAIN_TYPES: Readonly<Record<Domain, string>> = { kernel: 'KERNEL', user: 'UST' };

/** Our ring buffers are of a process and thread; those of the kernel of the whole system. */
export const BUFFER_TYPES: Readonly<Record<Domain, string>> = { kernel: 'GLOBAL', user: 'PER_PID' };

/** Attributes of processes in the order of LTTng's documents; it has none of control groups. */
export const LTTNG_ATTRIBUTES: readonly TrackedAttribute[] = ['pid', 'vpid', 'uid', 'vuid', 'gid', 'vgid'];

/** What the machine interface calls the kind of a recording event rule. */
export function eventType(rule: EventRule): string {
  switch (rule.kind) {
    case 'user-tracepoint':
    case 'kernel-tracepoint':
      return 'TRACEPOINT';
    case 'kernel-syscall':
      return 'SYSCALL';
    case 'kernel-kprobe':
      return 'PROBE';
    case 'kernel-function':
      return 'FUNCTION';
    case 'kernel-uprobe':
      return 'USERSPACE_PROBE';
    default:
      return rule satisfies never;
  }
}

/** A place in the kernel: an address, or a symbol with an offset. */
export type KernelPlace = { readonly address: string } | { readonly symbol: string; readonly offset: number };

/** Reads `SYMBOL`, `SYMBOL+OFFSET` or an address, as lttng-enable-event(1) writes them. */
export function kernelPlace(location: string): KernelPlace {
  if (/^(?:0x[0-9a-f]+|\d+)$/i.test(location)) return { address: BigInt(location).toString() };
  const [, symbol = location, offset = '0'] = /^(.*)\+(0x[0-9a-f]+|\d+)$/i.exec(location) ?? [];
  return { symbol, offset: Number(offset) };
}

/** Contexts that LTTng has a type of, whatever domain they are of. */
const typedContexts: ReadonlySet<string> = new Set(
  (
    'pid procname prio nice vpid tid vtid ppid vppid pthread_id hostname ip interruptible preemptible ' +
    'need_reschedule migratable callstack-user callstack-kernel cgroup_ns ipc_ns mnt_ns net_ns pid_ns time_ns ' +
    'user_ns uts_ns uid euid suid gid egid sgid vuid veuid vsuid vgid vegid vsgid'
  ).split(' '),
);

/** A context field as LTTng's XML has it. */
export type LttngContext =
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'perf'; readonly type: number; readonly config: number; readonly name: string }
  | { readonly kind: 'app'; readonly provider: string; readonly name: string };

/** What LTTng's XML has for a context field; undefined for one that LTTng has not. */
export function lttngContext(name: string): LttngContext | undefined {
  const perf = /^perf:(cpu|thread):(.+)$/.exec(name);
  if (perf !== null) {
    const [, owner = '', counter = ''] = perf;
    const id = threadCounterId(counter);
    return id && { kind: 'perf', ...id, name: `perf_${owner}_${counter.replaceAll('-', '_')}` };
  }
  const app = /^\$app\.([^:]+):(.+)$/.exec(name);
  if (app !== null) return { kind: 'app', provider: app[1]!, name: app[2]! };
  if (!typedContexts.has(name)) return undefined;
  return { kind: 'type', type: name.toUpperCase().replaceAll('-', '_') };
}

/** The name of a context field that LTTng's XML has; undefined for one that we know nothing of. */
export function contextName(context: LttngContext): string | undefined {
  switch (context.kind) {
    case 'type': {
      const name = context.type.toLowerCase();
      const dashed = name.replace('callstack_', 'callstack-');
      return typedContexts.has(dashed) ? dashed : undefined;
    }
    case 'perf': {
      const [, owner = '', counter = ''] = /^perf_(cpu|thread)_(.+)$/.exec(context.name) ?? [];
      const named = threadCounterNames.find((name) => name.replaceAll('-', '_') === counter);
      return named === undefined ? undefined : `perf:${owner}:${named}`;
    }
    case 'app':
      return `$app.${context.provider}:${context.name}`;
    default:
      return context satisfies never;
  }
}
