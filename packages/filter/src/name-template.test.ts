import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { expandNameTemplate, namesEvent, parseNameTemplate } from './name-template.ts';

it('replaces the names of events', () => {
  const parts = parseNameTemplate('n.{provider_name}/{event_name}_count');
  expect(expandNameTemplate(parts, 'shop:order_placed')).toBe('n.shop/shop:order_placed_count');
  expect(expandNameTemplate(parts, 'bare')).toBe('n./bare_count');
  expect(expandNameTemplate(parts)).toBe('n./_count');
  expect(namesEvent(parts)).toBe(true);
  expect(namesEvent(parseNameTemplate('all'))).toBe(false);
});

it.each(['', '{', '}', '{name}', '{event_name', 'a}b', '{{event_name}'])('refuses %j', (template) => {
  expect(() => parseNameTemplate(template)).toThrow(expect.objectContaining({ code: 'filter/template' }));
});

it('gives any text back whose braces are doubled', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (text) => {
      const parts = parseNameTemplate(text.replaceAll(/[{}]/g, '$&$&'));
      expect(expandNameTemplate(parts, 'a:b')).toBe(text);
    }),
  );
});
