/** A pass over spans. */
import type { EventBatch } from '@spoor/ctf';
import { globMatches, parseGlob } from '@spoor/filter';
import type { EventFlow } from '../event-flow.ts';
import { EventSelection, type Verdict } from '../filter-utils-events/event-selection.ts';
import type { EventArguments } from '../filter-utils-events/field-reference.ts';
import { RowAssembler } from '../made-events/row-assembler.ts';
import type { EventClassInfo, Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { OpenSpans, type SpanValue } from './open-spans.ts';
import { SpanEvents, type FinishedSpan } from './span-events.ts';
import {
  argumentsOf,
  memberReader,
  memberTypeOf,
  spanFields,
  ThreadTracker,
  type MemberReader,
  type SpanField,
} from './span-fields.ts';
import type { SpanRule } from './span-rule.ts';
import type { SpansParameters } from './spans-filter.ts';

/** Members that every span event has. */
const ownMembers = new Set(['span', 'begin_ns', 'duration_ns', 'depth', 'state']);
const mostOpenPreset = 65_536;

/** What the first star of the pattern that matches a name stands for; the rule's name without a star. */
function labelOf(rule: SpanRule, begins: boolean, name: string): string {
  const { names: patterns = [] } = begins ? rule.begin : rule.end;
  for (const pattern of patterns) {
    const parts = parseGlob(pattern);
    if (!globMatches(parts, name)) continue;
    if (parts.length === 1) break;
    const end =
      parts.length === 2 ? name.length - parts[1]!.length : name.indexOf(parts[1]!, parts[0]!.length);
    return name.slice(parts[0]!.length, end);
  }
  return rule.name;
}

/** A rule while it is followed. */
interface ActiveRule {
  readonly rule: SpanRule;
  readonly begin: EventSelection;
  readonly end: EventSelection;
  readonly keys: readonly SpanField[];
  /** Keys and captures: what span events have. */
  readonly fields: readonly SpanField[];
  readonly open: OpenSpans;
}

/** What the events of a class do to the spans of a rule. */
interface Action {
  readonly ruleIndex: number;
  readonly begins: boolean;
  readonly verdict: Verdict;
  readonly label: string;
  readonly keys: readonly MemberReader[];
  readonly fields: readonly MemberReader[];
}

interface ClassPlan {
  readonly threadSwitch: ((...at: EventArguments) => void) | undefined;
  readonly actions: readonly Action[];
}

function spanValue(value: unknown): SpanValue | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  const isPlain = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string';
  return isPlain ? value : undefined;
}

/** What the clock of the first stream says of its origin. LTTng's count from the Unix epoch without saying so. */
function originOf(streams: readonly OpenStream[]): { readonly uuid?: string; readonly absolute: boolean } {
  const info = streams.find((stream) => stream?.info.streamClass.clockClass !== undefined)?.info;
  const { uuid, absolute = true } = info?.streamClass.clockClass ?? {};
  const tracer = info?.trace.environment.get('tracer_name');
  const byLttng = typeof tracer === 'string' && tracer.startsWith('lttng');
  return { absolute: absolute || byLttng, ...(uuid === undefined ? {} : { uuid }) };
}

/** Hands on span events, and those that came in if they are to be kept. */
export class SpansFlow implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  private readonly upstream: EventFlow;
  private readonly parameters: SpansParameters;
  private readonly assembler: RowAssembler;
  private readonly events: SpanEvents;
  private readonly classBase: number;
  private readonly rules: readonly ActiveRule[];
  private readonly threads = new ThreadTracker();
  /** By class; made at the first event of each. */
  private readonly plans: (ClassPlan | undefined)[] = [];
  private lastNs = 0;
  private ended = false;

  /** @throws SpoorError for rules that are wrong in themselves. */
  constructor(upstream: EventFlow, parameters: SpansParameters) {
    this.upstream = upstream;
    this.parameters = parameters;
    this.baseNs = upstream.baseNs;
    this.losses = upstream.losses;
    this.assembler = new RowAssembler(upstream.batch);
    this.batch = this.assembler.batch;
    const { mostOpen = mostOpenPreset, messages } = parameters;
    const active = parameters.rules.map((rule): ActiveRule => {
      const keys = spanFields(rule.key ?? []);
      const fields: SpanField[] = [];
      const captures = spanFields(rule.capture ?? []).map((field) => ({ ...field, hasLabels: true }));
      for (const field of [...keys, ...captures]) {
        if (ownMembers.has(field.member) || fields.some(({ member }) => member === field.member)) continue;
        fields.push(field);
      }
      return {
        rule,
        begin: new EventSelection(rule.begin),
        end: new EventSelection(rule.end),
        keys,
        fields,
        open: new OpenSpans(rule.nested ?? false, mostOpen),
      };
    });
    // Of several, those are left out of which the traces have no events.
    const known = active.filter(({ begin }) =>
      upstream.eventClasses.some((info) => begin.verdictOf(info) !== false),
    );
    this.rules = known.length === 0 ? active : known;
    this.classBase = upstream.eventClasses.length;
    const classes = this.rules.map(({ rule, begin, end, fields }) => {
      const own = upstream.eventClasses.filter(
        (info) => begin.verdictOf(info) !== false || end.verdictOf(info) !== false,
      );
      return {
        name: rule.name,
        members: fields.map((field) => ({ name: field.member, type: memberTypeOf(field, own) })),
      };
    });
    const streamIndex = upstream.streams.length;
    this.events = new SpanEvents(classes, {
      baseNs: upstream.baseNs,
      streamIndex,
      classBase: this.classBase,
      clock: originOf(upstream.streams),
    });
    // Streams whose events are not handed on leave holes.
    const streams: OpenStream[] = [];
    if (parameters.keep === true)
      for (const stream of upstream.streams) if (stream !== undefined) streams[stream.info.index] = stream;
    streams[streamIndex] = this.events.made.open;
    this.streams = streams;
    this.eventClasses = [...upstream.eventClasses, ...this.events.eventClasses];
    if (messages !== undefined) for (const notice of this.notices()) messages(notice);
  }

  private notices(): readonly string[] {
    return this.rules.flatMap(({ rule, begin, end }) =>
      [begin, end].flatMap((selection) =>
        this.parameters.rules.length > 1
          ? []
          : selection
              .notices(this.upstream.eventClasses)
              .map((text) => `filter.utils.spans: ${rule.name}: ${text}`),
      ),
    );
  }

  next(): boolean {
    for (;;) {
      while (!this.assembler.isEmpty) {
        this.assembler.fill();
        if (this.batch.count > 0) return true;
      }
      if (this.ended) {
        this.batch.count = 0;
        return false;
      }
      if (this.upstream.next()) this.takeBatch();
      else this.finish();
    }
  }

  private takeBatch(): void {
    const { upstream, assembler, plans, rules } = this;
    const { classIndex, timeNs, count } = upstream.batch;
    const keep = this.parameters.keep === true;
    for (let row = 0; row < count; row++) {
      const eventClass = classIndex[row]!;
      const plan = (plans[eventClass] ??= this.planOf(upstream.eventClasses[eventClass]!));
      if (keep) assembler.keep(row);
      const { actions, threadSwitch } = plan;
      if (actions.length === 0 && threadSwitch === undefined) continue;
      const at = argumentsOf(upstream, row);
      const time = timeNs[row]!;
      for (const action of actions) {
        if (action.verdict === true || (action.verdict !== false && action.verdict(...at)))
          this.act(action, at, time);
      }
      // What happens in a switch still happens to the thread before it.
      threadSwitch?.(...at);
    }
    if (count === 0) return;
    this.lastNs = timeNs[count - 1]!;
    for (const [index, { rule, open }] of rules.entries()) {
      if (rule.timeoutNs === undefined) continue;
      for (const span of open.expire(this.lastNs - rule.timeoutNs)) {
        this.emit(index, { ...span, endNs: this.lastNs, state: 'timed_out' });
      }
    }
  }

  private act({ ruleIndex, begins, label, keys, fields }: Action, at: EventArguments, timeNs: number): void {
    const { rule, open } = this.rules[ruleIndex]!;
    const values = keys.map((read) => String(spanValue(read(...at))));
    if (rule.sameName === true && rule.nested === true) values.push(label);
    const key = values.join('\0');
    if (begins) {
      open.begin(
        key,
        label,
        timeNs,
        fields.map((read) => spanValue(read(...at))),
      );
      return;
    }
    const span = open.end(key, rule.sameName === true ? label : undefined);
    if (span === undefined) return;
    const found = span.values.map((value, index) => value ?? spanValue(fields[index]!(...at)));
    this.emit(ruleIndex, { ...span, values: found, endNs: timeNs, state: 'complete' });
  }

  private emit(index: number, span: FinishedSpan): void {
    const { events } = this;
    this.assembler.make({
      made: events.made,
      classIndex: this.classBase + index,
      timeNs: span.endNs,
      write: () => events.write(index, span),
    });
  }

  private planOf(info: EventClassInfo): ClassPlan {
    const actions = this.rules.flatMap(({ rule, begin, end, keys, fields }, ruleIndex) =>
      [false, true].flatMap((begins): Action[] => {
        const selection = begins ? begin : end;
        const verdict = selection.verdictOf(info);
        if (verdict === false) return [];
        const readers = (of: readonly SpanField[]): MemberReader[] =>
          of.map((field) => memberReader(info, field, this.threads));
        const label = labelOf(rule, begins, info.eventClass.name);
        return [{ ruleIndex, begins, verdict, label, keys: readers(keys), fields: readers(fields) }];
      }),
    );
    return { actions, threadSwitch: this.threads.switchOf(info) };
  }

  private finish(): void {
    this.ended = true;
    const { messages, finishedOnly } = this.parameters;
    for (const [index, { rule, open }] of this.rules.entries()) {
      for (const span of open.rest()) {
        if (finishedOnly !== true) this.emit(index, { ...span, endNs: this.lastNs, state: 'unfinished' });
      }
      const { complete, withoutBegin, withoutEnd, timedOut, dropped } = open.counts;
      const troubles = [
        [withoutBegin, 'ends without a beginning'],
        [withoutEnd, 'beginnings without an end'],
        [timedOut, 'timed out'],
        [dropped, 'given up, too many were open'],
      ] as const;
      const told = troubles.filter(([count]) => count > 0).map(([count, text]) => `${count} ${text}`);
      if (told.length > 0)
        messages?.(`filter.utils.spans: ${rule.name}: ${[`${complete} spans`, ...told].join(', ')}`);
    }
  }
}
