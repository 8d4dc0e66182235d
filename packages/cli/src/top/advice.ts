/** What sizes channels should have, from what was seen of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ControlClient, Session, SessionUsage } from '@spoor/control';
import { adviseGeometry } from '@spoor/sessiond/record';
import { endedDiscardedOf } from '../control/ended-discarded.ts';
import { binarySizeText, sizeArgument } from '../units.ts';
import {
  type SessionLook,
  type ThroughputRow,
  type TopFrame,
  UsageHistory,
  channelOf,
} from './usage-history.ts';

/** How long a consumer may stay away on a busy machine without a loss. */
const CALM_SECONDS = 0.5;
/** Room for twice of what was seen: what a ring needed is not known exactly here. */
const RESERVE = 2;

/** Advice about one channel. */
export interface Advice {
  readonly session: string;
  readonly channel: string;
  /** What was seen and what follows, in one line. */
  readonly text: string;
  /** What to run, where sizes should change. */
  readonly command?: string;
  /** Of a flight recorder: how many seconds back a snapshot reaches, in the process that writes most. */
  readonly heldSeconds?: number;
}

/** Advises on each channel of the sessions that were looked at. */
export function adviseOn(frame: TopFrame, looks: readonly SessionLook[]): readonly Advice[] {
  const advices: Advice[] = [];
  for (const { session, usage } of looks) {
    for (const channel of session.channels) {
      const rows = frame.rows.filter(
        (row) => row.session === session.name && channelOf(row, looks) === channel,
      );
      const advice =
        rows.length === 0 ? adviceOnEnded(session, channel, usage) : adviceOn(session, channel, rows);
      if (advice !== undefined) advices.push(advice);
    }
  }
  return advices;
}

/** Nothing is at work that could be measured. */
function adviceOnEnded(session: Session, channel: Channel, usage: SessionUsage): Advice | undefined {
  const lost = channel.lossMode === 'overwrite' ? 0 : endedDiscardedOf(channel, usage);
  if (lost === 0) return undefined;
  const text = `${lost} events were lost by threads that are over; what sizes they need is seen while they record`;
  return { session: session.name, channel: channel.name, text };
}

function adviceOn(session: Session, channel: Channel, rows: readonly ThroughputRow[]): Advice | undefined {
  const names = { session: session.name, channel: channel.name };
  if (channel.lossMode === 'overwrite') {
    const heldSeconds = heldBy(rows);
    if (heldSeconds === undefined) return undefined;
    const text = `the buffers hold the last ${secondsText(heldSeconds)}; ${sizesText(channel)} a thread`;
    return { ...names, text, heldSeconds };
  }
  const lost = rows.reduce((sum, { lostAtSizeCount }) => sum + lostAtSizeCount, 0);
  const fullest = rows.reduce((peak, { peakUsedRatio }) => Math.max(peak, peakUsedRatio), 0);
  if (lost === 0 && fullest < 0.75) return undefined;
  const ringBytes = channel.subBufferSizeBytes * channel.subBufferCount;
  const neededBytes = Math.max(...rows.map((row) => neededOf(row, ringBytes)));
  const seen = lost > 0 ? `${lost} events were lost` : `the buffers were ${Math.round(fullest * 100)} % full`;
  const rate = Math.max(...rows.map(({ peakBytesPerSecond }) => peakBytesPerSecond));
  const at = rate === 0 ? '' : ` at ${binarySizeText(Math.round(rate))}/s`;
  const ring = `a ${channel.domain === 'kernel' ? 'processor' : 'thread'}`;
  const text = `${seen}${at} with ${sizesText(channel)} ${ring}`;
  if (rows.some(isStuck))
    return {
      ...names,
      text: `${text}, which nothing empties; larger ones do not help: spoor status says why`,
    };
  const { name, subBufferSizeBytes, subBufferCount } = channel;
  const advised = adviseGeometry({ channel: name, subBufferSizeBytes, subBufferCount, neededBytes }, RESERVE);
  if (advised === undefined)
    return { ...names, text: `${text}; no larger ones would be enough: record less` };
  const domain = channel.domain === 'kernel' ? ' -k' : '';
  const sizes = `--subbuf-size ${sizeArgument(advised.subBufferSizeBytes)} --num-subbuf ${advised.subBufferCount}`;
  return { ...names, text, command: `spoor enable-channel${domain} ${name} -s ${session.name} ${sizes}` };
}

/** Whether the buffers are full, and no event gets into them any more. */
function isStuck({ usedRatio, bytesPerSecond, lostPerSecond }: ThroughputRow): boolean {
  return usedRatio > 0.99 && bytesPerSecond === 0 && lostPerSecond > 0;
}

/**
 * Bytes of a ring that would have been enough. What the fullest moment took is known; of a ring that lost events it is
 * only known that it was too small, so what went on for half a second counts, and its size at least.
 */
function neededOf(row: ThroughputRow, ringBytes: number): number {
  const stalled = (row.peakDemandBytesPerSecond / Math.max(1, row.ringCount)) * CALM_SECONDS;
  const seen = row.peakUsedRatio * ringBytes;
  return Math.max(row.lostAtSizeCount > 0 ? ringBytes : seen, stalled);
}

function heldBy(rows: readonly ThroughputRow[]): number | undefined {
  const held = rows
    .filter(({ peakBytesPerSecond }) => peakBytesPerSecond > 0)
    .map(({ capacityBytes, peakBytesPerSecond }) => capacityBytes / peakBytesPerSecond);
  return held.length === 0 ? undefined : Math.min(...held);
}

function secondsText(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function sizesText({ subBufferCount, subBufferSizeBytes }: Channel): string {
  return `${subBufferCount} × ${binarySizeText(subBufferSizeBytes)}`;
}

/** Advice for people, a line or two each. */
export function adviceText(advices: readonly Advice[]): string {
  return advices
    .map(({ session, channel, text, command }) => {
      const then = command === undefined ? '' : `\n    ${command}`;
      return `${session}/${channel}: ${text}${then}\n`;
    })
    .join('');
}

/** Watches one session for some time and advises on its channels. */
export async function adviceOnSession(
  client: ControlClient,
  first: SessionLook,
  watchedMs: number,
): Promise<readonly Advice[]> {
  const history = new UsageHistory();
  history.add([first], 0);
  await sleep(watchedMs);
  const usage = await client.call('get-usage', { session: first.session.name });
  const looks = [{ session: first.session, usage }];
  return adviseOn(history.add(looks, watchedMs), looks);
}
