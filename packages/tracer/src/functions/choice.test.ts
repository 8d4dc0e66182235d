import { expect, test } from 'vitest';
import { absoluteGlob, globsOfVariable, isChosen, makeChoice, splitGlobs } from './choice.ts';

/** Which of these files below `/app` the globs choose. */
function chosen(globs: string, ...files: readonly string[]): readonly string[] {
  const choice = makeChoice(splitGlobs(globs), '/app');
  return files.filter((file) => isChosen(choice, file.startsWith('/') ? file : `/app/${file}`));
}

test('globs choose files as in a shell', () => {
  const files = ['a.js', 'src/a.js', 'src/b.mjs', 'src/deep/er/c.js', 'lib/.hidden.js', '/other/a.js'];
  expect(chosen('src/**', ...files)).toEqual(['src/a.js', 'src/b.mjs', 'src/deep/er/c.js']);
  expect(chosen('src', ...files)).toEqual(['src/a.js', 'src/b.mjs', 'src/deep/er/c.js']);
  expect(chosen('src/', ...files)).toEqual(['src/a.js', 'src/b.mjs', 'src/deep/er/c.js']);
  expect(chosen('*.js', ...files)).toEqual(['a.js']);
  expect(chosen('**/*.js', ...files)).toEqual(['a.js', 'src/a.js', 'src/deep/er/c.js', 'lib/.hidden.js']);
  expect(chosen('src/?.{js,mjs}', ...files)).toEqual(['src/a.js', 'src/b.mjs']);
  expect(chosen('src/[b-z].*,/other/**', ...files)).toEqual(['src/b.mjs', '/other/a.js']);
  expect(chosen('src/[!b]*', ...files)).toEqual(['src/a.js']);
  expect(chosen('!**/deep/**', ...files)).toEqual(['a.js', 'src/a.js', 'src/b.mjs', 'lib/.hidden.js']);
  expect(chosen('**,!src,!*.js', ...files)).toEqual(['lib/.hidden.js']);
  expect(chosen('src/a.js', 'src/a.js', 'src/a.jsx', 'src/axjs')).toEqual(['src/a.js']);
  expect(chosen('a+(b).js', 'a+(b).js', 'aab.js')).toEqual(['a+(b).js']);
});

test('dependencies are chosen only by name', () => {
  const files = ['src/a.js', 'node_modules/x/a.js', 'src/node_modules/y/b.js'];
  expect(chosen('**', ...files)).toEqual(['src/a.js']);
  expect(chosen('node_modules/x/**', ...files)).toEqual(['node_modules/x/a.js']);
  expect(chosen('**,!node_modules/x', ...files)).toEqual(['src/a.js']);
  expect(chosen('**/node_modules/**', ...files)).toEqual(['node_modules/x/a.js', 'src/node_modules/y/b.js']);
});

test('lists of globs are read and handed on', () => {
  expect(splitGlobs(' a/{b,c}/** , !d,, ! ')).toEqual(['a/{b,c}/**', '!d']);
  expect(globsOfVariable('a,!b')).toEqual(['a', '!b']);
  expect(globsOfVariable('["a,b","!c"]')).toEqual(['a,b', '!c']);
  expect(absoluteGlob('!src/**', '/app')).toBe('!/app/src/**');
  expect(absoluteGlob('/abs/*', '/app')).toBe('/abs/*');
});
