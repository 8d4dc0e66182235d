/** Lists of `--names` and `--fields`, as parameters of `sink.text.pretty`. */
import { SpoorError } from '@spoor/base';
import { fieldWords, nameWords } from '../convert/shown-words.ts';

const nameListWords: Readonly<Record<string, string>> = { ...nameWords, all: 'all', none: 'none' };
/** babeltrace2 has no `none` here. */
const fieldListWords = { ...fieldWords, all: 'all' };

function listError(message: string): SpoorError {
  return new SpoorError('babeltrace2/list', message);
}

/** The words between commas and blanks. */
function wordsOf(list: string, check: (word: string) => string): string[] {
  const words: string[] = [];
  const token = /[ \t\n,]*(?:([A-Za-z_][A-Za-z:_-]*)|([^]))/y;
  for (let found = token.exec(list); found !== null; found = token.exec(list)) {
    if (found[1] === undefined && /[ \t\n,]/.test(found[2]!)) break;
    if (found[1] === undefined) {
      throw listError(`A list of names cannot have \`${found[2]!}\`:\n    ${list}`);
    }
    words.push(check(found[1]));
  }
  return words;
}

function parameters(words: readonly string[], prefix: string): string[] {
  const isDefault = (word: string): boolean => word === 'all' || word === 'none';
  const shown = words.map((word) =>
    isDefault(word) ? `${prefix}-default=${word === 'all' ? 'show' : 'hide'}` : `${prefix}-${word}=yes`,
  );
  const hidesOthers = words.length > 0 && !words.some(isDefault);
  return hidesOthers ? [...shown, `${prefix}-default=hide`] : shown;
}

/** Parameters of `--names`. @throws SpoorError `babeltrace2/list`. */
export function namesParameters(list: string): string[] {
  const words = wordsOf(list, (word) => {
    const known = Object.hasOwn(nameListWords, word) ? nameListWords[word] : undefined;
    if (known === undefined) throw listError(`Unknown name: \`${word}\`.`);
    return known;
  });
  if (words.includes('all') && words.includes('none')) {
    throw listError(
      'Only either `all` or `none` can be specified in the list given to the --names option, but not both.',
    );
  }
  return parameters(words, 'name');
}

/** Parameters of `--fields`. @throws SpoorError `babeltrace2/list`. */
export function fieldsParameters(list: string): string[] {
  return parameters(
    wordsOf(list, (word) => {
      if (!Object.hasOwn(fieldListWords, word)) throw listError(`Unknown field: \`${word}\`.`);
      return word;
    }),
    'field',
  );
}
