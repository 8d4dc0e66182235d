// Places in programs as LTTng knows them: without the values that are recorded there.

/** The place without values, and without saying that it is where the function returns. */
export function plainPlace(location: string): string {
  const text = /^(.+?:[^:(]+)\(.*\)$/s.exec(location)?.[1] ?? location;
  return text.replace(/%return$/, '');
}

/** Whether it is where a function returns. */
export function isReturnPlace(location: string): boolean {
  return /%return(?:\(.*\))?$/s.test(location);
}
