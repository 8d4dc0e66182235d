/** `add-trigger`'s command line: `[--name=NAME] --condition=TYPE [ARGUMENTS] --action=TYPE [ARGUMENTS]...`. */
import type { Action, Condition, TriggerRequest } from '@spoor/control';
import { ArgumentList, argumentError, readValue } from './argument-list.ts';
import { readAction, type ResolvePath } from './action-arguments.ts';
import { readCondition } from './condition-arguments.ts';
import type { RuleContext } from './event-rule-arguments.ts';

/** What arguments mean depends on. */
export interface ArgumentContext extends RuleContext {
  readonly resolvePath: ResolvePath;
}

/**
 * Reads the arguments of `add-trigger`.
 * @throws SpoorError `trigger/argument`, `trigger/capture`, `trigger/rate-policy`, `filter/…`.
 */
export function readTriggerArguments(args: readonly string[], context: ArgumentContext): TriggerRequest {
  const words = new ArgumentList(args);
  const identity: { name?: string; ownerUid?: number } = {};
  let condition: Condition | undefined;
  const actions: Action[] = [];
  while (!words.isAtEnd) {
    const option = words.takeOption(['--name', '--owner-uid', '--condition', '--action']);
    if (option === undefined) throw unexpected(words.next);
    const { name, value } = option;
    switch (name) {
      case '--name':
        identity.name = readValue(name, value, (text) => (text === '' ? undefined : text), 'a name');
        break;
      case '--owner-uid':
        identity.ownerUid = readValue(name, value, parseUid, 'the number of a user');
        break;
      case '--condition':
        if (condition !== undefined) throw argumentError('a --condition was already given');
        condition = readCondition(value, words, context);
        break;
      case '--action':
        actions.push(readAction(value, words, context.resolvePath));
        break;
      default:
        name satisfies never;
    }
  }
  if (condition === undefined) throw argumentError('a --condition is missing');
  if (actions.length === 0) throw argumentError('at least one --action is needed');
  return { ...identity, condition, actions };
}

function parseUid(text: string): number | undefined {
  const uid = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return uid < 2 ** 32 - 1 ? uid : undefined;
}

function unexpected(word: string): Error {
  return argumentError(
    `unexpected argument \`${word}\``,
    'options of a condition or an action stand right behind it',
  );
}
