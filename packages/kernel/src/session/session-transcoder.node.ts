/** What a channel of a session makes of pages: a transcoder, which the rings of a thread share. */
import { ControlGroups } from '../contexts/control-groups.node.ts';
import { finderFor, taskFinder } from '../contexts/fill-task-table.node.ts';
import { TaskTable, type Settler, type TaskFinder } from '../contexts/task-table.ts';
import type { KernelEventFormat } from '../formats/event-format.ts';
import { KernelFormats } from '../formats/kernel-formats.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import { MetAddresses } from '../symbols/met-addresses.ts';
import type { KernelTraceFacts } from '../transcode/kernel-trace-class.ts';
import type { TaskSelection } from '../transcode/record-filter.ts';
import { KernelTranscoder } from '../transcode/transcoder.ts';
import { filtersOfEvent, type KernelRule } from './session-rules.ts';
import type { FileLimits } from './stream-files.node.ts';

/** How pages of a channel become events; all of it can be sent to a thread. */
export interface SessionSinkData {
  /** Channel and number of the description: rings of one share their code. */
  readonly key: string;
  /** Files are named by it, `NAME_CPU`, and `NAME_CPU-N` from the second description on. */
  readonly channel: string;
  readonly fileSuffix: string;
  /** Of each processor's files; those of snapshots have none. */
  readonly limits: FileLimits;
  readonly streamClass: number;
  readonly formats: readonly KernelEventFormat[];
  /** The file `printk_formats`, where formats need it. */
  readonly printkFormats: string;
  /** `SYSTEM:NAME` of what is in the trace. */
  readonly wanted: readonly string[];
  readonly rules: readonly KernelRule[];
  readonly selections: readonly TaskSelection[];
  readonly contexts: readonly string[];
  readonly machine: string;
  /** Names of events that are not the kernel's, by `SYSTEM:NAME`. */
  readonly eventNames: ReadonlyMap<string, string>;
  /** Events of probes that read texts of system calls, `SYSTEM:NAME`. */
  readonly textEvents: readonly string[];
  readonly facts: KernelTraceFacts;
  /** Of the task table. */
  readonly tasks: SharedArrayBuffer;
  /** The table of addresses of call stacks, where there are any. */
  readonly metAddresses: SharedArrayBuffer | undefined;
}

/** Looks for tasks where contexts, filters or trackers are about them. */
function finderOf(
  { contexts, selections, rules }: SessionSinkData,
  wanted: ReadonlySet<string>,
): TaskFinder | undefined {
  const filters = rules.flatMap(({ filter }) => filter ?? []);
  if (selections.length > 0) return taskFinder(ControlGroups.askedFor(contexts, filters));
  return finderFor(contexts, filters, wanted);
}

/** The transcoder that a description asks for: the same in all threads. */
export function sessionTranscoder(
  data: SessionSinkData,
  layout: PageLayout,
  settle?: Settler,
): KernelTranscoder {
  const wanted = new Set(data.wanted);
  const { rules, selections } = data;
  return new KernelTranscoder(new KernelFormats(layout, data.formats, () => data.printkFormats), {
    naming: 'lttng',
    machine: data.machine,
    wants: (name) => wanted.has(name),
    eventNames: data.eventNames,
    textEvents: data.textEvents,
    contexts: data.contexts,
    facts: data.facts,
    ...(data.metAddresses === undefined ? {} : { metAddresses: new MetAddresses(data.metAddresses) }),
    tasks: new TaskTable(data.tasks, finderOf(data, wanted), undefined, settle),
    streamClass: data.streamClass,
    filter: {
      filtersOf: (event) => filtersOfEvent(rules, event),
      ...(selections.length === 0 ? {} : { tasks: selections }),
    },
  });
}

/** Transcoders of this thread, by their descriptions. */
const transcoders = new Map<string, { readonly transcoder: KernelTranscoder; users: number }>();

/** The transcoder of a description, which rings of this thread share. {@link giveBack} it. */
export function borrow(
  data: SessionSinkData,
  layout: PageLayout,
  settle: Settler | undefined,
): KernelTranscoder {
  const known = transcoders.get(data.key);
  if (known !== undefined) {
    known.users += 1;
    return known.transcoder;
  }
  const transcoder = sessionTranscoder(data, layout, settle);
  transcoder.warmUp();
  transcoders.set(data.key, { transcoder, users: 1 });
  return transcoder;
}

/** Nobody uses it any more, or others do. */
export function giveBack({ key }: SessionSinkData): void {
  const known = transcoders.get(key);
  if (known === undefined) return;
  known.users -= 1;
  if (known.users === 0) transcoders.delete(key);
}
