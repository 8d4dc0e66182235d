/**
 * The walk over the records of a page as WebAssembly: what `emit-transcoder.ts` writes as JavaScript, for the events that need
 * nothing but their records. It is compiled as a whole before it runs, does not depend on what has been met, and copies up to
 * 16 bytes at once. `bench/kernel-transcode.ts` guards it.
 */
import { hiddenClass, noClass, type TranscodePlan } from '../transcode-plan.ts';
import { stateWord } from '../emit-transcoder.ts';
import { assembleBody, isPlainBody } from './assemble-body.ts';
import { CodeWriter, wasmModule, type WasmFunction } from './module-writer.ts';

/** Where things lie in the memory of a walk. */
export interface WalkPlaces {
  /** Words of {@link stateWord}. */
  readonly state: number;
  /** A byte a class. */
  readonly used: number;
  /** {@link slotBytes} a slot. */
  readonly slots: number;
  readonly out: number;
}

/** Of a slot: class, least words, body, and what is done with its records, in 16 bits each. */
export const slotBytes = 8;
const isWritten = 1;
const isLeft = 2;

/** More bodies than that are functions of their own: those that never occur are not compiled to the end then. */
const mostInlineBodies = 48;

export const noRecordIsLeft = 0;

/** What a walk over a page answers beside that: it has not begun, or the output is full. No record ends there. */
export const pageIsLeft = 1;
export const outputIsFull = 2;

const parameters = { word: 0, end: 1, limit: 2 } as const;
const locals = {
  ...parameters,
  hi: 3,
  lo: 4,
  pos: 5,
  check: 6,
  writtenHi: 7,
  writtenLo: 8,
  events: 9,
  unknown: 10,
  damaged: 11,
  kind: 12,
  delta: 13,
  record: 14,
  next: 15,
  rest: 16,
  slot: 17,
  facts: 18,
  id: 19,
  left: 20,
  entry: 21,
} as const;
const parameterCount = 3;
const wideLocalCount = 1;
const localCount = locals.entry - parameterCount;

const compactTimeBits = 27;

/** The slots in which something is done, each with its words; all other ones are 0. */
export function slotWords(
  plan: TranscodePlan,
): readonly (readonly [slot: number, low: number, high: number])[] {
  const plainIndex = plainBodies(plan);
  const found: [number, number, number][] = [];
  for (const [slot, id] of plan.classOfSlot.entries()) {
    if (id === noClass) continue;
    const index = id === hiddenClass ? undefined : plainIndex.get(plan.bodyOfSlot[slot]!);
    const low = id | (plan.leastWordsOfSlot[slot]! << 16);
    found.push([slot, low, index === undefined ? isLeft << 16 : index | (isWritten << 16)]);
  }
  return found;
}

/** Bodies that are written here, by their index in the plan: their index here. */
function plainBodies(plan: TranscodePlan): Map<number, number> {
  const plain = new Map<number, number>();
  for (const [index, body] of plan.bodies.entries()) {
    if (isPlainBody(body)) plain.set(index, plain.size);
  }
  return plain;
}

/** Whether some events can be written, and no event has what is not in its record. */
export function canAssemble(plan: TranscodePlan): boolean {
  return plan.contexts.length === 0 && plan.bodies.some(isPlainBody);
}

/**
 * The module. Its `run(from, end, limit)` walks from one address to another, or until the output is beyond a third one, and
 * returns {@link noRecordIsLeft}; or else the end of a record that is left to others, before which it has stopped.
 * Its `page(start, lengthBytes, limit)` does so with all records of the page that begins at an address, if there is nothing to
 * be told of that but its time.
 */
export function assembleWalk(plan: TranscodePlan, places: WalkPlaces): Uint8Array<ArrayBuffer> {
  const bodies = [...plainBodies(plan).keys()].map((index) => plan.bodies[index]!);
  const isInline = bodies.length <= mostInlineBodies;
  const functions: WasmFunction[] = [];
  if (!isInline) {
    for (const body of bodies) {
      const code = new CodeWriter();
      assembleBody(code, body, 0, 1);
      functions.push({ parameterCount: 2, localCount: 0, wideLocalCount: 0, code: code.get(1) });
    }
  }
  const code = new CodeWriter();
  const { pos, record } = locals;
  const dispatch = (): void => {
    code.block();
    for (const _ of bodies) code.block();
    code
      .get(locals.facts)
      .constant(0xffff)
      .op('and')
      .branchTable([...bodies.keys(), bodies.length]);
    for (const [index, body] of bodies.entries()) {
      code.op('end');
      if (isInline) assembleBody(code, body, record, pos);
      else code.get(record, pos).call(index).set(pos);
      code.branch(bodies.length - 1 - index);
    }
    code.op('end');
  };
  assemble(code, plan, places, dispatch);
  functions.push({ parameterCount, localCount, wideLocalCount, code });
  const page = assemblePage(plan, places, functions.length - 1);
  functions.push({ parameterCount: 3, localCount: 2, wideLocalCount: 0, code: page });
  return wasmModule(functions, ['run', 'page']);
}

/** @param run index of the function that walks over records. */
function assemblePage({ layout }: TranscodePlan, places: WalkPlaces, run: number): CodeWriter {
  const [start, lengthBytes, limit, commit, left] = [0, 1, 2, 3, 4];
  const stateAt = (name: keyof typeof stateWord): number => places.state + stateWord[name] * 4;
  const code = new CodeWriter();
  code.get(start).load('i32', layout.commitOffsetBytes).tee(commit).constant(1).op('sub');
  // One without events, one that is not whole, and one that tells of losses, whose upper bits are set.
  code.get(lengthBytes).constant(layout.dataOffsetBytes).op('sub', 'geU');
  code.get(commit).constant(3).op('and', 'or').if();
  code.constant(pageIsLeft).op('return', 'end');
  code.constant(0).load('i32', stateAt('check')).op('eqz').if();
  code.constant(0).constant(1).store('i32', stateAt('check'));
  code.constant(0).constant(0).load('i32', stateAt('hi')).store('i32', stateAt('writtenHi'));
  code.constant(0).constant(0).load('i32', stateAt('lo')).store('i32', stateAt('writtenLo')).op('end');
  const time = layout.timestampOffsetBytes;
  code.constant(0).get(start).load('i32', time).store('i32', stateAt('lo'));
  code
    .constant(0)
    .get(start)
    .load('i32', time + 4)
    .store('i32', stateAt('hi'));
  code
    .get(start)
    .constant(layout.dataOffsetBytes)
    .op('add')
    .tee(start)
    .get(start, commit)
    .op('add')
    .get(limit)
    .call(run);
  code.tee(left).op('eqz').if();
  code.constant(0).load('i32', stateAt('pos')).constant(places.out).op('add').get(limit).op('gtU').if();
  code.constant(outputIsFull).set(left).op('end', 'end');
  return code.get(left);
}

const stateLocals = ['hi', 'lo', 'check', 'writtenHi', 'writtenLo'] as const;

function assemble(code: CodeWriter, plan: TranscodePlan, places: WalkPlaces, dispatch: () => void): void {
  const { word, end, limit, hi, lo, pos, kind, delta, record, next, rest, slot, facts, id, left, entry } =
    locals;
  const stateAt = (name: keyof typeof stateWord): number => places.state + stateWord[name] * 4;
  const count = (local: number): void => void code.get(local).constant(1).op('add').set(local);
  // Only after what is no event may the header's bits of the time not suffice.
  const noteGap = (): void => {
    code.get(locals.check).op('eqz').if();
    code.constant(1).set(locals.check).get(hi).set(locals.writtenHi).get(lo).set(locals.writtenLo).op('end');
  };
  const advance = (): void => {
    code.get(lo, delta).op('add').tee(lo).get(delta).op('ltU').get(hi).op('add').set(hi);
  };

  for (const name of stateLocals) code.constant(0).load('i32', stateAt(name)).set(locals[name]);
  code.constant(0).load('i32', stateAt('pos')).constant(places.out).op('add').set(pos);
  code.block().loop();
  code.get(word, end).op('geU').branchIf(1);
  code.get(pos, limit).op('gtU').branchIf(1);
  code.get(word).load('i32', 0).tee(delta).constant(31).op('and').set(kind);
  code.get(delta).constant(5).op('shrU').set(delta);
  code.get(word).constant(4).op('add').tee(record).get(kind).constant(2).op('shl', 'add').set(next);

  code.get(kind).constant(1).op('sub').constant(28).op('geU').if();
  {
    const [again, done] = [1, 2];
    code.get(record, end).op('geU').if();
    code.get(kind).constant(29).op('ne').get(delta).constant(0).op('ne', 'or');
    code
      .get(locals.damaged)
      .op('add')
      .set(locals.damaged)
      .get(end)
      .set(word)
      .branch(done + 1)
      .op('end');
    code.get(record).load('i32', 0).set(rest);

    code.get(kind).constant(30).op('geU').if();
    noteGap();
    code.get(rest).constant(27).op('shl').get(delta).op('or').set(left);
    code.get(kind).constant(30).op('eq').if();
    code.get(lo, left).op('add').tee(lo).get(left).op('ltU');
    code.get(hi).op('add').get(rest).constant(5).op('shrU', 'add').set(hi);
    code.op('else');
    code
      .get(left)
      .set(lo)
      .get(hi)
      .constant(0xf8000000)
      .op('and')
      .get(rest)
      .constant(5)
      .op('shrU', 'or')
      .set(hi);
    code.op('end').constant(0).set(left);
    code
      .get(record)
      .constant(4)
      .op('add')
      .set(word)
      .branch(again + 1)
      .op('end');

    code.get(kind).constant(29).op('eq').get(delta).op('eqz', 'and').if();
    code
      .get(end)
      .set(word)
      .branch(done + 1)
      .op('end');
    // Lengths include the word that they stand in; what is shorter than a record's own fields is none.
    code.get(rest).get(kind).op('eqz').constant(2).op('shl').constant(4).op('add', 'ltU');
    code.get(rest).constant(3).op('and', 'or').if();
    count(locals.damaged);
    code
      .get(end)
      .set(word)
      .branch(done + 1)
      .op('end');

    // The length is anything; what is too long ends behind the page.
    code.get(rest).get(end, record).op('sub', 'gtU').if();
    code.get(end).constant(4).op('add').set(next).op('else');
    code.get(record, rest).op('add').set(next).op('end');

    code.get(kind).constant(29).op('eq').if();
    noteGap();
    advance();
    code
      .get(next)
      .set(word)
      .branch(again + 1)
      .op('end');
    code.get(record).constant(4).op('add').set(record);
  }
  code.op('end');

  code.get(next, end).op('gtU').get(next, record).op('sub').constant(8).op('ltS', 'or').if();
  count(locals.damaged);
  code.get(end).set(word).branch(2).op('end');

  code.get(record).load('u16', 0).set(slot);
  for (const [type, first] of [
    [plan.entryType, plan.entrySlot],
    [plan.exitType, plan.exitSlot],
  ] as const) {
    if (type < 0) continue;
    code
      .get(record)
      .load('u16', 0)
      .constant(type)
      .op('eq')
      .get(next, record)
      .op('sub')
      .constant(8)
      .op('gtU', 'and')
      .if();
    code.get(record).load('i32', 8).tee(rest).constant(plan.callCount).op('ltU').if();
    code.get(rest).constant(first).op('add').set(slot).op('else');
    code
      .constant(first + plan.callCount)
      .set(slot)
      .op('end', 'end');
  }
  code
    .get(slot)
    .constant(3)
    .op('shl')
    .load('i64', places.slots)
    .tee(entry)
    .constant64(32)
    .op('shrU64', 'wrap');
  code.set(facts).get(entry).op('wrap').tee(id).constant(16).op('shrU').set(rest);

  // What is done with it?
  code.get(facts).op('eqz').get(next, record).op('sub').constant(2).op('shrU').get(rest).op('ltU', 'or').if();
  count(locals.unknown);
  noteGap();
  advance();
  code.get(next).set(word).branch(1).op('end');
  code.get(facts).constant(16).op('shrU').constant(isLeft).op('eq').if();
  code.get(next).set(left).branch(2).op('end');

  advance();
  code.get(id).constant(0xffff).op('and').tee(id).constant(1).store('b8', places.used);
  assembleHeader(code, plan);
  dispatch();
  count(locals.events);
  code.get(next).set(word).branch(0);
  code.op('end', 'end');

  for (const name of stateLocals) code.constant(0).get(locals[name]).store('i32', stateAt(name));
  code.constant(0).get(pos).constant(places.out).op('sub').store('i32', stateAt('pos'));
  code.constant(0).get(word).constant(2).op('shrU').store('i32', stateAt('next'));
  for (const [name, local] of [
    ['eventCount', locals.events],
    ['unknownCount', locals.unknown],
    ['damaged', locals.damaged],
  ] as const) {
    code.constant(0).constant(0).load('i32', stateAt(name)).get(local).op('add').store('i32', stateAt(name));
  }
  code.get(left);
}

function assembleHeader(code: CodeWriter, { header }: TranscodePlan): void {
  const { hi, lo, pos, id, check, writtenHi, writtenLo, rest } = locals;
  const isCompact = header === 'compact';
  code.constant(0).set(rest).get(check).if();
  code.constant(0).set(check);
  code.get(hi, writtenHi).op('sub').get(lo, writtenLo).op('ltU', 'sub');
  if (isCompact) code.get(lo, writtenLo).op('sub').constant(compactTimeBits).op('shrU', 'or');
  code.set(rest).op('end');
  code.get(rest).if();
  const at = isCompact ? 1 : 2;
  if (isCompact) code.get(pos).constant(31).store('b8', 0);
  else code.get(pos).constant(0xffff).store('b16', 0);
  code
    .get(pos, id)
    .store('i32', at)
    .get(pos, lo)
    .store('i32', at + 4)
    .get(pos, hi)
    .store('i32', at + 8);
  code
    .get(pos)
    .constant(at + 12)
    .op('add')
    .set(pos)
    .op('else');
  if (isCompact) {
    code.get(pos, id, lo).constant(5).op('shl', 'or').store('i32', 0);
    code.get(pos).constant(4).op('add').set(pos);
  } else {
    code.get(pos, id).store('b16', 0).get(pos, lo).store('i32', 2);
    code.get(pos).constant(6).op('add').set(pos);
  }
  code.op('end');
}
