import { SpoorError } from '@spoor/base';

/** Decides whether a text is meant. */
export type TextMatcher = (text: string) => boolean;

const expressionForm = /^\/(.+)\/([imsu]*)$/;

/**
 * Reads what a person typed into a search box: `/…/` with optional flags is a regular expression, all else is looked
 * for as it stands, whatever its case. Undefined for an empty box.
 * @throws SpoorError `view/pattern` when the regular expression is not one.
 */
export function parsePattern(text: string): TextMatcher | undefined {
  if (text === '') return undefined;
  const expression = expressionForm.exec(text);
  if (expression === null) {
    const wanted = text.toLowerCase();
    return (candidate) => candidate.toLowerCase().includes(wanted);
  }
  try {
    const compiled = new RegExp(expression[1]!, expression[2]);
    return (candidate) => compiled.test(candidate);
  } catch (error) {
    // V8 says "Invalid regular expression: /[/: Unterminated character class": its end is the news.
    const hint = String(error).split(': ').at(-1);
    throw new SpoorError('view/pattern', `not a regular expression: ${text}`, { hint });
  }
}

/** What is wanted in each column of the table; empty text is no wish. */
export interface ColumnPatterns {
  readonly process: string;
  readonly thread: string;
  readonly event: string;
  readonly fields: string;
}

/** Whether nothing is wanted in any column. */
export function isEmpty(patterns: ColumnPatterns): boolean {
  return patterns.process === '' && patterns.thread === '' && patterns.event === '' && patterns.fields === '';
}

/** Whether a regular expression is among them: some take longer than anyone waits. */
export function hasExpression(patterns: ColumnPatterns): boolean {
  const { process, thread, event, fields } = patterns;
  return [process, thread, event, fields].some((text) => expressionForm.test(text));
}
