/** A session daemon: its sessions, and one function for each method of the protocol. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import {
  CONTROL_VERSION,
  type Domain,
  type Environment,
  type MethodName,
  type Methods,
  type Notification,
  type SnapshotOutput,
  checkName,
  fromWireError,
} from '@spoor/control';
import { HUB_SESSIONS_FOLDER } from '@spoor/ringbuffer';
import type { FileUser } from '@spoor/sys';
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
import { listKernel, requireKernel, sweepKernel } from './kernel-access.ts';
import { localPath } from './chunk-places.ts';
import { daemonUid, maySee, ownerOf, requireOwnRights, requirePermittedRules } from './ownership.ts';
import type { ManagedSession } from './managed-session.ts';
import { ManagedSessions, existsAlready } from './managed-sessions.ts';
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
  /** @param owner user whose business it is. */
  readonly publish: (notification: Notification, owner: number) => void;
}

type Handlers = {
  readonly [Name in MethodName]: (
    params: Methods[Name]['params'],
    caller: FileUser,
  ) => Methods[Name]['result'] | Promise<Methods[Name]['result']>;
};

/** How often usages are looked at that triggers wait for: LTTng's monitor timer. */
const MONITOR_MS = 1000;

export class Daemon {
  readonly #options: DaemonOptions;
  readonly #hub: Hub;
  readonly #store: SessionStore;
  readonly #consumer: ConsumerLink;
  readonly #sessions: ManagedSessions;
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
        for (const managed of this.#sessions) {
          if (this.#hub.sessionPath(managed.model.id) !== session) continue;
          // Where a start was refused there is none, and nothing is wrong with the session; where it was removed, usages say so.
          if (existsSync(session)) managed.addTrouble(text);
        }
      },
    );
    const publish = (notification: Notification): void => this.#publish(notification);
    this.#sessions = new ManagedSessions(
      { hub: this.#hub, store: this.#store, consumer: this.#consumer, publish },
      options.environment,
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
    for (const stored of sessions) this.#sessions.takeOver(stored);
    for (const session of this.#sessions) {
      await session.resume().catch((error: unknown) => session.addTrouble(describeError(error)));
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
   * @param caller who asks: others than root have what is theirs.
   * @throws SpoorError what is wrong with it.
   */
  async handle<Name extends MethodName>(
    method: Name,
    params: Methods[Name]['params'],
    caller: FileUser,
  ): Promise<Methods[Name]['result']> {
    return this.#handlers[method](params, caller);
  }

  /** Whether it has no session that programs can find. */
  get isIdle(): boolean {
    return [...this.#sessions].every(({ model }) => !this.#hub.has(model.id));
  }

  /** Leaves all sessions to the next daemon: their consumer goes on. */
  async close(): Promise<void> {
    clearInterval(this.#monitor);
    this.#triggers?.close();
    this.#tracepoints.close();
    for (const session of this.#sessions) session.close();
    await this.#consumer.close();
  }

  readonly #handlers: Handlers = {
    hello: ({ version }) => {
      const { release } = this.#options;
      if (version !== CONTROL_VERSION) throw otherVersion(version, release);
      return { version: CONTROL_VERSION, pid: process.pid, release, hub: this.#hub.path };
    },
    'create-session': (asked, caller) => ({
      session: this.#sessions.create(asked, caller).model,
      warnings: [],
    }),
    'destroy-session': async ({ session, wait = true }, caller) => {
      const managed = this.#sessions.find(session, caller);
      const result = await managed.destroy(wait);
      this.#sessions.forget(managed);
      return result;
    },
    'start-session': async ({ session }, caller) => {
      await this.#sessions.find(session, caller).start();
      return { warnings: [] };
    },
    'stop-session': ({ session, wait = true }, caller) => this.#sessions.find(session, caller).stop(wait),
    'list-sessions': (_none, caller) => ({
      sessions: this.#sessions.visible(caller).map(({ model }) => model),
    }),
    'get-session': ({ session }, caller) => ({ session: this.#sessions.find(session, caller).model }),
    'list-kernel-events': async (asked) => ({ events: await listKernel(asked) }),
    'list-tracepoints': async () => ({ programs: await this.#tracepoints.list() }),
    'get-usage': ({ session }, caller) => this.#sessions.find(session, caller).usage(),
    'enable-channel': async ({ session, domain, channel, attributes }, caller) => {
      await requireDomain(domain);
      return this.#sessions
        .find(session, caller)
        .change((model) => enableChannel(model, domain, channel, attributes));
    },
    'disable-channel': async ({ session, domain, channel }, caller) => {
      await this.#sessions.find(session, caller).change((model) => ({
        session: disableChannel(model, domain, channel),
        result: undefined,
      }));
      return { warnings: [] };
    },
    'enable-event': async ({ session, domain, channel, rule }, caller) => {
      requirePermittedRules(ownerOf(caller), [rule]);
      await requireDomain(domain);
      const isUser = rule.kind === 'user-tracepoint';
      if (isUser !== (domain === 'user')) {
        throw new SpoorError(
          'control/invalid-rule',
          `a rule of kind ${rule.kind} is not of the ${domain} domain`,
        );
      }
      const result = await this.#sessions
        .find(session, caller)
        .change((model) => enableEvent(model, domain, channel, rule));
      return { ...result, rule: { rule, isEnabled: true } };
    },
    'disable-event': async ({ session, domain, channel, name, kind }, caller) => {
      const disabledCount = await this.#sessions
        .find(session, caller)
        .change((model) => disableEvent(model, domain, channel, name, kind));
      return { disabledCount, warnings: [] };
    },
    'add-context': async ({ session, domain, channel, contexts }, caller) => {
      await requireDomain(domain);
      const channels = await this.#sessions
        .find(session, caller)
        .change((model) => addContexts(model, domain, channel, contexts));
      return { channels, warnings: [] };
    },
    track: (asked, caller) => this.#track(asked, true, caller),
    untrack: (asked, caller) => this.#track(asked, false, caller),
    'rotate-session': async ({ session, wait = true }, caller) => {
      const managed = this.#sessions.find(session, caller);
      const rotation = managed.rotate();
      if (wait) return rotation;
      rotation.catch((error: unknown) => managed.addTrouble(describeError(error)));
      return { chunkId: managed.model.chunkId, state: 'pending', path: '' };
    },
    'set-rotation': async ({ session, periodUs, sizeBytes }, caller) => {
      const managed = this.#sessions.find(session, caller);
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
    'record-snapshot': async ({ session, ...asked }, caller) => {
      if (asked.name !== undefined) checkName('snapshot', asked.name);
      return this.#sessions.find(session, caller).snapshot(asked);
    },
    'add-snapshot-output': async ({ session, output, name, maxSizeBytes }, caller) => {
      localPath(output);
      if (name !== undefined) checkName('snapshot output', name);
      const managed = this.#sessions.find(session, caller);
      const added = await managed.change((model) => {
        const id = managed.nextOutputId;
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
    'remove-snapshot-output': async ({ session, output }, caller) => {
      await this.#sessions.find(session, caller).change((model) => {
        const left = model.snapshotOutputs.filter(({ id, name }) => id !== output && name !== output);
        if (left.length === model.snapshotOutputs.length) {
          throw new SpoorError('control/snapshot-output', `there is no snapshot output ${output}`);
        }
        return { session: { ...model, snapshotOutputs: left }, result: undefined };
      });
      return { warnings: [] };
    },
    'clear-session': async ({ session }, caller) => ({
      warnings: await this.#sessions.find(session, caller).clear(),
    }),
    'regenerate-metadata': async ({ session }, caller) => {
      await this.#sessions.find(session, caller).regenerateMetadata();
      return { warnings: [] };
    },
    'regenerate-statedump': async ({ session }, caller) => {
      await this.#sessions.find(session, caller).dumpState();
      return { warnings: [] };
    },
    'restore-session': (asked, caller) => this.#restore(asked, caller),
    'add-trigger': async (asked, caller) => ({ trigger: await this.#service().add(asked, caller.uid) }),
    'list-triggers': (_none, caller) => this.#service().list(caller),
    'remove-trigger': ({ name }, caller) => {
      this.#service().remove(name, caller);
      return { warnings: [] };
    },
    'add-map': (asked, caller) => {
      this.#sessions.find(asked.session, caller);
      return { map: this.#service().addMap(asked) };
    },
    'list-maps': ({ session }, caller) => ({
      maps: this.#service()
        .listMaps(session)
        .filter((map) => this.#sessions.mayUse(caller, map.session)),
    }),
    'get-map-values': ({ session }, caller) => {
      this.#sessions.find(session, caller);
      return { maps: this.#service().listMaps(session), values: this.#service().mapValues(session) };
    },
    // Who sent them is the server's matter.
    subscribe: () => ({}),
    unsubscribe: () => ({}),
  };

  /** Tells who subscribed, and the triggers that wait for it. */
  #publish(notification: Notification): void {
    const session = 'session' in notification ? this.#sessions.get(notification.session) : undefined;
    this.#options.publish(notification, session?.ownerUid ?? daemonUid());
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
    // What triggers name was looked at when they were added.
    const named = (name: string): ManagedSession => this.#sessions.find(name, { uid: daemonUid(), gid: 0 });
    return new TriggerService({
      sessionsPath: join(this.#hub.path, HUB_SESSIONS_FOLDER),
      statePath,
      touchHub: () => this.#hub.touch(),
      target: {
        startSession: (name) => named(name).start(),
        stopSession: async (name) => void (await named(name).stop(true)),
        rotateSession: async (name) => void (await named(name).rotate()),
        recordSnapshot: async ({ session, ...asked }) => {
          const { failures = [] } = await named(session).snapshot(asked);
          if (failures[0] !== undefined) throw fromWireError(failures[0]);
        },
        publish: (notification, owner) => this.#options.publish(notification, owner),
      },
      mayUse: (uid, session) => this.#sessions.mayUse({ uid, gid: uid }, session),
      isActive: (name) => this.#sessions.get(name)?.model.isActive === true,
      takesAutomatic: takesAutomaticEvents,
      onTrouble: (text) => {
        for (const session of this.#sessions) session.addTrouble(text);
      },
    });
  }

  #service(): TriggerService {
    if (this.#triggers !== undefined) return this.#triggers;
    throw new SpoorError('control/not-ready', 'the session daemon has not begun yet');
  }

  /** Looks at the sessions whose usage is a condition of a trigger. */
  #lookAtUsage(): void {
    for (const session of this.#sessions) {
      const { name } = session.model;
      if (!session.model.hasStarted || this.#triggers?.wantsUsage(name) !== true) continue;
      session.usage().then(
        (usage) => this.#triggers?.onUsage(usage),
        (error: unknown) => session.addTrouble(describeError(error)),
      );
    }
  }

  async #restore(
    { session: { maps = [], triggers = [], ...saved }, force = false }: Methods['restore-session']['params'],
    caller: FileUser,
  ): Promise<Methods['restore-session']['result']> {
    const owner = ownerOf(caller);
    checkName('session', saved.name);
    if (saved.shmPath !== undefined) requireOwnRights(owner, 'rings in a directory of its choice');
    requirePermittedRules(
      owner,
      saved.channels.flatMap(({ rules }) => rules.map(({ rule }) => rule)),
    );
    for (const channel of saved.channels) {
      await requireDomain(channel.domain);
      for (const { rule } of channel.rules) checkRule(rule);
    }
    const checked = withCheckedChannels({
      ...saved,
      id: this.#store.nextId(),
      ownerUid: owner?.uid ?? daemonUid(),
      isActive: false,
      hasStarted: false,
      createdMs: Date.now(),
      snapshotCount: 0,
      chunkId: 0,
    });
    const existing = this.#sessions.get(saved.name);
    if (existing !== undefined) {
      if (!force || !maySee(caller, existing.ownerUid)) {
        throw existsAlready(saved.name, '--force ends it first if it is yours');
      }
      await existing.destroy(true);
      this.#sessions.forget(existing);
    }
    const managed = this.#sessions.add(checked.session, owner);
    const service = this.#service();
    for (const map of maps) service.addMap({ ...map, session: saved.name });
    const warnings = await service.restore(triggers, caller, force);
    if (saved.isActive) await managed.start();
    return { session: managed.model, warnings: [...checked.result.warnings, ...warnings] };
  }

  async #track(
    { session, domain, attribute, values }: Methods['track']['params'],
    isAdded: boolean,
    caller: FileUser,
  ): Promise<Methods['untrack']['result']> {
    await requireDomain(domain);
    return this.#sessions.find(session, caller).change<Methods['untrack']['result']>((model) => {
      const changed = track(model, domain, attribute, values, isAdded);
      const trackers = changed.trackers[domain];
      if (isAdded || values === 'all') return { session: changed, result: { trackers } };
      const own = model.trackers[domain].find((tracker) => tracker.attribute === attribute);
      const missing = values.filter((value) => own?.values.includes(value) !== true);
      return { session: changed, result: { trackers, missing } };
    });
  }
}

/** What a client of another version is told: an upgrade leaves the daemon of before at work. */
function otherVersion(version: number, release: string): SpoorError {
  const what = `the session daemon is of Spoor ${release} and speaks version ${CONTROL_VERSION} of the protocol, not ${version}`;
  const restart = `end it by kill ${process.pid}: the next verb starts the one of its own release, which goes on with all sessions`;
  return new SpoorError('control/version', what, {
    hint: version > CONTROL_VERSION ? restart : `use the commands of Spoor ${release}, which is newer`,
  });
}

function pick<Key extends string>(
  key: Key,
  asked: number | null | undefined,
  before: number | undefined,
): { readonly [Name in Key]?: number } {
  const value = asked === undefined ? before : (asked ?? undefined);
  return (value === undefined ? {} : { [key]: value }) as { readonly [Name in Key]?: number };
}

/** @throws SpoorError `control/no-kernel-tracer`. */
async function requireDomain(domain: Domain): Promise<void> {
  if (domain === 'kernel') await requireKernel();
}
