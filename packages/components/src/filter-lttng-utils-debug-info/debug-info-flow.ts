/** A pass over events with what is known of their addresses. */
import type { SpoorError } from '@spoor/base';
import type { EventBatch } from '@spoor/ctf';
import type { EventFlow, Flow, Message, MessageFlow, NextMessage } from '../event-flow.ts';
import type { EventArguments } from '../filter-utils-events/field-reference.ts';
import { RowAssembler } from '../made-events/row-assembler.ts';
import { callStackNamesOf } from '../source-ctf-fs/call-stack-symbols.ts';
import type { EventClassInfo, Loss, TraceInfo } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import type { AddressInfo, BinaryFiles } from './binary.ts';
import type { DebugInfoOptions } from './debug-info-filter.ts';
import { bigOf, ProcessMap } from './process-map.ts';
import {
  shadowFlowOf,
  type AddedValues,
  type Additions,
  type DebugTexts,
  type ShadowStream,
} from './shadow-streams.ts';
import { stackReader, type StackReader } from './stack-frames.ts';

const nothing: DebugTexts = { bin: '', func: '', src: '' };

function shortened(path: string, full: boolean): string {
  return full ? path : path.slice(path.lastIndexOf('/') + 1);
}

function textsOf(info: AddressInfo | undefined, fullPath: boolean): DebugTexts {
  if (info === undefined) return nothing;
  const { binaryPath, place, func = '', source } = info;
  return {
    bin: `${shortened(binaryPath, fullPath)}${place}`,
    func,
    src: source === undefined ? '' : `${shortened(source.path, fullPath)}:${source.line}`,
  };
}

/** Tells what is known of the address of an event. */
type TextReader = (at: EventArguments) => DebugTexts;

/** What is done with the events of a class. */
interface ClassPlan {
  readonly texts: TextReader | undefined;
  readonly stacks: readonly StackReader[];
}

/** Puts the rows of an upstream together anew. */
class Rewriter {
  readonly assembler: RowAssembler;
  readonly shadows: readonly (ShadowStream | undefined)[];
  private readonly upstream: Flow;
  private readonly options: DebugInfoOptions;
  private readonly files: BinaryFiles;
  private readonly warn: (error: SpoorError) => void;
  private readonly processes = new Map<TraceInfo, ProcessMap>();
  private readonly plans: (ClassPlan | undefined)[] = [];

  constructor(
    upstream: Flow,
    shadows: readonly (ShadowStream | undefined)[],
    options: DebugInfoOptions,
    files: BinaryFiles,
    warn: (error: SpoorError) => void,
  ) {
    this.upstream = upstream;
    this.warn = warn;
    this.shadows = shadows;
    this.options = options;
    this.files = files;
    this.assembler = new RowAssembler(upstream.batch);
  }

  private planOf(eventClass: number, { debugInfo, stacks }: Additions): ClassPlan {
    const { upstream, options, warn } = this;
    const info = upstream.eventClasses[eventClass]!;
    const names = stacks.length === 0 ? undefined : callStackNamesOf(info.trace, warn);
    const plan: ClassPlan = {
      texts: debugInfo === undefined ? undefined : this.textReader(info),
      stacks:
        names === undefined
          ? []
          : stacks.map((stack) =>
              stackReader(info, stack, names, upstream.baseNs, options.fullPath ?? false),
            ),
    };
    this.plans[eventClass] = plan;
    return plan;
  }

  private textReader(info: EventClassInfo): TextReader {
    let processes = this.processes.get(info.trace);
    if (processes === undefined) {
      processes = new ProcessMap(this.files, this.options);
      this.processes.set(info.trace, processes);
    }
    const context = (member: string): ((at: EventArguments) => bigint) => {
      const accessor = info.decoder.accessor(info.localIndex, 'event-common-context', member);
      return ([bytes, view, offsetBits, externals]) => bigOf(accessor(bytes, view, offsetBits, externals));
    };
    const vpid = context('vpid');
    const address = context('ip');
    const action = processes.actionOf(info);
    const { fullPath = false } = this.options;
    return (at) => {
      const process = vpid(at);
      // The event itself is looked up with what it tells.
      action?.(process, at);
      return textsOf(processes.lookUp(process, address(at)), fullPath);
    };
  }

  /** Takes all rows of the upstream's batch. */
  takeBatch(): void {
    const { assembler, shadows, upstream } = this;
    const { streamIndex, classIndex, timeNs, offsetBits, count } = upstream.batch;
    for (let row = 0; row < count; row++) {
      const shadow = shadows[streamIndex[row]!];
      if (shadow === undefined) {
        assembler.keep(row);
        continue;
      }
      const eventClass = classIndex[row]!;
      const bit = offsetBits[row]!;
      const time = timeNs[row]!;
      let added: AddedValues | undefined;
      if (shadow.additions !== undefined) {
        const { texts, stacks } = this.plans[eventClass] ?? this.planOf(eventClass, shadow.additions);
        const { cursor } = shadow.source.reader;
        const at: EventArguments = [cursor.bytes, cursor.view, bit, cursor.externals, shadow.source];
        added = { texts: texts?.(at), stacks: stacks.map((read) => read(at, time)) };
      }
      const { localIndex } = upstream.eventClasses[eventClass]!;
      assembler.make({
        made: shadow.made,
        classIndex: eventClass,
        timeNs: time,
        write: () => shadow.write(localIndex, time, bit, added),
      });
    }
  }
}

/** Hands on events with one member more in their context. */
export class DebugInfoFlow implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  readonly messages?: () => MessageFlow;
  private readonly upstream: EventFlow;
  private readonly rewriter: Rewriter;

  constructor(
    upstream: EventFlow,
    options: DebugInfoOptions,
    files: BinaryFiles,
    warn: (error: SpoorError) => void,
  ) {
    const { streams, shadows, eventClasses } = shadowFlowOf(upstream, options.fieldName ?? 'debug_info');
    this.upstream = upstream;
    this.streams = streams;
    this.eventClasses = eventClasses;
    this.baseNs = upstream.baseNs;
    this.losses = upstream.losses;
    this.rewriter = new Rewriter(upstream, shadows, options, files, warn);
    this.batch = this.rewriter.assembler.batch;
    if (upstream.messages !== undefined) {
      this.messages = () => new DebugInfoMessages(this, upstream.messages!(), this.rewriter);
    }
  }

  next(): boolean {
    const { assembler } = this.rewriter;
    for (;;) {
      while (!assembler.isEmpty) {
        assembler.fill();
        if (this.batch.count > 0) return true;
      }
      if (!this.upstream.next()) {
        this.batch.count = 0;
        return false;
      }
      this.rewriter.takeBatch();
    }
  }
}

/** The same with all messages. */
class DebugInfoMessages implements MessageFlow {
  message: Message | undefined;
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  private readonly upstream: MessageFlow;
  private readonly rewriter: Rewriter;

  constructor(flow: Flow, upstream: MessageFlow, rewriter: Rewriter) {
    this.batch = flow.batch;
    this.streams = flow.streams;
    this.eventClasses = flow.eventClasses;
    this.baseNs = flow.baseNs;
    this.losses = flow.losses;
    this.upstream = upstream;
    this.rewriter = rewriter;
  }

  next(): NextMessage {
    const { assembler, shadows } = this.rewriter;
    for (;;) {
      while (!assembler.isEmpty) {
        assembler.fill();
        if (this.batch.count > 0) return 'events';
      }
      const found = this.upstream.next();
      if (found === 'end') return 'end';
      if (found === 'events') {
        this.rewriter.takeBatch();
        continue;
      }
      const message = this.upstream.message!;
      const shadow = shadows[message.stream.info.index];
      if (shadow === undefined) {
        this.message = message;
      } else {
        // An empty packet, for its context.
        if (message.kind === 'packet-beginning') assembler.loadEmpty(shadow.made, () => shadow.begin());
        this.message = { ...message, stream: shadow.made.open };
      }
      return 'message';
    }
  }
}
