/** What a mistyped word may have meant. */
import { closestName } from '@spoor/base';

/** `did you mean X?`, if a known word is near. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  const near = closestName(word, known);
  return near === undefined ? undefined : `did you mean ${near}?`;
}
