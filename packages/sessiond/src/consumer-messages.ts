import type { RecordingTotals } from './ledger.ts';

/** What the consumer tells the command, over Node's IPC channel. */
export type ConsumerMessage =
  /** It is loaded and waits for its start. */
  | { readonly kind: 'ready' }
  /** Something worth telling the user, one line; the same text may come again from a new consumer. */
  | { readonly kind: 'note'; readonly severity: 'info' | 'error'; readonly text: string }
  /** All is written and the consumer ends. */
  | { readonly kind: 'drained'; readonly totals: RecordingTotals; readonly complete: boolean };

/**
 * What the command tells the consumer: to begin (no other consumer works on the session any more), or to write out
 * everything and end. When the channel closes, the consumer acts as if told to stop.
 */
export type CommandMessage = { readonly kind: 'start' } | { readonly kind: 'stop' };
