import { SpoorError } from '@spoor/base';

const MOST_NAME_BYTES = 200;

/**
 * Checks the name of a session, a channel or an output, which becomes part of a file name.
 * @throws SpoorError `control/invalid-name`.
 */
export function checkName(what: string, name: string): void {
  const wrong =
    name === ''
      ? 'it is empty'
      : name === '.' || name === '..'
        ? 'it means a directory'
        : name.includes('/')
          ? 'it has a slash'
          : /\p{Cc}/u.test(name)
            ? 'it has a control character'
            : /\p{Cs}/u.test(name)
              ? 'it is no Unicode text'
              : new TextEncoder().encode(name).length > MOST_NAME_BYTES
                ? `it is longer than ${MOST_NAME_BYTES} bytes`
                : undefined;
  if (wrong === undefined) return;
  throw new SpoorError('control/invalid-name', `no ${what} can be named ${JSON.stringify(name)}: ${wrong}`);
}
