/** A session daemon: its sessions, and one function for each method of the protocol. */
import { renameSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { SpoorError, closestName } from '@spoor/base';
import {
  CONTROL_VERSION,
  type CreateSession,
  type Domain,
  type Environment,
  type MethodName,
  type Methods,
  type Notification,
  type Output,
  type Session,
  type SnapshotOutput,
  checkName,
  homeDirectory,
} from '@spoor/control';
import { HUB_SESSIONS_FOLDER } from '@spoor/ringbuffer';
import { localTimestamp } from '../output-directory.ts';
import { ConsumerLink } from './consumer-link.ts';
import {
  addContexts,
  checkRule,
  disableChannel,
  disableEvent,
  enableChannel,
  enableEvent,
  track,
  withCheckedChannels,
} from './edits.ts';
import { Hub } from './hub.ts';
import { requireKernel, sweepKernel } from './kernel-access.ts';
import { localPath } from './chunk-places.ts';
import { ManagedSession } from './managed-session.ts';
import { TriggerService } from '../triggers/trigger-service.ts';
import { takesAutomaticEvents } from './automatic-events.ts';
import { SessionStore } from './session-store.ts';
import { TracepointListing } from './tracepoint-listing.ts';

/** What a daemon is made with. */
export interface DaemonOptions {
  /** Directory of its state, that of its socket. */
  readonly directory: string;
  readonly hub: string;
  readonly environment: Environment;
  readonly release: string;
  readonly publish: (notification: Notification) => void;
}

type Handlers = {
  readonly [Name in MethodName]: (
    params: Methods[Name]['params'],
  ) => Methods[Name]['result'] | Promise<Methods[Name]['result']>;
};

/** How often usages are looked at that triggers wait for: LTTng's monitor timer. */
const MONITOR_MS = 1000;

/** More sessions than this are refused: each has files, and is looked at again and again. */
const MOST_SESSIONS = 10_000;

export class Daemon {
  readonly #options: DaemonOptions;
  readonly #hub: Hub;
  readonly #store: SessionStore;
  readonly #consumer: ConsumerLink;
  readonly #sessions = new Map<string, ManagedSession>();
  readonly #tracepoints: TracepointListing;
  #triggers: TriggerService | undefined;
  #monitor: NodeJS.Timeout | undefined;

  /** @throws SpoorError when its directories cannot be made. */
  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#hub = new Hub(options.hub);
    const sessionsPath = join(options.hub, HUB_SESSIONS_FOLDER);
    this.#tracepoints = new TracepointListing(sessionsPath, () => this.#hub.touch());
    this.#store = new SessionStore(join(options.directory, 'sessions'));
    this.#consumer = new ConsumerLink(
      join(options.directory, 'consumer.sock'),
      ({ session, severity, text }) => {
        if (severity !== 'error') return;
        for (const managed of this.#sessions.values()) {
          if (this.#hub.sessionPath(managed.model.id) === session) managed.addTrouble(text);
        }
      },
    );
  }

  /** Takes over what an earlier daemon left. */
  async resume(): Promise<void> {
    const { sessions, unusable } = this.#store.readAll();
    for (const path of unusable) rmSync(path, { force: true });
    const known = new Set(sessions.map(({ session }) => session.id));
    // What an earlier daemon was killed over making or removing.
    for (const id of this.#hub.sessionIds()) if (!known.has(id)) this.#hub.remove(id);
    await sweepKernel();
    for (const { session, run } of sessions) {
      this.#sessions.set(session.name, new ManagedSession(this.#surroundings(), session, run));
    }
    for (const session of this.#sessions.values()) {
      await session.resume().catch((error: unknown) => session.addTrouble(String(error)));
    }
    const statePath = join(this.#options.directory, 'triggers.json');
    try {
      this.#triggers = this.#makeTriggers(statePath);
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      // Kept for whoever wants to know what was in it.
      renameSync(statePath, `${statePath}.unusable`);
      this.#triggers = this.#makeTriggers(statePath);
    }
    this.#monitor = setInterval(() => this.#lookAtUsage(), MONITOR_MS);
  }

  /**
   * Does what a request asks for.
   * @throws SpoorError what is wrong with it.
   */
  async handle<Name extends MethodName>(
    method: Name,
    params: Methods[Name]['params'],
  ): Promise<Methods[Name]['result']> {
    return this.#handlers[method](params);
  }

  /** Leaves all sessions to the next daemon: their consumer goes on. */
  async close(): Promise<void> {
    clearInterval(this.#monitor);
    this.#triggers?.close();
    this.#tracepoints.close();
    for (const session of this.#sessions.values()) session.close();
    await this.#consumer.close();
  }

  readonly #handlers: Handlers = {
    hello: ({ version }) => {
      if (version !== CONTROL_VERSION) {
        throw new SpoorError(
          'control/version',
          `the session daemon speaks version ${CONTROL_VERSION} of the protocol, not ${version}`,
          { hint: 'end the daemon (kill its process) and let this release start its own' },
        );
      }
      const { release } = this.#options;
      return { version: CONTROL_VERSION, pid: process.pid, release, hub: this.#hub.path };
    },
    'create-session': (asked) => ({ session: this.#create(asked).model, warnings: [] }),
    'destroy-session': async ({ session, wait = true }) => {
      const managed = this.#find(session);
      const result = await managed.destroy(wait);
      this.#sessions.delete(session);
      return result;
    },
    'start-session': async ({ session }) => {
      await this.#find(session).start();
      return { warnings: [] };
    },
    'stop-session': ({ session, wait = true }) => this.#find(session).stop(wait),
    'list-sessions': () => ({ sessions: [...this.#sessions.values()].map(({ model }) => model) }),
    'get-session': ({ session }) => ({ session: this.#find(session).model }),
    'list-tracepoints': async () => ({ programs: await this.#tracepoints.list() }),
    'get-usage': ({ session }) => this.#find(session).usage(),
    'enable-channel': async ({ session, domain, channel, attributes }) => {
      await requireDomain(domain);
      return this.#find(session).change((model) => enableChannel(model, domain, channel, attributes));
    },
    'disable-channel': async ({ session, domain, channel }) => {
      await this.#find(session).change((model) => ({
        session: disableChannel(model, domain, channel),
        result: undefined,
      }));
      return { warnings: [] };
    },
    'enable-event': async ({ session, domain, channel, rule }) => {
      await requireDomain(domain);
      const isUser = rule.kind === 'user-tracepoint';
      if (isUser !== (domain === 'user')) {
        throw new SpoorError(
          'control/invalid-rule',
          `a rule of kind ${rule.kind} is not of the ${domain} domain`,
        );
      }
      const result = await this.#find(session).change((model) => enableEvent(model, domain, channel, rule));
      return { ...result, rule: { rule, isEnabled: true } };
    },
    'disable-event': async ({ session, domain, channel, name, kind }) => {
      const disabledCount = await this.#find(session).change((model) =>
        disableEvent(model, domain, channel, name, kind),
      );
      return { disabledCount, warnings: [] };
    },
    'add-context': async ({ session, domain, channel, contexts }) => {
      await requireDomain(domain);
      const channels = await this.#find(session).change((model) =>
        addContexts(model, domain, channel, contexts),
      );
      return { channels, warnings: [] };
    },
    track: (asked) => this.#track(asked, true),
    untrack: (asked) => this.#track(asked, false),
    'rotate-session': async ({ session, wait = true }) => {
      const managed = this.#find(session);
      const rotation = managed.rotate();
      if (wait) return rotation;
      rotation.catch((error: unknown) => managed.addTrouble(String(error)));
      return { chunkId: managed.model.chunkId, state: 'pending', path: '' };
    },
    'set-rotation': async ({ session, periodUs, sizeBytes }) => {
      const managed = this.#find(session);
      if (managed.model.output === undefined) {
        throw new SpoorError('control/not-rotatable', `session ${session} has no trace chunks`);
      }
      const rotation = await managed.change((model) => {
        const result = {
          ...pick('periodUs', periodUs, model.rotation.periodUs),
          ...pick('sizeBytes', sizeBytes, model.rotation.sizeBytes),
        };
        return { session: { ...model, rotation: result }, result };
      });
      managed.reschedule();
      return { rotation };
    },
    'record-snapshot': async ({ session, ...asked }) => {
      if (asked.name !== undefined) checkName('snapshot', asked.name);
      return { snapshots: await this.#find(session).snapshot(asked) };
    },
    'add-snapshot-output': async ({ session, output, name, maxSizeBytes }) => {
      localPath(output);
      if (name !== undefined) checkName('snapshot output', name);
      const added = await this.#find(session).change((model) => {
        const id = Math.max(0, ...model.snapshotOutputs.map((other) => other.id)) + 1;
        const result: SnapshotOutput = {
          id,
          name: name ?? `snapshot-${id}`,
          output,
          ...(maxSizeBytes === undefined ? {} : { maxSizeBytes }),
        };
        if (model.snapshotOutputs.some((other) => other.name === result.name)) {
          throw new SpoorError(
            'control/snapshot-output',
            `there is a snapshot output ${result.name} already`,
          );
        }
        return { session: { ...model, snapshotOutputs: [...model.snapshotOutputs, result] }, result };
      });
      return { output: added };
    },
    'remove-snapshot-output': async ({ session, output }) => {
      await this.#find(session).change((model) => {
        const left = model.snapshotOutputs.filter(({ id, name }) => id !== output && name !== output);
        if (left.length === model.snapshotOutputs.length) {
          throw new SpoorError('control/snapshot-output', `there is no snapshot output ${output}`);
        }
        return { session: { ...model, snapshotOutputs: left }, result: undefined };
      });
      return { warnings: [] };
    },
    'clear-session': async ({ session }) => ({ warnings: await this.#find(session).clear() }),
    'regenerate-metadata': async ({ session }) => {
      await this.#find(session).regenerateMetadata();
      return { warnings: [] };
    },
    'regenerate-statedump': async ({ session }) => {
      await this.#find(session).dumpState();
      return { warnings: [] };
    },
    'restore-session': (asked) => this.#restore(asked),
    'add-trigger': (asked) => ({ trigger: this.#service().add(asked, process.getuid?.() ?? 0) }),
    'list-triggers': () => ({ triggers: this.#service().list(), status: this.#service().status() }),
    'remove-trigger': ({ name }) => {
      this.#service().remove(name);
      return { warnings: [] };
    },
    'add-map': (asked) => {
      this.#find(asked.session);
      return { map: this.#service().addMap(asked) };
    },
    'list-maps': ({ session }) => ({ maps: this.#service().listMaps(session) }),
    'get-map-values': ({ session }) => {
      this.#find(session);
      return { maps: this.#service().listMaps(session), values: this.#service().mapValues(session) };
    },
    // Who sent them is the server's matter.
    subscribe: () => ({}),
    unsubscribe: () => ({}),
  };

  #surroundings(): ConstructorParameters<typeof ManagedSession>[0] {
    const publish = (notification: Notification): void => this.#publish(notification);
    return { hub: this.#hub, store: this.#store, consumer: this.#consumer, publish };
  }

  /** Tells who subscribed, and the triggers that wait for it. */
  #publish(notification: Notification): void {
    this.#options.publish(notification);
    const triggers = this.#triggers;
    if (triggers === undefined) return;
    if (notification.topic === 'rotation') {
      const { session, state, path } = notification;
      triggers.onRotation(session, state === 'started' ? 'starts' : 'finishes', path);
    } else if (notification.topic === 'session') {
      const { session, change } = notification;
      if (change === 'destroyed') triggers.onSessionDestroyed(session);
      else if (change === 'started' || change === 'stopped') triggers.onSessionsChanged();
    }
  }

  #makeTriggers(statePath: string): TriggerService {
    return new TriggerService({
      sessionsPath: join(this.#hub.path, HUB_SESSIONS_FOLDER),
      statePath,
      touchHub: () => this.#hub.touch(),
      target: {
        startSession: (name) => this.#find(name).start(),
        stopSession: async (name) => void (await this.#find(name).stop(true)),
        rotateSession: async (name) => void (await this.#find(name).rotate()),
        recordSnapshot: async ({ session, ...asked }) => void (await this.#find(session).snapshot(asked)),
        publish: (notification) => this.#options.publish(notification),
      },
      isActive: (name) => this.#sessions.get(name)?.model.isActive === true,
      takesAutomatic: takesAutomaticEvents,
      onTrouble: (text) => {
        for (const session of this.#sessions.values()) session.addTrouble(text);
      },
    });
  }

  #service(): TriggerService {
    if (this.#triggers !== undefined) return this.#triggers;
    throw new SpoorError('control/not-ready', 'the session daemon has not begun yet');
  }

  /** Looks at the sessions whose usage is a condition of a trigger. */
  #lookAtUsage(): void {
    for (const [name, session] of this.#sessions) {
      if (!session.model.hasStarted || this.#triggers?.wantsUsage(name) !== true) continue;
      session.usage().then(
        (usage) => this.#triggers?.onUsage(usage),
        (error: unknown) => session.addTrouble(String(error)),
      );
    }
  }

  #find(name: string): ManagedSession {
    const found = this.#sessions.get(name);
    if (found !== undefined) return found;
    const near = closestName(name, [...this.#sessions.keys()]);
    throw new SpoorError('control/no-session', `there is no session named ${name}`, {
      hint: near === undefined ? 'spoor list shows the sessions' : `did you mean ${near}`,
    });
  }

  #create(asked: CreateSession): ManagedSession {
    const now = new Date();
    const name = asked.name ?? `auto-${localTimestamp(now)}`;
    checkName('session', name);
    if (this.#sessions.has(name)) {
      throw existsAlready(name, `choose another name, or end that one: spoor destroy ${name}`);
    }
    if (this.#sessions.size >= MOST_SESSIONS) {
      throw new SpoorError('control/too-many-sessions', `there are ${MOST_SESSIONS} sessions already`);
    }
    const { mode, output, shmPath, automaticEvents = true, hasNoSnapshotOutput = false } = asked;
    if (mode === 'network' || mode === 'live') localPath(output?.kind === 'network' ? output : noNetwork);
    if (shmPath !== undefined && !isAbsolute(shmPath)) {
      throw new SpoorError('control/invalid-path', 'the directory of the rings is not absolute', {
        where: shmPath,
      });
    }
    const place: Output = output ?? {
      kind: 'local',
      path: this.#defaultPath(name, now, asked.name === undefined),
    };
    localPath(place);
    const hasSnapshotOutput = mode === 'snapshot' && !hasNoSnapshotOutput;
    return this.#add({
      name,
      id: this.#store.nextId(),
      mode,
      isActive: false,
      hasStarted: false,
      createdMs: now.getTime(),
      ...(mode === 'local' ? { output: place } : {}),
      ...(shmPath === undefined ? {} : { shmPath }),
      automaticEvents,
      channels: [],
      snapshotOutputs: hasSnapshotOutput ? [{ id: 1, name: 'snapshot-1', output: place }] : [],
      snapshotCount: 0,
      rotation: {},
      chunkId: 0,
      trackers: { user: [], kernel: [] },
    });
  }

  async #restore({
    session: { maps = [], triggers = [], ...saved },
    force = false,
  }: Methods['restore-session']['params']): Promise<Methods['restore-session']['result']> {
    checkName('session', saved.name);
    for (const channel of saved.channels) {
      await requireDomain(channel.domain);
      for (const { rule } of channel.rules) checkRule(rule);
    }
    const checked = withCheckedChannels({
      ...saved,
      id: this.#store.nextId(),
      isActive: false,
      hasStarted: false,
      createdMs: Date.now(),
      snapshotCount: 0,
      chunkId: 0,
    });
    const existing = this.#sessions.get(saved.name);
    if (existing !== undefined) {
      if (!force) throw existsAlready(saved.name, '--force ends it first');
      await existing.destroy(true);
      this.#sessions.delete(saved.name);
    }
    const managed = this.#add(checked.session);
    const service = this.#service();
    for (const map of maps) service.addMap({ ...map, session: saved.name });
    const warnings = service.restore(triggers, process.getuid?.() ?? 0, force);
    if (saved.isActive) await managed.start();
    return { session: managed.model, warnings: [...checked.result.warnings, ...warnings] };
  }

  #add(model: Session): ManagedSession {
    const managed = new ManagedSession(this.#surroundings(), model);
    managed.save();
    this.#sessions.set(model.name, managed);
    this.#consumer.prepare();
    this.#options.publish({ topic: 'session', session: model.name, change: 'created' });
    return managed;
  }

  #defaultPath(name: string, date: Date, isDated: boolean): string {
    const folder = isDated ? name : `${name}-${localTimestamp(date)}`;
    return join(homeDirectory(this.#options.environment), 'lttng-traces', folder);
  }

  async #track(
    { session, domain, attribute, values }: Methods['track']['params'],
    isAdded: boolean,
  ): Promise<Methods['track']['result']> {
    await requireDomain(domain);
    const trackers = await this.#find(session).change((model) => {
      const changed = track(model, domain, attribute, values, isAdded);
      return { session: changed, result: changed.trackers[domain] };
    });
    return { trackers };
  }
}

const noNetwork: Output = {
  kind: 'network',
  protocol: 'net',
  host: '127.0.0.1',
  controlPort: 5342,
  dataPort: 5343,
};

function pick<Key extends string>(
  key: Key,
  asked: number | null | undefined,
  before: number | undefined,
): { readonly [Name in Key]?: number } {
  const value = asked === undefined ? before : (asked ?? undefined);
  return (value === undefined ? {} : { [key]: value }) as { readonly [Name in Key]?: number };
}

function existsAlready(name: string, hint: string): SpoorError {
  return new SpoorError('control/session-exists', `there is a session named ${name} already`, { hint });
}

/** @throws SpoorError `control/no-kernel-tracer`. */
async function requireDomain(domain: Domain): Promise<void> {
  if (domain === 'kernel') await requireKernel();
}
