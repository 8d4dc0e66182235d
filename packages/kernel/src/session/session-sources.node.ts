/** What the channels of a session record beside what their rings hold: which of that is at work, and under which numbers. */
import { describeError } from '@spoor/base';
import { ChannelSources, type SourceSurroundings } from './channel-sources.node.ts';
import type { KernelChannelDescription } from './session-description.ts';
import type { SessionState } from './session-state.node.ts';
import type { TraceFrame } from './trace-files.node.ts';

/** The session that they belong to. */
export interface SourcesOwner {
  readonly root: string;
  readonly prefix: string | undefined;
  readonly state: SessionState;
  readonly save: () => void;
  readonly nextStreamClass: () => number;
  readonly frame: () => TraceFrame;
  /** Processors of a channel that is at work. */
  readonly cpusOf: (channel: string) => readonly number[];
  readonly onNote: (severity: 'info' | 'error', text: string) => void;
}

export class SessionSources {
  private readonly owner: SourcesOwner;
  private readonly atWork = new Map<string, ChannelSources>();
  private lostBefore = 0;

  constructor(owner: SourcesOwner) {
    this.owner = owner;
  }

  /** Events of those that are at work; those of others are in the session's state. */
  get eventCount(): number {
    let count = 0;
    for (const sources of this.atWork.values()) count += sources.eventCount;
    return count;
  }

  get lostCount(): number {
    let count = this.lostBefore;
    for (const sources of this.atWork.values()) count += sources.lostCount;
    return count;
  }

  /**
   * Has those of these channels at work, and no others.
   * @param directory of the trace chunk.
   * @param isActive whether the session records.
   */
  async apply(
    channels: readonly KernelChannelDescription[],
    directory: string,
    isActive: boolean,
  ): Promise<void> {
    const { atWork, owner } = this;
    for (const name of new Set([...atWork.keys(), ...channels.map((channel) => channel.name)])) {
      const wanted = channels.find((channel) => channel.name === name);
      const key = wanted === undefined ? '' : ChannelSources.keyOf(wanted);
      const known = atWork.get(name);
      if (known?.key === key) continue;
      if (known !== undefined) await this.endOf(name, known, isActive);
      if (wanted === undefined || key === '') continue;
      try {
        atWork.set(name, await ChannelSources.begin(wanted, this.surroundings(name, key, directory)));
      } catch (error) {
        // The rings are recorded without them.
        owner.onNote('error', describeError(error));
      }
    }
  }

  /** Ends all of them. */
  async end(isActive: boolean): Promise<void> {
    for (const [name, sources] of this.atWork) await this.endOf(name, sources, isActive);
  }

  private async endOf(name: string, sources: ChannelSources, isActive: boolean): Promise<void> {
    const { state, onNote } = this.owner;
    this.atWork.delete(name);
    const failure = await sources.end();
    if (failure !== undefined) onNote('error', failure);
    state.eventCount += sources.eventCount;
    this.lostBefore += sources.lostCount;
    // What comes while the session does not record is not recorded.
    if (!isActive) delete state.channels[name]?.logPosition;
  }

  private surroundings(name: string, key: string, directory: string): SourceSurroundings {
    const { root, prefix, state, save, nextStreamClass, frame, cpusOf, onNote } = this.owner;
    const own = state.channels[name]!;
    // Readers that take chunks together want one class of them all.
    own.sources =
      own.sources?.key === key
        ? own.sources
        : { key, streamClass: nextStreamClass(), directory: '', begun: 0 };
    const numbers = own.sources;
    numbers.begun += 1;
    const suffix = numbers.begun === 1 ? '' : `-${numbers.begun}`;
    const cpus = cpusOf(name);
    // Streams of their own: packets of each are numbered from 0. The log's has the number behind the last processor's.
    const firstNumber = (numbers.begun - 1) * (Math.max(...cpus) + 2);
    return {
      root,
      prefix,
      cpus,
      declare: (events) => {
        const stream = frame().plainClass(numbers.streamClass, events);
        if (numbers.directory !== directory) frame().declarePlain(directory, stream);
        numbers.directory = directory;
        save();
        return stream;
      },
      open: (stream, source, number, cpu) =>
        frame().plainStream(directory, stream, `${name}_${source}${suffix}`, firstNumber + number, cpu),
      logPosition: own.logPosition,
      onLogPosition: (position) => {
        if (own.logPosition === position) return;
        own.logPosition = position;
        save();
      },
      onFailure: (error) => onNote('error', describeError(error)),
    };
  }
}
