import { expect, test } from 'vitest';
import { describeTrace, type FieldDescription } from './describe-trace.ts';

const withField = (type: unknown): (() => unknown) => {
  const fields = { channel: type as FieldDescription };
  return () => describeTrace({ streams: [{ events: [{ name: 'probe:sample', fields }] }] });
};

test('a type that does not exist is refused by the name of its field', () => {
  expect(withField('u16')).not.toThrow();
  const code = 'ctf/field-type';
  expect(withField('u65')).toThrow(
    expect.objectContaining({ code, where: 'channel', hint: expect.stringMatching(/^did you mean u/) }),
  );
  expect(withField('strng')).toThrow(expect.objectContaining({ code, hint: 'did you mean string?' }));
  expect(withField('integer')).toThrow('"integer" is not the type of a field');
  expect(withField(undefined)).toThrow(expect.objectContaining({ code, where: 'channel' }));
  expect(withField(null)).toThrow(expect.objectContaining({ code }));
});
