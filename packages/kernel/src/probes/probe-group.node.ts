/** Probes that this process put into the kernel. They are removed when it is done, or by the next one that sweeps. */
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { lastLoggedError, writeControl } from '../tracefs/control-file.node.ts';
import { isOwnerGone, ownOwner, type Owner } from '../tracefs/instance-name.node.ts';
import { readIfThere } from '../tracefs/tracefs.node.ts';
import { parseProbeList, probeName, probeText, type ProbeDefinition } from './probe-text.ts';

const files = { file: 'uprobe_events', kernel: 'kprobe_events' } as const;

const lacks = {
  file: { option: 'CONFIG_UPROBE_EVENTS', instead: 'trace the program by tracepoints of its own' },
  kernel: { option: 'CONFIG_KPROBE_EVENTS', instead: 'use the tracepoints that spoor list -k shows' },
} as const;

const removalAttempts = 50;
const removalPauseMs = 20;

const groupPattern =
  /^(?<prefix>[A-Za-z]\w*?)_(?<pidNamespace>\d{1,20})_(?<pid>\d{1,9})_(?<start>\d{1,20})(?:_|$)/;

/** The group of an owner's probes; groups have letters, digits and underscores. */
function groupName(prefix: string, owner: Owner, label: string): string {
  return probeName([prefix, owner.pidNamespace, owner.pid, owner.startTicks, label].join('_'));
}

export function removeProbe(path: string, group: string, name: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      writeControl(path, `-:${group}/${name}`, 'remove a probe', 'append');
      return;
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      if (error.code === 'kernel/enoent') return;
      // Switched off a moment ago, it is still in use.
      if (error.code !== 'kernel/ebusy' || attempt === removalAttempts) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, removalPauseMs);
    }
  }
}

/** Probes of one recording. Instances that have them switched on must be gone before they can be removed. */
export class ProbeGroup implements Disposable {
  /** The system of their events. */
  readonly name: string;
  private readonly root: string;
  private readonly added: { readonly path: string; readonly name: string }[] = [];

  /**
   * @param label part of the name.
   * @param name in its place, for probes that outlive this process.
   */
  constructor(
    root: string,
    label: string,
    prefix = 'spoor',
    name: string = groupName(prefix, ownOwner(), label),
  ) {
    this.root = root;
    this.name = name;
  }

  /** The group of a certain name, with the probes of it that are there already. */
  static named(root: string, name: string): ProbeGroup {
    const group = new ProbeGroup(root, '', '', name);
    for (const file of Object.values(files)) {
      const path = join(root, file);
      for (const probe of parseProbeList(readIfThere(path) ?? '')) {
        if (probe.group === name) group.added.push({ path, name: probe.name });
      }
    }
    return group;
  }

  /** Names of its events that there are. */
  get probes(): readonly string[] {
    return this.added.map(({ name }) => name);
  }

  /** @throws SpoorError `kernel/no-probes` where the kernel has no probes of this kind. */
  require(kind: keyof typeof files): void {
    if (readIfThere(join(this.root, files[kind])) !== undefined) return;
    const { option, instead } = lacks[kind];
    throw new SpoorError('kernel/no-probes', `this kernel has no ${files[kind]}`, {
      hint: `it was built without ${option}; ${instead}`,
    });
  }

  /**
   * Adds a probe.
   * @returns the name of its event, `SYSTEM:NAME`.
   * @throws SpoorError `kernel/probe` with what the kernel found wrong; `kernel/no-probes` where it has none.
   */
  add(definition: Omit<ProbeDefinition, 'group'>): string {
    const { kind } = definition.place;
    const path = join(this.root, files[kind]);
    const text = probeText({ ...definition, group: this.name });
    this.require(kind);
    try {
      // Appended: the file empties itself, of everybody's probes, when it is opened in any other way.
      writeControl(path, text, 'add a probe', 'append');
    } catch (error) {
      if (!(error instanceof SpoorError) || error.code !== 'kernel/einval') throw error;
      const found = lastLoggedError(readIfThere(join(this.root, 'error_log')) ?? '');
      throw new SpoorError('kernel/probe', `the kernel refuses the probe: ${found?.message ?? 'EINVAL'}`, {
        where: text,
      });
    }
    this.added.push({ path, name: definition.name });
    return `${this.name}:${definition.name}`;
  }

  /** Removes all of them. @throws SpoorError `kernel/ebusy` while an instance has one switched on. */
  [Symbol.dispose](): void {
    for (const { path, name } of this.added.splice(0)) removeProbe(path, this.name, name);
  }
}

/** Removes the probes of the process that an instance was made by; the instance must be gone. */
export function removeProbesOf(root: string, instance: string): void {
  const owner = /^.+-\d{1,20}-\d{1,9}-\d{1,20}(?=-)/.exec(instance)?.[0];
  if (owner === undefined) return;
  for (const file of Object.values(files)) {
    const path = join(root, file);
    for (const { group, name } of parseProbeList(readIfThere(path) ?? '')) {
      if (group.startsWith(`${probeName(owner)}_`)) removeProbe(path, group, name);
    }
  }
}

/**
 * Removes probes that processes which are gone have left behind; their instances must have been swept before.
 * @returns their names.
 * @throws SpoorError `kernel/ERRNO`.
 */
export function sweepProbes(root: string, prefix = 'spoor'): readonly string[] {
  const swept: string[] = [];
  for (const file of Object.values(files)) {
    const path = join(root, file);
    const text = readIfThere(path);
    if (text === undefined) continue;
    for (const { group, name } of parseProbeList(text)) {
      const { groups } = groupPattern.exec(group) ?? {};
      if (groups === undefined || groups['prefix'] !== prefix) continue;
      const { pid = '', pidNamespace = '', start = '' } = groups;
      if (!isOwnerGone({ pid: Number(pid), pidNamespace, startTicks: BigInt(start) })) continue;
      removeProbe(path, group, name);
      swept.push(`${group}:${name}`);
    }
  }
  return swept;
}
