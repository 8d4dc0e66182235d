/** The function that writes the line of an event, behind its time, to its end: the second and third stage. */
import { compileFunction, Emitter } from '@spoor/ctf';
import type { KernelEventFormat, PrintContext } from '@spoor/kernel';
import { putSigned, putSigned64, putUnsigned64 } from '../sink-text-pretty/write-text.ts';
import { LineMemo } from './line-memo.ts';
import type { LinePiece, LinePlan, NumberPlace } from './line-pieces.ts';
import {
  putArgument,
  putDecimal,
  putLowHex,
  putPadding,
  putPaddedText,
  putPlainText,
  putWholeHex,
} from './line-text.ts';

/**
 * Writes the text of the record at `at`, which has all of its event's fields.
 * @returns the position behind it. @throws RangeError for want of room, PrintFormatError.
 */
export type LineBody = (
  view: DataView,
  bytes: Uint8Array,
  at: number,
  lengthBytes: number,
  outView: DataView,
  out: Uint8Array,
  pos: number,
) => number;

const parameters = ['view', 'bytes', 'at', 'lengthBytes', 'outView', 'out', 'pos'] as const;

const encoder = new TextEncoder();

/** A number as one of 32 bits, with its sign. */
function low(place: NumberPlace): string {
  const { offsetBytes, shape } = place;
  const from = `at + ${offsetBytes}`;
  switch (shape.sizeBytes) {
    case 1:
      return `view.get${shape.signed ? 'Int8' : 'Uint8'}(${from})`;
    case 2:
      return `view.get${shape.signed ? 'Int16' : 'Uint16'}(${from}, true)`;
    case 4:
    case 8:
      return `view.getInt32(${from}, true)`;
    default:
      return shape.sizeBytes satisfies never;
  }
}

/** The upper half of a number, given the name of its lower one. */
function high({ offsetBytes, shape }: NumberPlace, lower: string): string {
  if (shape.sizeBytes === 8) return `view.getInt32(at + ${offsetBytes + 4}, true)`;
  return shape.signed ? `${lower} >> 31` : '0';
}

/** A number that tells values of a field apart; NaN where a double may not. */
function key(place: NumberPlace | undefined): string {
  if (place === undefined) return '0';
  if (place.shape.sizeBytes !== 8) return low(place);
  return `view.getInt32(at + ${place.offsetBytes + 4}, true) * 4294967296 + view.getUint32(at + ${place.offsetBytes}, true)`;
}

class LineEmitter {
  readonly emitter = new Emitter();
  private readonly format: KernelEventFormat;
  private readonly context: PrintContext;
  /** Bytes written that `pos` does not count yet. */
  private ahead = 0;
  /** Text that is to be written, before anything else. */
  private pending = '';

  constructor(format: KernelEventFormat, context: PrintContext) {
    this.format = format;
    this.context = context;
  }

  private here(): string {
    this.flush();
    const { ahead } = this;
    this.ahead = 0;
    return ahead === 0 ? 'pos' : `pos + ${ahead}`;
  }

  literal(text: string): void {
    this.pending += text;
  }

  /** Texts are written eight bytes at once; what is beyond their end is overwritten by what follows. */
  private flush(): void {
    const bytes = encoder.encode(this.pending);
    this.pending = '';
    const padded = new DataView(new ArrayBuffer(bytes.length + 8));
    for (const [index, byte] of bytes.entries()) padded.setUint8(index, byte);
    for (let at = 0; at < bytes.length;) {
      const wide = padded.getFloat64(at, true);
      const to = this.ahead + at;
      // No text that is UTF-8 is NaN, the bits of which a double may lose.
      if (bytes.length - at > 4 && !Number.isNaN(wide)) {
        this.emitter.line(`outView.setFloat64(pos + ${to}, ${wide}, true);`);
        at += 8;
      } else {
        this.emitter.line(`outView.setInt32(pos + ${to}, ${padded.getInt32(at, true)}, true);`);
        at += 4;
      }
    }
    this.ahead += bytes.length;
  }

  private number({ place, form }: Extract<LinePiece, { readonly kind: 'number' }>): void {
    const { emitter } = this;
    const value = emitter.name('value');
    const { radix, bits, signed, whole, width } = form;
    const start = width > 0 ? emitter.name('start') : undefined;
    if (start !== undefined) emitter.line(`const ${start} = (pos = ${this.here()});`);
    if (form.prefix) this.literal('0x');
    const from = this.here();
    emitter.line(`const ${value} = ${low(place)};`);
    const upper = bits === 32 ? '0' : emitter.name('upper');
    if (bits === 64) emitter.line(`const ${upper} = ${high(place, value)};`);
    if (radix === 16) {
      const put = emitter.bind('hex', whole ? putWholeHex : putLowHex);
      emitter.line(`pos = ${put}(out, outView, ${from}, ${upper}, ${value});`);
    } else {
      // Most numbers are small and not negative.
      const decimal = `${emitter.bind('decimal', putDecimal)}(out, outView, ${from}, ${value})`;
      if (bits === 64) {
        const put = emitter.bind('wide', signed ? putSigned64 : putUnsigned64);
        const half = signed ? upper : `${upper} >>> 0`;
        const wide = `${put}(out, outView, ${from}, ${half}, ${value} >>> 0)`;
        emitter.line(`pos = ${upper} === 0 ? ${decimal} : ${wide};`);
      } else if (signed) {
        const negative = `${emitter.bind('signed', putSigned)}(out, outView, ${from}, ${value})`;
        emitter.line(`pos = ${value} >= 0 ? ${decimal} : ${negative};`);
      } else {
        emitter.line(`pos = ${decimal};`);
      }
    }
    if (start !== undefined)
      emitter.line(`pos = ${emitter.bind('padding', putPadding)}(out, ${start}, pos, ${width});`);
  }

  piece(piece: LinePiece): void {
    const { emitter } = this;
    switch (piece.kind) {
      case 'literal':
        this.literal(piece.text);
        return;
      case 'number':
        this.number(piece);
        return;
      case 'argument': {
        const value = emitter.name('value');
        emitter.line(`const ${value} = ${low(piece.place)};`);
        const put = emitter.bind('argument', putArgument);
        emitter.line(
          `pos = ${put}(out, outView, ${this.here()}, ${high(piece.place, value)}, ${value} >>> 0);`,
        );
        return;
      }
      case 'text': {
        const { offsetBytes, sizeBytes } = piece;
        const from = `at + ${offsetBytes}`;
        const put =
          sizeBytes % 4 === 0
            ? `${emitter.bind('padded', putPaddedText)}(view, ${from}, outView, ${this.here()}, ${sizeBytes})`
            : `${emitter.bind('plain', putPlainText)}(out, ${this.here()}, bytes, ${from}, ${from} + ${sizeBytes})`;
        emitter.line(`pos = ${put};`);
        return;
      }
      case 'dynamic-text': {
        const word = emitter.name('word');
        const from = emitter.name('from');
        emitter.line(`const ${word} = view.getUint32(at + ${piece.offsetBytes}, true);`);
        emitter.line(`const ${from} = (${word} & 0xffff) + ${piece.baseBytes};`);
        const put = emitter.bind('plain', putPlainText);
        const here = this.here();
        emitter.open(`if (${from} + (${word} >>> 16) <= lengthBytes)`);
        emitter.line(`pos = ${put}(out, ${here}, bytes, at + ${from}, at + ${from} + (${word} >>> 16));`);
        emitter.close(' else {');
        const memo = emitter.bind('memo', new LineMemo(this.format, piece.otherwise, this.context));
        emitter.line(`pos = ${memo}.put(out, ${here}, NaN, NaN, view, at, lengthBytes);`);
        emitter.close();
        return;
      }
      case 'interpreted': {
        const memo = emitter.bind('memo', new LineMemo(this.format, piece.print, this.context));
        const keys =
          piece.dependsOn === undefined
            ? 'NaN, NaN'
            : `${key(piece.dependsOn[0])}, ${key(piece.dependsOn[1])}`;
        emitter.line(`pos = ${memo}.put(out, ${this.here()}, ${keys}, view, at, lengthBytes);`);
        return;
      }
      default:
        piece satisfies never;
    }
  }

  end(): void {
    this.emitter.line(`return ${this.here()};`);
  }
}

/**
 * The emitter of an event's line; undefined where the interpreter writes it.
 * @param title what stands between the time and the event's own text.
 */
function emitLine(
  format: KernelEventFormat,
  plan: LinePlan,
  context: PrintContext,
  title: string,
): Emitter | undefined {
  if (plan.pieces === undefined) return undefined;
  const writer = new LineEmitter(format, context);
  writer.literal(title);
  for (const piece of plan.pieces) writer.piece(piece);
  writer.literal('\n');
  writer.end();
  return writer.emitter;
}

/** Compiles it. */
export function compileLine(
  format: KernelEventFormat,
  plan: LinePlan,
  context: PrintContext,
  title: string,
): LineBody | undefined {
  const emitter = emitLine(format, plan, context, title);
  return emitter && (compileFunction(`line/${format.name}`, parameters, emitter) as LineBody);
}
