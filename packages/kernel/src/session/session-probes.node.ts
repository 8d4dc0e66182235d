/** The probes of a session or a recording: made when its first instance is there, removed when its last one is gone. */
import { createHash } from 'node:crypto';
import { SpoorError } from '@spoor/base';
import type { ElfFile } from '@spoor/elf';
import { openElfFile } from '@spoor/elf/node';
import { findSdtProbe, functionOffset, sdtProbeArguments } from '../probes/elf-probes.ts';
import type { ProbeGroup } from '../probes/probe-group.node.ts';
import { probeName, type ProbeDefinition } from '../probes/probe-text.ts';
import type { ProbeRequest } from './session-description.ts';
import type { KernelRule } from './session-rules.ts';

type Definition = Omit<ProbeDefinition, 'group'>;

/** A probe with the name that its events have in the trace. */
interface NamedDefinition {
  readonly shown: string;
  readonly definition: Definition;
}

/** Of the name that the user chose; the rest tells one place from another. */
const mostNameBytes = 44;

/** Probes of one session or recording. */
export class SessionProbes {
  private readonly group: ProbeGroup;
  /** What is wanted, by its request. */
  private readonly wanted = new Map<string, readonly NamedDefinition[]>();

  constructor(group: ProbeGroup) {
    this.group = group;
  }

  /**
   * The rules that take what probes record.
   * @throws SpoorError `kernel/probe`, `kernel/no-function`, `kernel/no-probe` for a place that is none.
   */
  rulesOf(requests: readonly ProbeRequest[]): readonly KernelRule[] {
    return requests.map((request) => {
      const key = JSON.stringify([request.kind, request.location, request.name]);
      let definitions = this.wanted.get(key);
      if (definitions === undefined) {
        definitions = define(request);
        this.wanted.set(key, definitions);
      }
      const { name, filter } = request;
      return {
        kind: 'probe',
        name,
        events: definitions.map(({ definition }) => `${this.group.name}:${definition.name}`),
        ...(filter === undefined ? {} : { filter }),
      };
    });
  }

  /** Names of events in the trace, by `SYSTEM:NAME`. */
  get eventNames(): ReadonlyMap<string, string> {
    const names = new Map<string, string>();
    for (const definitions of this.wanted.values()) {
      for (const { shown, definition } of definitions)
        names.set(`${this.group.name}:${definition.name}`, shown);
    }
    return names;
  }

  /** Makes those that are not there yet. @throws SpoorError `kernel/probe`, `kernel/no-probes`. */
  make(): void {
    for (const [key, definitions] of this.wanted) {
      try {
        for (const { definition } of definitions) {
          if (!this.group.probes.includes(definition.name)) this.group.add(definition);
        }
      } catch (error) {
        // What the kernel refuses once is not asked for again with the next change.
        this.wanted.delete(key);
        throw error;
      }
    }
  }

  /** Removes all of them; instances that have them switched on must be gone. */
  end(): void {
    this.group[Symbol.dispose]();
    this.wanted.clear();
  }
}

function define(request: ProbeRequest): readonly NamedDefinition[] {
  const { kind, name, location } = request;
  const digest = createHash('sha256').update(`${kind}\0${location}\0${name}`).digest('hex').slice(0, 12);
  const own = (suffix: string): string => probeName(`${name.slice(0, mostNameBytes)}_${digest}${suffix}`);
  switch (kind) {
    case 'uprobe':
      return defineInProgram(request, own);
    case 'kprobe':
      return [{ shown: name, definition: { name: own(''), place: kernelPlace(location), arguments: [] } }];
    case 'function': {
      const place = kernelPlace(location);
      return [
        { shown: `${name}_entry`, definition: { name: own('e'), place, arguments: [] } },
        { shown: `${name}_exit`, definition: { name: own('x'), place, onReturn: true, arguments: [] } },
      ];
    }
    default:
      return kind satisfies never;
  }
}

function kernelPlace(location: string): Definition['place'] {
  const parts = /^([\w.$]+)(?:\+(0x[\da-f]+|\d+))?$/i.exec(location);
  if (parts === null) {
    throw new SpoorError('kernel/probe', `${JSON.stringify(location)} is no place in the kernel`, {
      hint: 'SYMBOL, SYMBOL+OFFSET or an address',
    });
  }
  const [, symbol = '', offset] = parts;
  return { kind: 'kernel', symbol, ...(offset === undefined ? {} : { offsetBytes: Number(offset) }) };
}

function defineInProgram(
  { name, location }: ProbeRequest,
  own: (suffix: string) => string,
): readonly NamedDefinition[] {
  const isSdt = location.startsWith('sdt:');
  const rest = location.replace(/^(?:sdt|elf):/, '');
  const parts = (isSdt ? /^(.+):([^:]+):([^:]+)$/ : /^(.+):([^:]+)$/).exec(rest);
  if (parts === null) {
    throw new SpoorError('kernel/probe', `${JSON.stringify(location)} is no place in a program`, {
      hint: '[elf:]PATH:SYMBOL or sdt:PATH:PROVIDER:NAME',
    });
  }
  const [, path = '', first = '', second = ''] = parts;
  const elf = openProgram(path);
  if (!isSdt) {
    const offsetBytes = functionOffset(elf, first);
    const place = { kind: 'file', path, offsetBytes } as const;
    return [{ shown: name, definition: { name: own(''), place, arguments: [] } }];
  }
  return findSdtProbe(elf, first, second).map((probe, index): NamedDefinition => {
    const { offsetBytes, semaphoreOffset } = probe;
    return {
      shown: name,
      definition: {
        name: own(index === 0 ? '' : String(index)),
        place: {
          kind: 'file',
          path,
          offsetBytes,
          ...(semaphoreOffset === undefined ? {} : { semaphoreOffset }),
        },
        arguments: sdtProbeArguments(elf, probe),
      },
    };
  });
}

function openProgram(path: string): ElfFile {
  try {
    return openElfFile(path);
  } catch (error) {
    if (error instanceof SpoorError) throw error;
    throw new SpoorError('kernel/probe', 'the program cannot be read', { where: path, cause: error });
  }
}
