/** The probes of a session or a recording: made when its first instance is there, removed when its last one is gone. */
import { createHash } from 'node:crypto';
import { SpoorError } from '@spoor/base';
import { DwarfFile, type ElfFile } from '@spoor/elf';
import { openElfFile } from '@spoor/elf/node';
import { placeArguments } from '../probes/argument-places.ts';
import { findFunction, findSdtProbe, sdtProbeArguments } from '../probes/elf-probes.ts';
import type { ProbeGroup } from '../probes/probe-group.node.ts';
import { probeName, probeText, type ProbeDefinition } from '../probes/probe-text.ts';
import { parseProgramPlace, type WrittenArgument } from '../probes/program-place.ts';
import type { ProbeRequest } from './session-description.ts';
import type { KernelRule } from './session-rules.ts';

type Definition = Omit<ProbeDefinition, 'group'>;

/** A probe with the name that its events have in the trace. */
interface NamedDefinition {
  readonly shown: string;
  readonly definition: Definition;
  /** `FILE:LINE` of the source, where it can be told. */
  readonly source?: () => string | undefined;
}

/** What a probe records, for people. */
export interface ProbeFacts {
  /** As the trace has it. */
  readonly name: string;
  /** Its fields, as in `n:s32`. */
  readonly fields: readonly string[];
  /** `FILE:LINE` of the source, where the program tells it. */
  readonly source: string | undefined;
}

const returnValue: WrittenArgument = { name: undefined, fetch: 'retval', type: undefined };

/** Of the name that the user chose; the rest tells one place from another. */
const mostNameBytes = 44;

/** Probes of one session or recording. */
export class SessionProbes {
  private readonly group: ProbeGroup;
  /** What is wanted, by its request. */
  private readonly wanted = new Map<string, readonly NamedDefinition[]>();
  /** Those whose events are not in the trace. */
  private hidden: readonly Definition[] = [];

  constructor(group: ProbeGroup) {
    this.group = group;
  }

  /**
   * The rules that take what probes record.
   * @throws SpoorError `kernel/probe`, `kernel/no-function`, `kernel/no-probe` for a place that is none; `kernel/no-probes`
   * where the kernel has no such probes at all.
   */
  rulesOf(requests: readonly ProbeRequest[]): readonly KernelRule[] {
    return requests.map((request) => {
      const key = JSON.stringify([request.kind, request.location, request.name]);
      let definitions = this.wanted.get(key);
      if (definitions === undefined) {
        this.group.require(request.kind === 'uprobe' ? 'file' : 'kernel');
        definitions = define(request);
        // What no definition can say is refused before anything is changed.
        for (const { definition } of definitions) probeText({ ...definition, group: this.group.name });
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

  /**
   * Adds probes whose events are for the reader alone.
   * @returns their names, `SYSTEM:NAME`, each once.
   */
  hide(definitions: readonly Definition[]): readonly string[] {
    this.hidden = definitions;
    return [...new Set(definitions.map(({ name }) => `${this.group.name}:${name}`))];
  }

  /** How many of those there are. */
  get hiddenCount(): number {
    return this.hidden.length;
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

  /** What they record, by `SYSTEM:NAME`. */
  facts(): ReadonlyMap<string, ProbeFacts> {
    const facts = new Map<string, ProbeFacts>();
    for (const definitions of this.wanted.values()) {
      for (const { shown, definition, source } of definitions) {
        facts.set(`${this.group.name}:${definition.name}`, {
          name: shown,
          fields: definition.arguments.map(({ name, type }) => `${name}:${type}`),
          source: source?.(),
        });
      }
    }
    return facts;
  }

  /** Makes those that are not there yet. @throws SpoorError `kernel/probe`, `kernel/no-probes`. */
  make(): void {
    const before = new Set(this.group.probes);
    for (const definition of this.hidden) {
      // One name stands for a call's places in all libraries: those that are there are so together.
      if (!before.has(definition.name)) this.group.add(definition);
    }
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
    this.hidden = [];
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
  const place = parseProgramPlace(location);
  const { path, arguments: written } = place;
  const elf = openProgram(path);
  const { machine } = elf;
  if (place.kind === 'function') {
    const { symbol, isReturn } = place;
    const { address, offsetBytes } = findFunction(elf, symbol);
    const at = isReturn ? 'return' : 'entry';
    const fields = located(location, () =>
      // What a function returns is what its return is probed for.
      placeArguments(written ?? (isReturn ? [returnValue] : []), { machine, at }),
    );
    const definition = {
      name: own(''),
      place: { kind: 'file', path, offsetBytes },
      onReturn: isReturn,
      arguments: fields,
    } as const;
    return [{ shown: name, definition, source: sourceOf(elf, address) }];
  }
  return findSdtProbe(elf, place.provider, place.name).map((probe, index): NamedDefinition => {
    const { address, offsetBytes, semaphoreOffset } = probe;
    const values = sdtProbeArguments(elf, probe);
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
        arguments:
          written === undefined
            ? values
            : located(location, () => placeArguments(written, { machine, at: 'sdt', values })),
      },
      source: sourceOf(elf, address),
    };
  });
}

/** Says of which place it is that something is wrong with. */
function located<T>(location: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SpoorError) || error.where !== undefined) throw error;
    const { code, message, hint } = error;
    throw new SpoorError(code, message, { where: location, hint, cause: error.cause });
  }
}

/** The line of the source that a place belongs to, where the program has DWARF. */
function sourceOf(elf: ElfFile, address: bigint): () => string | undefined {
  return () => {
    const line = DwarfFile.open(elf)?.nearestLine(address);
    return line === undefined ? undefined : `${line.path}:${line.line}`;
  };
}

function openProgram(path: string): ElfFile {
  try {
    return openElfFile(path);
  } catch (error) {
    if (error instanceof SpoorError) throw error;
    throw new SpoorError('kernel/probe', 'the program cannot be read', { where: path, cause: error });
  }
}
