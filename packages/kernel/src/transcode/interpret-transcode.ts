/**
 * The plan of a transcoder, interpreted: the same bytes as generated code writes, made in the plainest way. It is the
 * oracle of tests, and the way where code may not be made from text.
 */
import { isOfTask, type ContextField } from '../contexts/context-fields.ts';
import {
  containerBytes,
  taskBornAtWord,
  taskKnownWord,
  taskNameWord,
  taskWordOf,
} from '../contexts/task-row.ts';
import { runningNameWord, runningWords } from '../contexts/running-tasks.ts';
import type { ValueSource } from '../mapping/event-mapping.ts';
import { stateWord, type PageWalk } from './emit-transcoder.ts';
import { copySequence, copyString, copyText, requestFlags } from './record-values.ts';
import type { RecordPredicate } from './record-filter.ts';
import { placeAt } from './record-readers.ts';
import { knowledgeReader, type RecordKnowledge } from './record-knowledge.ts';
import { hiddenClass, noClass, type TranscodePlan } from './transcode-plan.ts';

/** One record of a page. */
interface Record {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly lengthBytes: number;
  readonly timeNs: number;
}

/** Where an event is written. */
class Output {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  pos: number;

  constructor(view: DataView, bytes: Uint8Array, pos: number) {
    this.view = view;
    this.bytes = bytes;
    this.pos = pos;
  }

  integer(value: bigint, lengthBytes: number): void {
    for (let index = 0; index < lengthBytes; index += 1) {
      this.bytes[this.pos + index] = Number((value >> BigInt(8 * index)) & 255n);
    }
    this.pos += lengthBytes;
  }
}

/** Makes the walk that interprets a plan. */
export function walkByPlan(plan: TranscodePlan, known: RecordKnowledge, keep?: RecordPredicate): PageWalk {
  const updates = plan.bodies.map(({ update }) =>
    update === undefined ? undefined : knowledgeReader(update.format, update.what, known),
  );
  const slotOf = (view: DataView, at: number, lengthBytes: number): number => {
    const type = view.getUint16(at, true);
    for (const [wanted, first] of [
      [plan.entryType, plan.entrySlot],
      [plan.exitType, plan.exitSlot],
    ] as const) {
      if (type !== wanted || lengthBytes <= 8) continue;
      return first + Math.min(view.getUint32(at + 8, true), plan.callCount);
    }
    return type;
  };
  const { running, belief } = known;
  const tellRunning = ({ view, bytes, at, lengthBytes }: Record, cpu: number): void => {
    const type = view.getUint16(at, true);
    const isTold = type === running.switchType || type === running.renameType;
    if (isTold && !belief.isSuspended) running.read(type, view, bytes, at, lengthBytes, cpu);
  };
  return (words, bytes, view, from, end, outView, out, limit, state, used, cpu) => {
    const output = new Output(outView, out, state[stateWord.pos]!);
    let time = (BigInt(state[stateWord.hi]! >>> 0) << 32n) | BigInt(state[stateWord.lo]! >>> 0);
    let written =
      state[stateWord.check] === 0
        ? time
        : (BigInt(state[stateWord.writtenHi]! >>> 0) << 32n) | BigInt(state[stateWord.writtenLo]! >>> 0);
    let word = from;
    const damage = (): void => {
      state[stateWord.damaged]! += 1;
      word = end;
    };
    while (word < end && output.pos <= limit) {
      const head = words[word]!;
      const kind = head & 31;
      const delta = BigInt(head >>> 5);
      let record = word + 1;
      let next = record + kind;
      if (kind === 0 || kind > 28) {
        if (record >= end) {
          if (kind === 29 && delta === 0n) word = end;
          else damage();
          break;
        }
        const second = BigInt(words[record]! >>> 0);
        if (kind === 30 || kind === 31) {
          const told = (second << 27n) | delta;
          time = kind === 30 ? BigInt.asUintN(64, time + told) : ((time >> 59n) << 59n) | told;
          word = record + 1;
          continue;
        }
        if (kind === 29 && delta === 0n) {
          word = end;
          break;
        }
        if (second < (kind === 0 ? 8n : 4n) || second % 4n !== 0n) {
          damage();
          break;
        }
        next = record + Number(second / 4n);
        if (kind === 29) {
          time = BigInt.asUintN(64, time + delta);
          word = next;
          continue;
        }
        record += 1;
      }
      const size = next - record;
      if (next > end || size < 2) {
        damage();
        break;
      }
      time = BigInt.asUintN(64, time + delta);
      const timeNs = Number(time);
      const item: Record = { view, bytes, at: record * 4, lengthBytes: size * 4, timeNs };
      const slot = slotOf(view, item.at, item.lengthBytes);
      const body = plan.bodyOfSlot[slot]!;
      let id = size < plan.leastWordsOfSlot[slot]! ? noClass : plan.classOfSlot[slot]!;
      if (id < hiddenClass && keep?.(slot, view, bytes, item.at, item.lengthBytes, cpu, timeNs) === false)
        id = hiddenClass;
      word = next;
      if (id === noClass) {
        state[stateWord.unknownCount]! += 1;
        continue;
      }
      if (id === hiddenClass) {
        updates[body]?.(view, bytes, item.at, item.lengthBytes, timeNs);
        tellRunning(item, cpu);
        continue;
      }
      used[id] = 1;
      writeHeader(output, plan, id, time, written);
      written = time;
      let row = 0;
      if (plan.contexts.some(({ source }) => isOfTask(source))) {
        const { tasks, late } = known;
        const tid = item.view.getInt32(item.at + 4, true);
        row = tasks.rowOfRecord(tid, cpu);
        const isOther =
          tasks.words[row + taskKnownWord]! <= 0 || timeNs < tasks.times[(row + taskBornAtWord) / 2]!;
        if (row !== 0 && isOther)
          row = late.rowOf(tid, timeNs, outView, output.pos, known.running.isOn(cpu, tid));
      }
      for (const { source } of plan.contexts) writeContext(output, source, item, row, known, cpu);
      updates[body]?.(view, bytes, item.at, item.lengthBytes, timeNs);
      for (const source of plan.bodies[body]!.sources) writeValue(output, source, item, known);
      tellRunning(item, cpu);
      state[stateWord.eventCount]! += 1;
    }
    state[stateWord.hi] = Number(time >> 32n);
    state[stateWord.lo] = Number(time & 0xffff_ffffn);
    state[stateWord.check] = 1;
    state[stateWord.writtenHi] = Number(written >> 32n);
    state[stateWord.writtenLo] = Number(written & 0xffff_ffffn);
    state[stateWord.pos] = output.pos;
    state[stateWord.next] = word;
  };
}

function writeHeader(
  output: Output,
  { header }: TranscodePlan,
  id: number,
  time: bigint,
  written: bigint,
): void {
  const [idBits, timeBits] = header === 'compact' ? [5n, 27n] : [16n, 32n];
  // A reader adds to a time of 64 bits, which may wrap.
  if (BigInt.asUintN(64, time - written) < 1n << timeBits) {
    const stamp = BigInt.asUintN(Number(timeBits), time);
    output.integer(BigInt(id) | (stamp << idBits), Number(idBits + timeBits) / 8);
    return;
  }
  output.integer((1n << idBits) - 1n, header === 'compact' ? 1 : 2);
  output.integer(BigInt(id), 4);
  output.integer(time, 8);
}

function writeContext(
  output: Output,
  source: ContextField['source'],
  { view, at, timeNs }: Record,
  row: number,
  { tasks: table, running, stacks }: RecordKnowledge,
  cpu: number,
): void {
  const tid = view.getInt32(at + 4, true);
  switch (source.kind) {
    case 'tid':
      output.integer(BigInt(tid), 4);
      return;
    case 'cpu':
      output.integer(BigInt(cpu), 4);
      return;
    case 'task': {
      const prio = source.column === 'prio' && running.isOn(cpu, tid) ? running.prioOn(cpu) : undefined;
      output.integer(BigInt(prio ?? table.words[row + taskWordOf(source.column)]!), 4);
      return;
    }
    case 'name': {
      const isOn = running.isOn(cpu, tid);
      const words = isOn ? running.words : table.words;
      const from = isOn ? cpu * runningWords + runningNameWord : row + taskNameWord;
      for (let index = 0; index < 4; index += 1) output.integer(BigInt(words[from + index]!), 4);
      return;
    }
    case 'group':
      output.integer(BigInt(table.groupIn(row, timeNs)), 4);
      return;
    case 'container': {
      output.bytes.fill(0, output.pos, output.pos + containerBytes);
      new TextEncoder().encodeInto(
        table.containerIn(row, timeNs),
        output.bytes.subarray(output.pos, output.pos + containerBytes),
      );
      output.pos += containerBytes;
      return;
    }
    case 'flag':
      output.integer((view.getUint8(at + 2) & source.mask) === source.set ? 1n : 0n, 1);
      return;
    case 'preemptible':
      output.integer((view.getUint8(at + 3) & 15) === 0 ? 1n : 0n, 1);
      return;
    case 'stack':
      output.pos = stacks.write(source.of, at, output.view, output.pos);
      return;
    default:
      source satisfies never;
  }
}

function readInteger(view: DataView, at: number, sizeBytes: 1 | 2 | 4 | 8, signed: boolean): bigint {
  let value = 0n;
  for (let index = sizeBytes - 1; index >= 0; index -= 1) {
    value = (value << 8n) | BigInt(view.getUint8(at + index));
  }
  return signed ? BigInt.asIntN(sizeBytes * 8, value) : value;
}

function writeValue(output: Output, source: ValueSource, record: Record, known: RecordKnowledge): void {
  const { view, bytes, at, timeNs } = record;
  const table = known.tasks;
  switch (source.kind) {
    case 'integer': {
      const { offsetBytes, sizeBytes, signed, lengthBytes, add } = source;
      output.integer(readInteger(view, at + offsetBytes, sizeBytes, signed) + BigInt(add), lengthBytes);
      return;
    }
    case 'bytes':
      output.bytes.set(
        bytes.subarray(at + source.offsetBytes, at + source.offsetBytes + source.sizeBytes),
        output.pos,
      );
      output.pos += source.sizeBytes;
      return;
    case 'text': {
      const { from, lengthBytes } = source;
      const [begin, length] = placeAt(from, record.view, record.at, record.lengthBytes);
      if (from.kind === 'fixed' && from.sizeBytes === lengthBytes) {
        output.bytes.set(bytes.subarray(begin, begin + length), output.pos);
      } else {
        copyText(bytes, begin, length, output.bytes, output.pos, lengthBytes);
      }
      output.pos += lengthBytes;
      return;
    }
    case 'string': {
      const [begin, length] = placeAt(source.from, record.view, record.at, record.lengthBytes);
      output.pos = copyString(bytes, begin, length, output.bytes, output.pos);
      return;
    }
    case 'call-text': {
      const place = at + source.offsetBytes;
      const tid = view.getInt32(at + 4, true);
      const [low, high] = [view.getInt32(place, true), view.getInt32(place + 4, true)];
      output.pos = known.texts.write(tid, low, high, source.isLast, output.bytes, output.pos);
      return;
    }
    case 'kernel-text': {
      const place = at + source.offsetBytes;
      const high = source.sizeBytes === 8 ? view.getInt32(place + 4, true) : 0;
      output.pos = known.kernelTexts.write(view.getInt32(place, true), high, output.bytes, output.pos);
      return;
    }
    case 'sequence': {
      const [begin, length] = placeAt(source.from, record.view, record.at, record.lengthBytes);
      output.pos = copySequence(bytes, begin, length, output.bytes, output.pos, source.elementBytes);
      return;
    }
    case 'request-flags':
      output.integer(BigInt(requestFlags(bytes, at + source.offsetBytes, source.sizeBytes)), 4);
      return;
    case 'task': {
      const tid = view.getInt32(at + source.tidOffsetBytes, true);
      output.integer(BigInt(table.words[table.rowAt(tid, timeNs) + taskWordOf(source.column)]!), 4);
      return;
    }
    case 'task-numbers': {
      const tid = view.getInt32(at + source.tidOffsetBytes, true);
      const inner = table.words[table.rowAt(tid, timeNs) + taskWordOf('vtid')]!;
      const numbers = inner !== 0 && inner !== tid ? [tid, inner] : [tid];
      output.integer(BigInt(numbers.length), 1);
      for (const number of numbers) output.integer(BigInt(number), 4);
      return;
    }
    case 'constant':
      output.integer(BigInt(source.value), source.lengthBytes);
      return;
    default:
      source satisfies never;
  }
}
