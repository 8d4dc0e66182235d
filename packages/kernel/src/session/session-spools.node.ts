/** Pages of a session's channels that wait on the disk until they are wanted as events. */
import { SpoorError } from '@spoor/base';
import type { FileUser } from '@spoor/sys';
import { conversionMemory } from './conversion-times.ts';
import type { KernelChannel } from './kernel-channel.node.ts';
import { KnownTasks } from './known-tasks.node.ts';
import type { ChannelPlan } from './plan-channel.node.ts';
import type { ConversionKind, SpoolRequest } from './reader-messages.ts';
import {
  leftSpoolFiles,
  notePathOf,
  removeSpoolDirectory,
  spoolDirectory,
  takeBackConverted,
  type SpoolPlace,
} from './spool-files.node.ts';

/** While much was converted much came: so often it is converted again, so that what comes then belongs to the next trace chunk. */
const mostRounds = 3;

/** That much is left to the next one. */
const smallBytes = 16 << 20;

/** Where pages of a session wait. */
export class SessionSpools {
  private readonly session: string;
  private readonly directory: string;
  private readonly writer: FileUser | undefined;
  private readonly times = conversionMemory();
  private ringCount = 0;
  private made: KnownTasks | undefined;

  /**
   * @param session its directory, which outlives this process.
   * @param output of the session, where there is room for pages.
   * @param writer with whose rights files are made; undefined for those of this process.
   */
  constructor(session: string, output: string, uuid: string, writer: FileUser | undefined) {
    this.session = session;
    this.directory = spoolDirectory(output, uuid);
    this.writer = writer;
  }

  /** What is known of tasks where the conversion of pages has come: channels that are converted as they come know more. */
  get tasks(): KnownTasks {
    this.made ??= new KnownTasks();
    return this.made;
  }

  private placeOf(channel: string, cpu: number): SpoolPlace {
    const { directory, writer, session } = this;
    return { directory, channel, cpu, writer, notePath: notePathOf(session, channel, cpu) };
  }

  /** What the thread of a ring is asked with. */
  request(channel: string, cpu: number): SpoolRequest {
    const index = this.ringCount;
    this.ringCount += 1;
    return { place: this.placeOf(channel, cpu), times: this.times, index };
  }

  /** Events that the kernel had handed out of a ring before those that another process has left; undefined without such. */
  firstReadOf(channel: string, cpu: number): number | undefined {
    return leftSpoolFiles(this.placeOf(channel, cpu))[0]?.readBefore;
  }

  /** Takes back what a killed process has converted in part, before anything is done with the trace. */
  takeBack(): void {
    takeBackConverted(this.session, this.directory, this.writer);
  }

  /** Nothing waits any more. */
  end(): void {
    removeSpoolDirectory(this.directory, this.writer);
  }

  /**
   * Makes events of what waits of channels. What comes meanwhile waits for the next time, but for a little.
   * @returns why it could not all be written, if so: it goes on with the next call.
   */
  async convert(channels: Iterable<KernelChannel>, how: ConversionKind): Promise<string | undefined> {
    const raw = [...channels].filter(({ isRaw }) => isRaw);
    if (raw.length === 0) return undefined;
    for (let round = 1; ; round += 1) {
      // Who was made comes before what they did, whatever ring that is in.
      this.tasks.await((await Promise.all(raw.map((channel) => channel.seal()))).flat());
      const rings = (await Promise.all(raw.map((channel) => channel.convert(how)))).flat();
      const stuck = rings.find(({ waiting }) => waiting?.stuck !== undefined)?.waiting?.stuck;
      if (stuck !== undefined) return stuck;
      const waitingBytes = rings.reduce((sum, { waiting }) => sum + (waiting?.bytes ?? 0), 0);
      if (round === mostRounds || waitingBytes < smallBytes) return undefined;
    }
  }

  /** Converts what is wanted now. @throws SpoorError `output/failed` where there is no room for it: it waits on. */
  async convertOrRefuse(channels: Iterable<KernelChannel>): Promise<void> {
    const stuck = await this.convert(channels, 'kept');
    if (stuck === undefined) return;
    throw new SpoorError('output/failed', `pages wait that cannot be converted: ${stuck}`, {
      hint: 'make room on the disk, or let it be written; what waits is kept, and converted then',
    });
  }
}

/** Tables of tasks, each with the plans of the channels that ask it. @param spools undefined where no pages wait. */
export function tablesOf(
  now: KnownTasks,
  spools: SessionSpools | undefined,
  plans: readonly ChannelPlan[],
): readonly (readonly [tasks: KnownTasks, plans: readonly ChannelPlan[]])[] {
  const isWaiting = ({ description: { rawPages } }: ChannelPlan): boolean => rawPages === true;
  if (spools === undefined || !plans.some(isWaiting)) return [[now, plans]];
  return [
    [now, plans.filter((plan) => !isWaiting(plan))],
    [spools.tasks, plans.filter(isWaiting)],
  ];
}
