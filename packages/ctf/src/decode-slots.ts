/** What puts the fields of the events of a class into slots: generated, or the interpreter where no code may be made. */
import { compileFunction } from './compile.ts';
import { emitSlots } from './emit-slots.ts';
import { Emitter } from './emitter.ts';
import { interpret } from './interpret.ts';
import { SlotVisitor } from './interpret-slots.ts';
import { slotLayoutOf, type FieldSlots, type SlotLayout } from './slots.ts';
import { emitExternals, type StreamDecoder } from './stream-decoder.ts';

/**
 * Puts the fields of the event that a scan noted at bit `p` into slots, in which there is room for those of its layout.
 * `slots.bytes` is for the caller to set.
 * @throws OverrunError when a variant's selector chooses no option.
 */
export type DecodeSlots = (
  bytes: Uint8Array,
  view: DataView,
  p: number,
  ext: Float64Array,
  slots: FieldSlots,
) => void;

/** How all fields of the events of a class are decoded, and where they are then. */
export interface SlotDecoder {
  readonly layout: SlotLayout;
  readonly decode: DecodeSlots;
}

const made = new WeakMap<StreamDecoder, (SlotDecoder | undefined)[]>();

/** The slot decoder of a class, an index into `streamClass.eventClasses`. Made at the first call and kept. */
export function slotDecoderOf(decoder: StreamDecoder, classIndex: number): SlotDecoder {
  let classes = made.get(decoder);
  if (classes === undefined) {
    classes = [];
    made.set(decoder, classes);
  }
  return (classes[classIndex] ??= makeSlotDecoder(decoder, classIndex));
}

function makeSlotDecoder(decoder: StreamDecoder, classIndex: number): SlotDecoder {
  const plan = decoder.planOf(classIndex);
  const layout = slotLayoutOf(plan);
  const externals = decoder.externalIndexes(plan);
  if (!decoder.compiles) {
    const decode: DecodeSlots = (bytes, _view, p, ext, slots) => {
      const values = externals.map((index) => ext[index]!);
      interpret(plan, bytes, p, bytes.length * 8, new SlotVisitor(slots, layout), values);
    };
    return { layout, decode };
  }
  const e = new Emitter();
  emitExternals(e, externals);
  emitSlots(e, plan, layout);
  const ext = externals.length === 0 ? 'ext' : 'packetValues';
  const decode = compileFunction(`${plan.name}/slots`, ['bytes', 'view', 'p', ext, 'slots'], e);
  return { layout, decode: decode as DecodeSlots };
}
