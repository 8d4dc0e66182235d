/** Format strings of the kernel's printf, taken apart. */

/** A piece of a format string. */
export type Directive =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'value';
      /** `d`, `u`, `x`, `X`, `o`, `c`, `s` or `p`. */
      readonly conversion: string;
      readonly leftAligned: boolean;
      readonly plus: boolean;
      readonly space: boolean;
      readonly special: boolean;
      readonly zero: boolean;
      /** `argument`: the next argument is the number. */
      readonly width: number | 'argument' | undefined;
      readonly precision: number | 'argument' | undefined;
      readonly length: '' | 'hh' | 'h' | 'l' | 'll' | 'z' | 't';
      /** Letters behind `%p` that say what is pointed to: `S`, `I4`, `U` … */
      readonly pointer: string;
    };

// Of %p the kernel, too, takes all letters and digits that follow.
const directive =
  /%(?:%|([-+ #0]*)(\*|\d+)?(?:\.(\*|-?\d+)?)?(hh|h|ll|l|L|z|Z|t|j)?(?:p([A-Za-z0-9]*)|([diuxXocs])))/g;

const whole = (text: string | undefined): number | 'argument' | undefined =>
  text === '*' ? 'argument' : text === undefined ? undefined : Number(text);

const lengths: Readonly<Record<string, 'hh' | 'h' | 'l' | 'll' | 'z' | 't'>> = {
  hh: 'hh',
  h: 'h',
  l: 'l',
  ll: 'll',
  L: 'll',
  j: 'll',
  z: 'z',
  Z: 'z',
  t: 't',
};

/** Takes a format string apart; what is no directive is text. */
export function parseDirectives(format: string): readonly Directive[] {
  const directives: Directive[] = [];
  let text = '';
  let last = 0;
  const flush = (): void => {
    if (text !== '') directives.push({ kind: 'text', text });
    text = '';
  };
  for (const found of format.matchAll(directive)) {
    text += format.slice(last, found.index);
    last = found.index + found[0].length;
    if (found[0] === '%%') {
      text += '%';
      continue;
    }
    flush();
    const [, flags = '', width, precision, length = '', pointer, conversion] = found;
    directives.push({
      kind: 'value',
      conversion: conversion === undefined ? 'p' : conversion === 'i' ? 'd' : conversion,
      leftAligned: flags.includes('-'),
      plus: flags.includes('+'),
      space: flags.includes(' '),
      special: flags.includes('#'),
      zero: flags.includes('0'),
      width: whole(width),
      precision: found[0].includes('.') ? whole(precision ?? '0') : undefined,
      length: lengths[length] ?? '',
      pointer: pointer ?? '',
    });
  }
  text += format.slice(last);
  flush();
  return directives;
}
