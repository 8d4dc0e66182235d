/** Checks that lengths and selectors of CTF 2 metadata find fields of the right kind, decoded before. */
import { locationOf } from './field-classes.ts';
import type { FieldClass, FieldLocation, Scope, StructureFieldClass } from './model.ts';

type TargetKind = 'unsigned' | 'signed' | 'boolean' | 'other' | 'mixed';

/** The fields of one scope that others may refer to, by their paths. */
export type ScopeFields = ReadonlyMap<string, TargetKind>;

/** The fields of the scopes decoded so far. */
export type KnownFields = ReadonlyMap<Scope, ScopeFields>;

const separator = '\0';

class LocationCheck {
  readonly fields = new Map<string, TargetKind>();
  /** The fields found so far: those of the scope, then those of the elements and options that are being visited. */
  private readonly layers: Map<string, TargetKind>[] = [this.fields];
  private readonly scope: Scope;
  private readonly known: KnownFields;
  private readonly fail: (location: FieldLocation, message: string) => never;

  constructor(scope: Scope, known: KnownFields, fail: (location: FieldLocation, message: string) => never) {
    this.scope = scope;
    this.known = known;
    this.fail = fail;
  }

  visit(fieldClass: FieldClass, path: string): void {
    this.checkTarget(fieldClass);
    switch (fieldClass.kind) {
      case 'structure':
        for (const member of fieldClass.members) {
          this.visit(member.fieldClass, path + separator + member.name);
        }
        break;
      case 'static-array':
      case 'dynamic-array': {
        // Only what is in an element can refer to its fields: afterwards there are many of them.
        this.visitApart(fieldClass.element, path);
        this.note(path, 'other');
        break;
      }
      case 'variant': {
        // What is in an option refers to its own fields, what comes afterwards to those of whichever was chosen.
        const found = fieldClass.options.map((option) => this.visitApart(option.fieldClass, path));
        for (const fields of found) for (const [key, kind] of fields) this.note(key, kind);
        break;
      }
      case 'optional':
        this.visit(fieldClass.fieldClass, path);
        break;
      case 'integer':
        this.note(path, fieldClass.signed ? 'signed' : 'unsigned');
        break;
      case 'boolean':
        this.note(path, 'boolean');
        break;
      case 'float':
      case 'bit-array':
      case 'string':
      case 'static-string':
      case 'dynamic-string':
      case 'static-blob':
      case 'dynamic-blob':
        this.note(path, 'other');
        break;
      default:
        fieldClass satisfies never;
    }
  }

  /** Visits what only has itself to refer to; returns the fields in it. */
  private visitApart(fieldClass: FieldClass, path: string): ReadonlyMap<string, TargetKind> {
    this.layers.push(new Map());
    this.visit(fieldClass, path);
    return this.layers.pop()!;
  }

  private note(key: string, kind: TargetKind): void {
    const fields = this.layers.at(-1)!;
    const before = fields.get(key);
    fields.set(key, before === undefined || before === kind ? kind : 'mixed');
  }

  private kindOf({ scope, path }: FieldLocation): TargetKind | undefined {
    const key = separator + path.join(separator);
    if (scope !== this.scope) return this.known.get(scope)?.get(key);
    for (let layer = this.layers.length - 1; layer >= 0; layer -= 1) {
      const kind = this.layers[layer]!.get(key);
      if (kind !== undefined) return kind;
    }
    return undefined;
  }

  private checkTarget(fieldClass: FieldClass): void {
    const location = locationOf(fieldClass);
    if (location === undefined) return;
    const kind = this.kindOf(location);
    if (kind === undefined) {
      this.fail(location, 'there is no such field before this one');
    }
    if (kind === 'mixed') this.fail(location, 'the fields of this name in the options differ in kind');
    const isInteger = kind === 'unsigned' || kind === 'signed';
    if (fieldClass.kind === 'variant') {
      if (!isInteger) this.fail(location, 'a selector must be an integer');
    } else if (fieldClass.kind !== 'optional') {
      if (kind !== 'unsigned') this.fail(location, 'a length must be an unsigned integer');
    } else if (fieldClass.ranges === undefined) {
      if (kind !== 'boolean') {
        this.fail(location, 'without `selector-field-ranges` the selector must be a boolean');
      }
    } else if (!isInteger) {
      this.fail(location, 'with `selector-field-ranges` the selector must be an integer');
    }
  }
}

/**
 * Checks the locations within a scope.
 * @param known the scopes decoded before it.
 * @param fail throws for a location.
 * @returns what later scopes may refer to in it.
 */
export function checkLocations(
  scope: Scope,
  structure: StructureFieldClass,
  known: KnownFields,
  fail: (location: FieldLocation, message: string) => never,
): ScopeFields {
  const check = new LocationCheck(scope, known, fail);
  check.visit(structure, '');
  return check.fields;
}
