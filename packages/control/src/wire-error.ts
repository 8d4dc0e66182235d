import { SpoorError, describeError } from '@spoor/base';
import type { WireError } from './protocol.ts';

/** An error as a line tells it: causes become part of the message, and what is no error of ours gets `control/internal`. */
export function toWireError(error: unknown): WireError {
  if (!(error instanceof SpoorError)) return { code: 'control/internal', message: describeError(error) };
  const cause = error.cause === undefined ? '' : `: ${describeError(error.cause)}`;
  return {
    code: error.code,
    message: `${error.message}${cause}`,
    ...(error.where === undefined ? {} : { where: error.where }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}

/** The error that a line told. */
export function fromWireError({ code, message, where, hint }: WireError): SpoorError {
  return new SpoorError(code, message, { where, hint });
}
