/**
 * Places a declared structure in a scope of a packet or an event: there its lengths and tags find the fields that they
 * name, and its integers get their roles.
 */
import { impliedRoles, isMappedByName, type IntegerPlace } from './implied-roles.ts';
import type {
  FieldClass,
  FieldLocation,
  IntegerFieldClass,
  Scope,
  StructureFieldClass,
  StructureMember,
  VariantOption,
} from './model.ts';
import type { TokenCursor } from './tsdl-cursor.ts';
import { scopePaths } from './tsdl-names.ts';
import {
  isLength,
  isSelfContained,
  isTag,
  shownNames,
  type DeclaredMember,
  type DeclaredReference,
  type DeclaredStructure,
  type DeclaredType,
  type DeclaredVariant,
} from './tsdl-types.ts';

/** The structures of the scopes that exist at a place. */
export type ScopeRoots = Map<Scope, DeclaredStructure>;

/** A structure or variant that surrounds the type being placed, and which of its members leads there. */
interface Frame {
  readonly members: readonly DeclaredMember[];
  readonly names: readonly string[];
  readonly structure: boolean;
  index: number;
}

interface Target {
  readonly type: DeclaredType;
  readonly location: FieldLocation;
}

interface Wanted {
  readonly fits: (type: DeclaredType) => boolean;
  readonly description: string;
}

const wantedLength: Wanted = {
  fits: isLength,
  description: 'an unsigned integer, as the length of a sequence must be',
};
const wantedTag: Wanted = { fits: isTag, description: 'an enumeration, as the tag of a variant must be' };

/** Bounds the work that hostile metadata can cause by using a large type with references very often. */
const maximumPlacedTypes = 1_000_000;

export class Placer {
  /** Whether a time stamp without a mapping was given the automatic clock. */
  usedAutomaticClock = false;
  private readonly cursor: TokenCursor;
  /** The clock of time stamps that are mapped to none; absent if there are several to choose from. */
  private readonly automaticClock: string | undefined;
  /** Types without references that need no role either are placed once, however often they are used. */
  private readonly plain = new Map<DeclaredType, FieldClass>();
  private readonly namesOf = new Map<readonly DeclaredMember[], readonly string[]>();
  private readonly indexesOf = new Map<readonly DeclaredMember[], ReadonlyMap<string, number>>();
  private placed = 0;
  private scope: Scope = 'packet-header';
  private roots: ScopeRoots = new Map();
  private frames: Frame[] = [];
  private token = 0;

  constructor(cursor: TokenCursor, automaticClock: string | undefined) {
    this.cursor = cursor;
    this.automaticClock = automaticClock;
  }

  /** Places the structure of a scope. `roots` has it and the scopes before it; `token` is for messages. */
  place(scope: Scope, structure: DeclaredStructure, roots: ScopeRoots, token: number): StructureFieldClass {
    this.scope = scope;
    this.roots = roots;
    this.frames = [];
    this.token = token;
    return this.placeType(structure, undefined) as StructureFieldClass;
  }

  /** Places a type; `name` is the shown name of the structure member that has it. */
  private placeType(type: DeclaredType, name: string | undefined): FieldClass {
    const roleless =
      this.scope !== 'packet-header' && this.scope !== 'packet-context' && this.scope !== 'event-header';
    const shareable = roleless && isSelfContained(type);
    if (shareable) {
      if (type.kind === 'integer' || type.kind === 'float' || type.kind === 'string') return type;
      const known = this.plain.get(type);
      if (known !== undefined) return known;
    }
    const fieldClass = this.placeAnew(type, name);
    if (shareable) this.plain.set(type, fieldClass);
    return fieldClass;
  }

  private placeAnew(type: DeclaredType, name: string | undefined): FieldClass {
    switch (type.kind) {
      case 'integer':
        return this.placeInteger(type, name);
      case 'float':
      case 'string':
        return type;
      case 'declared-structure': {
        const { members, alignmentBits } = type;
        return { kind: 'structure', members: this.placeMembers(members, true), alignmentBits };
      }
      case 'declared-array': {
        const { length, alignmentBits } = type;
        const element = this.placeType(type.element, undefined);
        const isUuid = this.scope === 'packet-header' && name === 'uuid' && this.frames.length === 1;
        return {
          kind: 'static-array',
          length,
          element,
          alignmentBits,
          ...(isUuid ? { roles: ['metadata-stream-uuid'] } : {}),
        };
      }
      case 'declared-sequence': {
        const lengthLocation = this.resolve(type.length, wantedLength).location;
        const element = this.placeType(type.element, undefined);
        return { kind: 'dynamic-array', lengthLocation, element, alignmentBits: type.alignmentBits };
      }
      case 'declared-variant':
        break;
    }
    return this.placeVariant(type);
  }

  private shownNames(members: readonly DeclaredMember[]): readonly string[] {
    let names = this.namesOf.get(members);
    if (names === undefined) this.namesOf.set(members, (names = shownNames(members)));
    return names;
  }

  /** Index of the member written so, or -1. */
  private indexOf(members: readonly DeclaredMember[], name: string): number {
    if (members.length < 32) return members.findIndex((member) => member.name === name);
    let indexes = this.indexesOf.get(members);
    if (indexes === undefined) {
      indexes = new Map(members.map((member, index) => [member.name, index]));
      this.indexesOf.set(members, indexes);
    }
    return indexes.get(name) ?? -1;
  }

  private placeMembers(members: readonly DeclaredMember[], structure: boolean): StructureMember[] {
    this.placed += 1 + members.length;
    if (this.placed > maximumPlacedTypes) {
      this.cursor.failMeaning(this.token, 'the types of this metadata have too many parts');
    }
    const frame: Frame = { members, names: this.shownNames(members), structure, index: 0 };
    this.frames.push(frame);
    const placed = members.map(({ type }, index): StructureMember => {
      frame.index = index;
      const name = frame.names[index]!;
      return { name, fieldClass: this.placeType(type, structure ? name : undefined) };
    });
    this.frames.pop();
    return placed;
  }

  private placeVariant(variant: DeclaredVariant): FieldClass {
    const { tag, options } = variant;
    if (tag === undefined) return this.cursor.failMeaning(this.token, 'a variant here has no tag');
    const { type, location } = this.resolve(tag, wantedTag);
    const mappings = type.kind === 'integer' ? (type.mappings ?? []) : [];
    const rangesOf = new Map(mappings.map(({ label, ranges }) => [label, ranges]));
    // An option whose name is no label of the tag is never chosen.
    const placed = this.placeMembers(options, false).map(({ name, fieldClass }, index): VariantOption => ({
      name,
      fieldClass,
      ranges: rangesOf.get(options[index]!.name) ?? [],
    }));
    return { kind: 'variant', selectorLocation: location, options: placed };
  }

  private placeInteger(integer: IntegerFieldClass, name: string | undefined): FieldClass {
    const place: IntegerPlace = { scope: this.scope, name, atTop: this.frames.length === 1 };
    let { clockName } = integer;
    if (isMappedByName(place)) clockName ??= this.mapAutomatically(name!);
    const roles = impliedRoles(place, clockName !== undefined);
    if (roles.length === 0 && clockName === integer.clockName) return integer;
    return { ...integer, roles, ...(clockName === undefined ? {} : { clockName }) };
  }

  private mapAutomatically(name: string): string {
    const { automaticClock } = this;
    if (automaticClock === undefined) {
      this.cursor.failMeaning(this.token, `the field \`${name}\` must be mapped to one of the clocks`);
    }
    this.usedAutomaticClock = true;
    return automaticClock;
  }

  private resolve(reference: DeclaredReference, wanted: Wanted): Target {
    const { path, token } = reference;
    const text = path.join('.');
    for (const [scope, prefix] of scopePaths) {
      if (!text.startsWith(`${prefix}.`)) continue;
      return this.resolveAbsolute(scope, path.slice(prefix.split('.').length), reference, wanted);
    }
    let unfit = false;
    const consider = (target: Target | undefined): Target | undefined => {
      if (target === undefined || wanted.fits(target.type)) return target;
      unfit = true;
      return undefined;
    };
    // From the innermost structure outwards, then through the scopes that were decoded before.
    for (let depth = this.frames.length - 1; depth >= 0; depth -= 1) {
      const frame = this.frames[depth]!;
      if (!frame.structure) continue;
      const target = consider(
        this.follow(this.scope, frame.members, path, this.framePath(depth), frame.index - 1),
      );
      if (target !== undefined) return target;
    }
    const current = scopePaths.findIndex(([scope]) => scope === this.scope);
    for (let index = current - 1; index >= 0; index -= 1) {
      const [scope] = scopePaths[index]!;
      const root = this.roots.get(scope);
      const target = root && consider(this.follow(scope, root.members, path, [], root.members.length));
      if (target !== undefined) return target;
    }
    const message = unfit
      ? `\`${text}\` is not ${wanted.description}`
      : `there is no field \`${text}\` before this one`;
    return this.cursor.failMeaning(token, message);
  }

  private resolveAbsolute(
    scope: Scope,
    path: readonly string[],
    { path: whole, token }: DeclaredReference,
    wanted: Wanted,
  ): Target {
    const text = whole.join('.');
    const root = this.roots.get(scope);
    const target = root && this.follow(scope, root.members, path, [], root.members.length);
    if (target === undefined) this.cursor.failMeaning(token, `there is no field \`${text}\``);
    if (!wanted.fits(target.type)) this.cursor.failMeaning(token, `\`${text}\` is not ${wanted.description}`);
    if (scope === this.scope && !this.isBefore(target.location)) {
      this.cursor.failMeaning(token, `the field \`${text}\` does not come before this one`);
    }
    return target;
  }

  /** Whether a field of this scope is decoded before the one being placed. */
  private isBefore({ path }: FieldLocation): boolean {
    for (const [depth, frame] of this.frames.entries()) {
      const name = path[depth];
      const index = name === undefined ? -1 : frame.names.indexOf(name);
      if (index < 0) return false;
      if (index !== frame.index) return index < frame.index;
    }
    return false;
  }

  /** Shown names that lead from the scope's root to the structure of the frame at `depth`. */
  private framePath(depth: number): readonly string[] {
    return this.frames.slice(0, depth).map((frame) => frame.names[frame.index]!);
  }

  /** Follows a path of written names from `members`, of which those up to `last` may begin it. */
  private follow(
    scope: Scope,
    members: readonly DeclaredMember[],
    path: readonly string[],
    begin: readonly string[],
    last: number,
  ): Target | undefined {
    const shown = [...begin];
    let level = members;
    let type: DeclaredType | undefined;
    for (const [step, name] of path.entries()) {
      if (step > 0) {
        while (type?.kind === 'declared-array' || type?.kind === 'declared-sequence') type = type.element;
        if (type?.kind === 'declared-structure') level = type.members;
        else if (type?.kind === 'declared-variant') level = type.options;
        else return undefined;
      }
      const index = this.indexOf(level, name);
      if (index < 0 || (step === 0 && index > last)) return undefined;
      type = level[index]!.type;
      shown.push(this.shownNames(level)[index]!);
    }
    return type && { type, location: { scope, path: shown } };
  }
}
