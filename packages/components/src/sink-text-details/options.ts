/** Choices of `sink.text.details`, named as babeltrace2's parameters of it. */
import { noColors, type Colors } from '../text-colors.ts';

export interface DetailsOptions {
  /** Prints trace, stream and event classes before what first needs them. */
  readonly withMetadata: boolean;
  /** Prints streams, packets, events and losses. */
  readonly withData: boolean;
  /** One line a message, without its fields. */
  readonly compact: boolean;
  readonly withTime: boolean;
  readonly withTraceName: boolean;
  readonly withStreamClassName: boolean;
  readonly withStreamName: boolean;
  readonly withUuid: boolean;
  readonly colors: Colors;
}

export const defaultDetailsOptions: DetailsOptions = {
  withMetadata: true,
  withData: true,
  compact: false,
  withTime: true,
  withTraceName: true,
  withStreamClassName: true,
  withStreamName: true,
  withUuid: true,
  colors: noColors,
};
