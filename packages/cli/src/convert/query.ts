/** The work of `spoor query`: what a component class knows without a graph. */
import { SpoorError } from '@spoor/base';
import { checkParameters, Logger, type Parameters, type QueryAnswer } from '@spoor/graph';
import type { GeneralOptions } from '../commands/general-options.ts';
import { suggestion } from '../suggestion.ts';
import { openSession } from './open-session.ts';
import { parametersOf } from './run-command.ts';
import { interruptedStatus, interruptible, type Session } from './session.ts';

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

/** The text of an answer, in the form of babeltrace2's values. */
export function answerText(value: QueryAnswer, indent = 0): string {
  const pad = ' '.repeat(indent);
  const nested = (item: QueryAnswer): string => {
    if (typeof item !== 'object' || item === null) return answerText(item);
    return isEmpty(item) ? answerText(item) : `\n${answerText(item, indent + 2)}`;
  };
  if (value === null) return 'null\n';
  if (typeof value === 'boolean') return value ? 'yes\n' : 'no\n';
  if (typeof value === 'number') return `${value.toFixed(6)}\n`;
  if (typeof value !== 'object') return `${value}\n`;
  if (isEmpty(value)) return `${pad}${Array.isArray(value) ? '[ ]' : '{ }'}\n`;
  if (Array.isArray(value)) {
    return value.map((item: QueryAnswer) => `${pad}- ${nested(item)}`).join('');
  }
  return Object.entries(value)
    .map(([name, item]) => `${pad}${name}: ${nested(item)}`)
    .join('');
}

/** Shows on a terminal how far a query is. */
class Progress {
  private shown = false;

  show(part: number, text: string): void {
    if (!process.stderr.isTTY) return;
    this.shown = true;
    process.stderr.write(`\r\u001b[K${String(Math.floor(part * 100)).padStart(3)} % ${text}`);
  }

  clear(): void {
    if (this.shown) process.stderr.write('\r\u001b[K');
  }
}

/** What came of a query: nothing and the status of an interruption, where Ctrl-C ended it. */
export interface QueryResult {
  readonly status: number;
  readonly answer?: QueryAnswer;
}

/**
 * Asks a component class.
 * @throws SpoorError for a class or an object that there is not, and for wrong parameters.
 */
export async function answerQuery(
  { registry, level }: Session,
  className: string,
  object: string,
  parameters: Parameters,
): Promise<QueryResult> {
  const { fullName, componentClass } = registry.find(className);
  const objects = componentClass.queries ?? {};
  const known = Object.hasOwn(objects, object) ? objects[object] : undefined;
  if (known === undefined) {
    const names = Object.keys(objects);
    if (names.length === 0) {
      throw new SpoorError('query/class', `${fullName} answers no queries`, { hint: 'source.ctf.fs does' });
    }
    throw new SpoorError('query/object', `${fullName} knows no query ${JSON.stringify(object)}`, {
      hint: suggestion(object, names) ?? `it knows ${names.join(' and ')}`,
    });
  }
  checkParameters(`${fullName} ${object}`, parameters, known.parameters);
  return interruptible(async (signal) => {
    const progress = new Progress();
    const log = new Logger(level, (at, text) => process.stderr.write(`spoor: ${at}: ${text}\n`));
    try {
      const answer = await known.answer(parameters, {
        log,
        signal,
        progress: async (part, text) => {
          progress.show(part, text);
          log.debug(`${Math.floor(part * 100)} % ${text}`);
          await new Promise((resolve) => void setImmediate(resolve));
          signal.throwIfAborted();
        },
      });
      progress.clear();
      return { status: 0, answer };
    } catch (error) {
      progress.clear();
      if (signal.aborted) return { status: interruptedStatus };
      throw error;
    }
  });
}

/** Answers a query on standard output. @returns the exit status. */
export async function query(
  className: string,
  object: string,
  parameterTexts: readonly string[],
  options: GeneralOptions,
): Promise<number> {
  const session = await openSession(options);
  const { status, answer } = await answerQuery(session, className, object, parametersOf(parameterTexts));
  if (answer !== undefined) process.stdout.write(answerText(answer));
  return status;
}
