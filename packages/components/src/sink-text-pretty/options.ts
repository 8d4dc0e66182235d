/** Choices of the text form, named as babeltrace2's parameters of `sink.text.pretty`. */
import type { Scope } from '@spoor/ctf';
import { noColors, type Colors } from '../text-colors.ts';

export interface PrettyOptions {
  /** Times as seconds since the clock's origin. */
  readonly clockSeconds: boolean;
  /** Times of day in UTC rather than local time. */
  readonly clockGmt: boolean;
  /** The date before the time of day. */
  readonly clockDate: boolean;
  /** Clock values in ticks. */
  readonly clockCycles: boolean;
  readonly noDelta: boolean;
  readonly namePayload: boolean;
  readonly nameContext: boolean;
  readonly nameScope: boolean;
  readonly nameHeader: boolean;
  readonly fieldTrace: boolean;
  readonly fieldTraceHostname: boolean;
  readonly fieldTraceDomain: boolean;
  readonly fieldTraceProcname: boolean;
  readonly fieldTraceVpid: boolean;
  readonly fieldLoglevel: boolean;
  readonly fieldEmf: boolean;
  readonly colors: Colors;
}

export const defaultPrettyOptions: PrettyOptions = {
  clockSeconds: false,
  clockGmt: false,
  clockDate: false,
  clockCycles: false,
  noDelta: false,
  namePayload: true,
  nameContext: true,
  nameScope: false,
  nameHeader: false,
  fieldTrace: false,
  fieldTraceHostname: true,
  fieldTraceDomain: false,
  fieldTraceProcname: true,
  fieldTraceVpid: true,
  fieldLoglevel: false,
  fieldEmf: false,
  colors: noColors,
};

/** Names of scopes as `--names scope` shows them. */
export const scopeTitles: Readonly<Record<Scope, string>> = {
  'packet-header': 'trace.packet.header',
  'packet-context': 'stream.packet.context',
  'event-header': 'stream.event.header',
  'event-common-context': 'stream.event.context',
  'event-specific-context': 'event.context',
  'event-payload': 'event.fields',
};
