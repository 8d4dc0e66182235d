// Events of this kernel have the fields and types that LTTng's own kernel tracer gave them: what it declared in a real trace
// (lttng-modules 2.10, Linux 4.11) beside what we declare for the running kernel.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMetadata, type FieldClass, type TraceClass } from '@spoor/ctf';
import { KernelTranscoder, kernelEnvironment } from '@spoor/kernel';
import { findTracefs, readFormats } from '@spoor/kernel/node';
import { beforeAll, expect, test } from 'vitest';
import { corpusNeeds, corpusTrace } from '../support/corpus.ts';
import { describeNeeding, tracefs } from '../support/needs.ts';

/** Types of fields by their names; enumerations are as their numbers are. */
type Fields = ReadonlyMap<string, string>;

function typeOf(fieldClass: FieldClass): string {
  if (fieldClass.kind === 'integer') return `${fieldClass.signed ? 's' : 'u'}${fieldClass.lengthBits}`;
  if (fieldClass.kind === 'static-array') return `${typeOf(fieldClass.element)}[${fieldClass.length}]`;
  if (fieldClass.kind === 'dynamic-array') return `${typeOf(fieldClass.element)}[]`;
  return fieldClass.kind;
}

function eventsOf({ streamClasses }: TraceClass): ReadonlyMap<string, Fields> {
  return new Map(
    streamClasses.flatMap(({ eventClasses }) =>
      eventClasses.map(({ name, payload }): [string, Fields] => [
        name,
        new Map((payload?.members ?? []).map((member) => [member.name, typeOf(member.fieldClass)])),
      ]),
    ),
  );
}

/** What is not as in the real trace, and why. A star stands for the rest of a name. */
const differences: readonly (readonly [fields: RegExp, why: string])[] = [
  [/^kmem_mm_page_.*\.page$/, 'records have the frame number alone'],
  [/^net_.*\.network_header(_type)?$/, 'records have no headers of packets'],
  [/^block_rq_.*\.(_cmd_length|cmd)$/, 'records have the command as text'],
  [/^block_rq_(complete|requeue)\.errors$/, 'kernels from 4.15 on have `error` in its place'],
  [/^sched_stat_runtime\.vruntime$/, 'kernels from 6.8 on have it no more'],
  [/^kmem_mm_page_free_batched\.cold$/, 'kernels from 4.15 on have it no more'],
  [/^timer_itimer_state\.(value|interval)_usec$/, 'kernels from 5.5 on have nanoseconds'],
];

/** Families of events that analyses read. */
const families = /^(?:sched|irq|timer|power|signal|block|net|kmem|x86_irq_vectors|x86_exceptions|module)_/;

describeNeeding(
  [tracefs(), ...corpusNeeds('tracecompass')],
  "events of this kernel beside those of LTTng's kernel tracer",
  () => {
    let ours: ReadonlyMap<string, Fields>;
    let theirs: ReadonlyMap<string, Fields>;
    let both: readonly string[];

    beforeAll(() => {
      const identity = { hostname: 'h', kernelRelease: '6.0', kernelVersion: '#1', machine: 'x86_64' };
      const { traceClass } = new KernelTranscoder(readFormats(findTracefs()), {
        naming: 'lttng',
        machine: 'x86_64',
        facts: {
          uuid: '6f180b0c-b242-c148-ab44-6cbf960a58b2',
          clockOffsetNs: 0n,
          environment: kernelEnvironment(identity),
        },
      });
      ours = eventsOf(traceClass);
      const folder = corpusTrace({ family: 'tracecompass', trace: 'uneven-streams' });
      theirs = eventsOf(readMetadata(readFileSync(join(folder, 'metadata'))));
      both = [...theirs.keys()].filter((name) => ours.has(name));
    }, 120_000);

    test('have the same fields, of the same types', () => {
      const common = both.filter((name) => families.test(name));
      expect(common.length).toBeGreaterThan(50);
      const found: string[] = [];
      for (const name of common) {
        for (const [field, type] of theirs.get(name)!) {
          const own = ours.get(name)!.get(field);
          if (own === type || differences.some(([fields]) => fields.test(`${name}.${field}`))) continue;
          found.push(`${name}.${field}: ${own ?? 'missing'}, not ${type}`);
        }
      }
      expect(found).toEqual([]);
    });

    test('system calls have the same results and numbers; texts and structures are addresses', () => {
      const common = both.filter((name) => name.startsWith('syscall_'));
      expect(common.length).toBeGreaterThan(400);
      const found: string[] = [];
      for (const name of common) {
        for (const [field, type] of theirs.get(name)!) {
          const own = ours.get(name)!.get(field);
          // What the call writes and what lies in structures of the program is not in records.
          if (own === undefined && field !== 'ret') continue;
          const isAddress = own === 'u64' && !/^[su](?:8|16|32|64)$/.test(type);
          if (own === type || isAddress || changedNumbers.has(`${name}.${field}`)) continue;
          found.push(`${name}.${field}: ${own ?? 'missing'}, not ${type}`);
        }
      }
      expect(found).toEqual([]);
    });

    test('those that analyses of processors and processes need are there', () => {
      expect(both).toEqual(
        expect.arrayContaining([
          'sched_switch',
          'sched_wakeup',
          'sched_waking',
          'sched_wakeup_new',
          'sched_migrate_task',
          'sched_pi_setprio',
          'sched_process_fork',
          'sched_process_exec',
          'sched_process_exit',
          'sched_process_free',
          'irq_handler_entry',
          'irq_handler_exit',
          'irq_softirq_raise',
          'irq_softirq_entry',
          'irq_softirq_exit',
          'timer_hrtimer_start',
          'timer_hrtimer_expire_entry',
          'timer_hrtimer_expire_exit',
          'block_rq_issue',
          'block_rq_complete',
          'net_dev_queue',
          'net_if_receive_skb',
          'power_cpu_frequency',
          'signal_generate',
          'syscall_entry_openat',
          'syscall_exit_openat',
        ]),
      );
    });
  },
);

/** Numbers whose types the kernel, or LTTng for newer kernels, has changed since. */
const changedNumbers: ReadonlySet<string> = new Set([
  // The length of an address, of which the kernel is given the place.
  'syscall_entry_accept.upeer_addrlen',
  'syscall_entry_accept4.upeer_addrlen',
  'syscall_entry_clone.clone_flags',
  'syscall_entry_ftruncate.length',
  'syscall_entry_mprotect.prot',
  // Calls that this kernel may not have are told by six numbers.
  'syscall_entry_sysctl.args',
]);
