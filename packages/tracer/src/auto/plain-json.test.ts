import { assert, integer, jsonValue, property } from 'fast-check';
import { expect, test } from 'vitest';
import { splitLine } from './log-pino.ts';
import { plainJson } from './plain-json.ts';

test('plain JSON is what JSON.stringify makes of plain data', () => {
  assert(
    property(jsonValue({ maxDepth: 4 }), (value) => {
      expect(JSON.parse(plainJson(value, 1e6))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('a text of bounded length is whole JSON too', () => {
  assert(
    property(jsonValue({ maxDepth: 4 }), integer({ min: 0, max: 200 }), (value, maxLength) => {
      const text = plainJson(value, maxLength);
      expect(() => JSON.parse(text) as unknown).not.toThrow();
    }),
  );
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key${index}`, 'x'.repeat(9)]));
  expect(plainJson(many, 2048).length).toBeLessThan(2100);
});

test('no code of the program runs', () => {
  const never = (): never => {
    throw new Error('was called');
  };
  const circle: Record<string, unknown> = { date: new Date(0), wrong: new Date(Number.NaN), big: 7n };
  circle['self'] = circle;
  Object.defineProperty(circle, 'getter', { get: never, enumerable: true });
  circle['proxy'] = new Proxy({}, { get: never, ownKeys: never, getPrototypeOf: never });
  circle['json'] = { toJSON: never, a: 1 };
  circle['error'] = Object.assign(new TypeError('bad'), { code: 'E' });
  circle['bytes'] = new Uint8Array(3);
  circle['list'] = [undefined, never, null, 1];
  expect(JSON.parse(plainJson(circle, 2048, ['date']))).toEqual({
    wrong: null,
    big: '7',
    self: '[Circular]',
    getter: '[Getter]',
    proxy: '[Proxy]',
    json: { a: 1 },
    error: { message: 'bad', code: 'E' },
    bytes: '[3 bytes]',
    list: ['[undefined]', '[function]', null, 1],
  });
});

test('a line of pino is parted into message and fields', () => {
  const line =
    '{"level":30,"time":5,"pid":1,"name":"n","a":{"msg":"inner"},"msg":"he said \\",\\"msg\\":\\""}\n';
  expect(splitLine(line, 'msg', ',"time":5', ',"pid":1,"name":"n"')).toEqual({
    message: 'he said ","msg":"',
    rest: '{"a":{"msg":"inner"}}',
  });
  expect(splitLine('{"level":30,"time":5}\n', 'msg', ',"time":5', '')).toEqual({ message: '-', rest: '{}' });
  expect(splitLine('{"level":30,"text":"t","x":1}\n', 'msg', '', '').message).toBe('-');
  expect(splitLine('{"level":30,"a":{"msg":"inner"}}\n', 'msg', '', '').rest).toBe(
    '{"level":30,"a":{"msg":"inner"}}',
  );
});
