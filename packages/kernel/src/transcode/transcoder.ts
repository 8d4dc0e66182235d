/** Pages of the kernel's ring buffer become packets of a CTF trace. */
import { SpoorError } from '@spoor/base';
import { canCompile, compileFunction, type TraceClass } from '@spoor/ctf';
import { kernelContexts, stackKinds, type ContextField } from '../contexts/context-fields.ts';
import { RunningTasks, switchEvent } from '../contexts/running-tasks.ts';
import { mostTasks } from '../contexts/task-row.ts';
import { TaskTable } from '../contexts/task-table.ts';
import type { KernelFormats } from '../formats/kernel-formats.ts';
import { tableEvents } from '../live/select-events.ts';
import type { MappedEvent } from '../mapping/event-mapping.ts';
import { mapEvents, type MappingOptions } from '../mapping/map-events.ts';
import type { MetAddresses } from '../symbols/met-addresses.ts';
import { CallStacks } from './call-stacks.ts';
import { CallTexts } from './call-texts.ts';
import type { RecordKnowledge } from './record-knowledge.ts';
import type { StackTypes } from './stack-joiner.ts';
import { emitTranscoder, type PageWalk } from './emit-transcoder.ts';
import { kernelTraceClass, type KernelTraceFacts, type PlainEvent } from './kernel-trace-class.ts';
import { recordPredicate, type RecordFilter } from './record-filter.ts';
import { PageStream, type PageStreamOptions } from './page-stream.ts';
import { fixedBytesOf, makeTranscodePlan, openFieldsOf, type TranscodePlan } from './transcode-plan.ts';
import { walkByPlan } from './interpret-transcode.ts';
import { sampleWords, warmUp } from './warm-up.ts';
import { LateContexts } from './late-contexts.ts';
import { WasmWalk } from './wasm/wasm-walk.ts';

/** What a transcoder makes, and of what. */
export interface TranscoderOptions extends MappingOptions {
  readonly facts: KernelTraceFacts;
  /** Names of context fields that each event gets; none by default. */
  readonly contexts?: readonly string[];
  /** Is told of every address of call stacks. */
  readonly metAddresses?: MetAddresses;
  /** What is known of tasks; an empty table by default. */
  readonly tasks?: TaskTable;
  /** Number of the stream class; 0 by default, and anything but 1. */
  readonly streamClass?: number;
  /** Which records become events, of those that could; all by default. */
  readonly filter?: RecordFilter;
  /** Events that do not come from pages, such as those of the state dump: a stream class of their own, number 1. */
  readonly moreEvents?: readonly PlainEvent[];
  /** False interprets the plan in place of making code of it: slow, for where code may not be made from text. */
  readonly compile?: boolean;
  /** False does without WebAssembly, which is made for events that are nothing but their records. */
  readonly wasm?: boolean;
}

/** V8 begins to note what it sees of a function after some calls. */
const sampleRounds = 16;

/** Types of the records of those stacks that contexts ask for. */
function stackTypesOf(formats: KernelFormats, contexts: readonly ContextField[]): Partial<StackTypes> {
  return Object.fromEntries(
    stackKinds(contexts).map((kind) => [kind, formats.ofName(`ftrace:${kind}_stack`)?.id ?? -1]),
  );
}

/**
 * Makes events from records. One transcoder serves any number of streams (one a processor), one after the other; a
 * thread of its own makes its own, with the same options and a table in the same memory.
 */
export class KernelTranscoder {
  /** Stream class 0 has all events that there may be, by their ids. */
  readonly traceClass: TraceClass;
  readonly events: readonly MappedEvent[];
  readonly contexts: readonly ContextField[];
  readonly tasks: TaskTable;
  readonly plan: TranscodePlan;
  private readonly known: RecordKnowledge;
  private readonly stackTypes: StackTypes;
  private readonly trace: { readonly uuid: string; readonly streamClass: number };
  private readonly walk: PageWalk;
  private readonly wasm: WasmWalk | undefined;
  private readonly slackBytes: number;

  /** @throws SpoorError `kernel/machine` for a big-endian recording, `kernel/context`. */
  constructor(formats: KernelFormats, options: TranscoderOptions) {
    const { layout } = formats;
    if (!layout.littleEndian) {
      throw new SpoorError('kernel/machine', 'recordings of big-endian machines cannot be converted');
    }
    this.trace = { uuid: options.facts.uuid, streamClass: options.streamClass ?? 0 };
    this.contexts = kernelContexts(options.contexts ?? []);
    this.tasks = options.tasks ?? new TaskTable(mostTasks);
    this.known = {
      tasks: this.tasks,
      running: new RunningTasks(formats),
      texts: new CallTexts(),
      kernelTexts: formats.texts,
      stacks: new CallStacks(options.metAddresses),
      late: new LateContexts(this.contexts, this.tasks),
      belief: { isSuspended: false },
    };
    this.stackTypes = { kernel: -1, user: -1, ...stackTypesOf(formats, this.contexts) };
    const mapped = mapEvents(formats, options);
    const { wants = () => true } = options;
    const unwanted = [...tableEvents, switchEvent].filter((name) => !wants(name));
    const texts = (options.textEvents ?? []).flatMap((name): MappedEvent[] => {
      const format = formats.ofName(name);
      return format === undefined
        ? []
        : [{ name, fields: [], origin: { kind: 'event', format }, update: 'call-text' }];
    });
    const hidden = [
      ...mapEvents(formats, { ...options, wants: (name) => unwanted.includes(name) }),
      ...texts,
      ...stackKinds(this.contexts).flatMap((kind): MappedEvent[] => {
        const format = formats.ofName(`ftrace:${kind}_stack`);
        if (format === undefined) return [];
        return [
          { name: format.name, fields: [], origin: { kind: 'event', format }, update: `${kind}-stack` },
        ];
      }),
    ];
    this.events = mapped;
    const more = options.moreEvents ?? [];
    const typeOf = (name: string): number =>
      options.naming === 'lttng' && wants(name) ? (formats.ofName(name)?.id ?? -1) : -1;
    this.plan = makeTranscodePlan(layout, this.events, hidden, this.contexts, {
      entryType: typeOf('raw_syscalls:sys_enter'),
      exitType: typeOf('raw_syscalls:sys_exit'),
    });
    this.traceClass = kernelTraceClass(
      options.facts,
      this.events,
      this.plan.header,
      this.contexts,
      more,
      this.trace.streamClass,
    );
    const keep =
      options.filter === undefined
        ? undefined
        : recordPredicate(this.plan, this.events, options.filter, this.known);
    const largestField = Math.min(layout.subBufferBytes, 0x1_0000);
    this.slackBytes = fixedBytesOf(this.plan) + openFieldsOf(this.plan) * largestField;
    if (options.compile === false || !canCompile()) {
      this.walk = walkByPlan(this.plan, this.known, keep);
    } else {
      const make = compileFunction(
        'kernel',
        [],
        emitTranscoder(this.plan, this.known, keep),
      ) as () => PageWalk;
      this.walk = make();
      // Filters see records as JavaScript does.
      if (keep === undefined && options.wasm !== false)
        this.wasm = WasmWalk.of(this.plan, this.events.length);
    }
  }

  /** Makes the first events as cheap as those that follow; worth while where little time may be lost later. */
  warmUp(): void {
    const { belief } = this.known;
    belief.isSuspended = true;
    try {
      // WebAssembly needs none, and leaves few records to the other code: what is around it is parsed once.
      if (this.wasm === undefined) warmUp(this.plan, this.walk, this.slackBytes, this.events.length);
      else this.walkSample();
    } finally {
      belief.isSuspended = false;
    }
  }

  /** Has a stream that nobody reads take a page of all that may be in one, until V8 has noted what there is to see. */
  private walkSample(): void {
    const { layout } = this.plan;
    const words = sampleWords(this.plan);
    const lengthBytes = layout.dataOffsetBytes + words.byteLength;
    const output = { packet: () => undefined };
    const stream = this.stream({ cpu: 0, output, packetBytes: 4096, inputBytes: lengthBytes });
    const page = stream.input ?? new Uint8Array(lengthBytes);
    const view = new DataView(page.buffer, page.byteOffset, lengthBytes);
    view.setUint32(layout.commitOffsetBytes, words.byteLength, true);
    page.set(new Uint8Array(words.buffer), layout.dataOffsetBytes);
    for (let round = 0; round < sampleRounds; round += 1) stream.page(page, 0, lengthBytes);
    stream.close();
  }

  /** Begins the stream of one processor. */
  stream(options: PageStreamOptions): PageStream {
    this.tasks.enterIdle(options.cpu);
    return new PageStream(
      this.plan,
      this.walk,
      this.wasm,
      this.trace,
      this.slackBytes,
      this.events.length,
      this.known,
      this.stackTypes,
      options,
    );
  }
}
