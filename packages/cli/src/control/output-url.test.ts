import { expect, test } from 'vitest';
import { outputOfOptions, outputText, readOutput } from './output-url.ts';

test.each([
  ['file:///a/b/../c', '/a/c'],
  ['/x y', '/x y'],
  ['net://host', 'net://host:5342:5343'],
  ['net://host:1:2/a/b', 'net://host:1:2/a/b'],
  ['tcp6://[::1]:9', 'tcp6://[::1]:9:5343'],
])('%s is %s', (text, shown) => {
  expect(outputText(readOutput(text))).toBe(shown);
  expect(readOutput(outputText(readOutput(text)))).toEqual(readOutput(text));
});

test.each(['', 'file://relative', 'http://host', 'net://', 'net://host:0', 'net://host:70000', 'net://::1'])(
  '%j is refused',
  (text) => {
    expect(() => readOutput(text)).toThrow(expect.objectContaining({ code: 'control/invalid-url' }));
  },
);

test('URLs of control and data go together', () => {
  expect(outputOfOptions({})).toBeUndefined();
  expect(outputOfOptions({ ctrlUrl: 'tcp://h:7', dataUrl: 'tcp://h:8:9' })).toMatchObject({
    host: 'h',
    controlPort: 7,
    dataPort: 9,
  });
  expect(() => outputOfOptions({ ctrlUrl: 'tcp://h' })).toThrow(/go together/);
  expect(() => outputOfOptions({ ctrlUrl: 'tcp://h', dataUrl: 'tcp://other' })).toThrow(/same relay/);
  expect(() => outputOfOptions({ setUrl: '/x', ctrlUrl: 'tcp://h' })).toThrow(/stands for/);
});
