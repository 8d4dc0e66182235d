// Pages of the kernel's rings with records whose values are known, for tests of what reads them.
import * as fc from 'fast-check';
import type { KernelEventFormat } from '../formats/event-format.ts';
import { PageBuilder } from './page-builder.ts';
import { sampleFormats } from './sample-formats.ts';

/** What a page is made of: records and gaps before them. */
export interface Step {
  readonly gap: bigint;
  readonly means: 'delta' | 'extend' | 'stamp' | 'discarded';
  readonly format: KernelEventFormat;
  readonly seed: number;
}

const text = ['', 'a', 'bash', 'kworker/0:1H', 'fifteen-letters', 'ümlaut'];

/** A record of a format with values that follow from `seed`; what it has, by the format's names. */
export function recordOf({ format, seed }: Step): {
  readonly bytes: Uint8Array;
  readonly values: Map<string, unknown>;
} {
  const bytes = new Uint8Array(400);
  const view = new DataView(bytes.buffer);
  const values = new Map<string, unknown>();
  let random = seed >>> 0;
  const next = (limit: number): number => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return (random >>> 8) % limit;
  };
  const put = (at: number, value: bigint, sizeBytes: number): void => {
    for (let index = 0; index < sizeBytes; index += 1) {
      bytes[at + index] = Number((BigInt.asUintN(64, value) >> BigInt(8 * index)) & 255n);
    }
  };
  const putText = (at: number, content: string, room: number): void => {
    bytes.set(new TextEncoder().encode(content).subarray(0, room - 1), at);
  };
  view.setUint16(0, format.id, true);
  bytes[2] = next(8);
  bytes[3] = next(16);
  // Idle tasks are many, and strangers are met too.
  const tid = next(4) === 0 ? 0 : 1 + next(30_000);
  view.setInt32(4, tid, true);
  values.set('common_pid', tid);
  let tail =
    4 *
    Math.ceil(Math.max(...format.fields.map(({ offsetBytes, sizeBytes }) => offsetBytes + sizeBytes)) / 4);
  for (const { name, shape, offsetBytes } of format.fields) {
    switch (shape.kind) {
      case 'integer': {
        const bits = shape.sizeBytes * 8;
        const raw = BigInt.asUintN(
          bits,
          (BigInt(next(0x1_0000)) << 48n) ^ BigInt(next(0xff_ffff)) ^ (BigInt(next(2)) << 63n),
        );
        const value = /pid/.test(name) ? BigInt(1 + next(30_000)) : name === 'id' ? BigInt(next(600)) : raw;
        put(offsetBytes, value, shape.sizeBytes);
        values.set(name, shape.signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
        break;
      }
      case 'text': {
        const content =
          name === 'rwbs' ? ['WS', 'R', 'FWFS', 'DE', 'FF', 'RAM', 'N'][next(7)]! : text[next(text.length)]!;
        putText(offsetBytes, content, shape.sizeBytes);
        values.set(name, content);
        break;
      }
      case 'array': {
        const items = Array.from({ length: shape.count }, (_, index) => {
          const value = BigInt(next(200));
          put(offsetBytes + index * shape.element.sizeBytes, value, shape.element.sizeBytes);
          return value;
        });
        values.set(name, items);
        break;
      }
      case 'dynamic': {
        const { content } = shape;
        const begin = tail - (shape.relative ? offsetBytes + 4 : 0);
        let length: number;
        if (content.kind === 'text') {
          const word = text[next(text.length)]!;
          const encoded = new TextEncoder().encode(word);
          bytes.set(encoded, tail);
          length = encoded.length + 1;
          values.set(name, word);
        } else {
          const size =
            content.kind === 'array'
              ? content.element.sizeBytes
              : content.kind === 'cpumask'
                ? content.wordBytes
                : 1;
          const items = Array.from({ length: next(4) }, (_, index) => {
            const value = BigInt(next(200));
            put(tail + index * size, value, size);
            return value;
          });
          length = items.length * size;
          values.set(name, items);
        }
        view.setUint32(offsetBytes, ((length << 16) | begin) >>> 0, true);
        tail += (length + 3) & ~3;
        break;
      }
      case 'bytes':
      case 'trailing':
      default:
        throw new Error(`no sample has ${shape.kind}`);
    }
  }
  return { bytes: bytes.subarray(0, tail), values };
}

/** A step with an event of one of these formats. */
export const stepOf = (formats: readonly KernelEventFormat[]): fc.Arbitrary<Step> =>
  fc.record({
    gap: fc.oneof(
      { weight: 8, arbitrary: fc.bigInt(0n, 100_000n) },
      { weight: 1, arbitrary: fc.bigInt(0n, 0x7ff_ffffn) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          2n ** 27n,
          2n ** 32n - 1n,
          2n ** 32n,
          2n ** 32n + 1n,
          2n ** 33n,
          2n ** 40n,
        ),
      },
    ),
    means: fc.constantFrom('delta', 'extend', 'stamp', 'discarded'),
    format: fc.constantFrom(...formats),
    seed: fc.nat(),
  });

/** An event of a page. */
export interface Made {
  readonly time: bigint;
  readonly format: KernelEventFormat;
  readonly values: Map<string, unknown>;
}

/** Pages of these steps, and what is in them. @param lost what each page tells to have been lost before it. */
export function pagesOf(
  steps: readonly Step[],
  lost: readonly number[],
): { readonly pages: readonly Uint8Array[]; readonly made: readonly Made[] } {
  const pages: Uint8Array[] = [];
  const made: Made[] = [];
  let time = 7_000_000_123n;
  let page = new PageBuilder(sampleFormats.layout, time);
  const finish = (): void => {
    pages.push(page.finish(lost[pages.length] ?? 0));
  };
  for (const step of steps) {
    if (page.freeBytes < 600) {
      finish();
      page = new PageBuilder(sampleFormats.layout, time);
    }
    time += step.gap;
    let delta = 0;
    if (step.means === 'stamp') page.stamp(time & (2n ** 59n - 1n));
    else if (step.means === 'extend' || step.gap >= 2n ** 27n) page.extend(step.gap);
    // One without a time would be the end of the page.
    else if (step.means === 'discarded' && step.gap > 0n)
      page.discarded(Number(step.gap), (step.seed % 4) * 4);
    else delta = Number(step.gap);
    const { bytes, values } = recordOf(step);
    page.record(delta, bytes, step.seed % 3 === 0);
    made.push({ time, format: step.format, values });
  }
  finish();
  return { pages, made };
}
