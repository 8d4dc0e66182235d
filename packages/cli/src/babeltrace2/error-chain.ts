/** Errors as babeltrace2 prints them: the outermost first, what caused it below, in lines of 80 columns. */
import { describeError, SpoorError } from '@spoor/base';

const columns = 80;

/** Text in lines that are indented by two, broken at blanks. */
function wrapped(text: string): string {
  return text
    .replace(/\n+$/, '')
    .split('\n')
    .map((line) => {
      const indent = `  ${/^ */.exec(line)![0]}`;
      const lines: string[] = [];
      let current = '';
      for (const word of line.trimStart().split(' ')) {
        if (current !== '' && indent.length + current.length + 1 + word.length > columns) {
          lines.push(indent + current);
          current = word;
        } else {
          current = current === '' ? word : `${current} ${word}`;
        }
      }
      return [...lines, indent + current].join('\n');
    })
    .join('\n');
}

/** What babeltrace2 says where Spoor says the same in its own words: scripts look for it. */
const peerWords: readonly {
  readonly code: string;
  readonly message: RegExp;
  readonly text: (error: SpoorError) => string;
}[] = [
  {
    code: 'convert/time',
    message: /is not a time/,
    text: (error) => `Invalid date/time format: param=${error.message.replace(/ is not a time$/, '')}`,
  },
  {
    code: 'source-ctf-fs/intersection',
    message: /no streams/,
    text: ({ where = '' }) => `Trace has no streams: trace-path=${where}`,
  },
  {
    code: 'source-ctf-fs/intersection',
    message: /no time at which/,
    text: ({ where = '' }) =>
      `Trimming time range's beginning time is greater than end time: trace-path=${where}`,
  },
];

/** Whether an error is in the form of babeltrace2 itself. */
function isOfCommandLine(error: unknown): error is SpoorError {
  return error instanceof SpoorError && error.code.startsWith('babeltrace2/');
}

function causesOf(error: unknown): { readonly actor: string; readonly text: string }[] {
  if (isOfCommandLine(error)) {
    const own = { actor: 'Babeltrace CLI', text: error.message };
    return error.cause === undefined ? [own] : [own, ...causesOf(error.cause)];
  }
  const words =
    error instanceof SpoorError
      ? peerWords.filter(({ code, message }) => error.code === code && message.test(error.message))
      : [];
  return [
    ...words.map(({ text }) => ({ actor: 'Spoor', text: text(error as SpoorError) })),
    { actor: 'Spoor', text: describeError(error) },
  ];
}

/**
 * The text of an error with its causes, for standard error: what components say comes first in lines that are not
 * broken, as babeltrace2 logs it.
 */
export function errorChainText(error: unknown): string {
  const [first, ...rest] = causesOf(error);
  const logged = rest.filter(({ actor }) => actor === 'Spoor').map(({ text }) => `spoor: ${text}\n`);
  const head = `\nERROR:    [${first!.actor}] (spoor-babeltrace2)\n${wrapped(first!.text)}\n`;
  return (
    logged.join('') +
    head +
    rest.map(({ actor, text }) => `CAUSED BY [${actor}] (spoor-babeltrace2)\n${wrapped(text)}\n`).join('')
  );
}

/** An error of the command line, below the one that says so. */
export function commandLineError(cause: unknown): SpoorError {
  return new SpoorError('babeltrace2/command-line', 'Command-line error: retcode=1', { cause });
}
