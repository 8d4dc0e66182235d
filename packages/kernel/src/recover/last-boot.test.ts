import { assert, bigInt, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { isBootOf, parseLastBoot, textAddress } from './last-boot.ts';

test('what kernels say of the boot before', () => {
  expect(parseLastBoot('# Current\n')).toEqual({ kind: 'current' });
  expect(parseLastBoot('')).toEqual({ kind: 'unknown' });
  expect(parseLastBoot('text delta:\t-268435456\ndata delta:\t-0x10\n')).toEqual({
    kind: 'moved',
    textDelta: -0x2_6843_5456n,
    dataDelta: -0x10n,
  });
  expect(parseLastBoot('10c00000\t\t[kernel]\nffffffffc00ca000\tusb_serial\n')).toEqual({
    kind: 'placed',
    kernel: 0x10c0_0000n,
    modules: new Map([['usb_serial', 0xffff_ffff_c00c_a000n]]),
  });
});

test('which boot it was, by the address of its kernel', () => {
  const text = textAddress('0000000000000000 A fixed\nffffffff91c00000 T _text\nffffffff91c00010 T next\n');
  expect(text).toBe(0xffff_ffff_91c0_0000n);
  expect(isBootOf(parseLastBoot('10c00000\t[kernel]\n'), text, undefined)).toBe(true);
  expect(isBootOf(parseLastBoot('ffffffff91c00000\t[kernel]\n'), text, undefined)).toBe(true);
  expect(isBootOf(parseLastBoot('ffffffff81000000\t[kernel]\n'), text, undefined)).toBe(false);
  expect(isBootOf(parseLastBoot('text delta:\t1000\ndata delta:\t0\n'), text, text! + 0x1000n)).toBe(true);
  expect(isBootOf(parseLastBoot('text delta:\t1000\ndata delta:\t0\n'), text, text)).toBe(false);
  expect(isBootOf(parseLastBoot(''), text, text)).toBeUndefined();
  expect(textAddress('0000000000000000 T _text\n')).toBeUndefined();
});

test('property: places come back, and no text is too much', () => {
  assert(
    property(bigInt(0n, (1n << 64n) - 1n), (kernel) => {
      expect(parseLastBoot(`${kernel.toString(16)}\t[kernel]\n`)).toMatchObject({ kind: 'placed', kernel });
    }),
  );
  assert(
    property(string(), (text) => {
      parseLastBoot(text);
    }),
  );
});
