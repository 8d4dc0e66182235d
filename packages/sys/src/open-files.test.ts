import { SpoorError } from '@spoor/base';
import { expect, test } from 'vitest';
import { nameLackOfDescriptors, openFilesLimit, readsModulesInTurn } from './open-files.ts';

const withCode = (code: string, message = code): Error => Object.assign(new Error(message), { code });
const missing = (path: string): Error =>
  withCode('ERR_MODULE_NOT_FOUND', `Cannot find package '${path}' imported from /here.js`);

test('the limit of this process is a number', () => {
  expect(openFilesLimit()).toBeGreaterThan(0);
});

test('modules are read in turn where few may be open', () => {
  expect(readsModulesInTurn(1024)).toBe(false);
  expect(readsModulesInTurn(undefined)).toBe(false);
  expect(readsModulesInTurn(60)).toBe(
    (process.features as { readonly require_module?: boolean }).require_module === true,
  );
});

test.each([
  withCode('EMFILE'),
  new SpoorError('record/output', 'cannot write', { cause: withCode('ENFILE') }),
  missing(`${import.meta.dirname}/index.js`),
  missing(`${import.meta.dirname}/not-there.js`),
])('%s is told as what it is', (error) => {
  expect(nameLackOfDescriptors(error, 60)).toMatchObject({
    code: 'sys/no-descriptors',
    message: 'too many open files: the limit of 60 is too low',
    hint: expect.stringContaining('ulimit -n') as string,
  });
});

test('other errors stay what they are, and so does a package that is not there', () => {
  const own = new Error('its own cause');
  own.cause = own;
  const others = [
    own,
    withCode('ENOENT'),
    missing('/nowhere/at-all/index.js'),
    missing('left-pad'),
    undefined,
    null,
  ];
  for (const error of others) expect(nameLackOfDescriptors(error, 60)).toBe(error);
  const here = missing(`${import.meta.dirname}/index.js`);
  expect(nameLackOfDescriptors(here, 4096)).toBe(here);
});
