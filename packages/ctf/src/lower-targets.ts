/** Where the fields that lengths and selectors refer to are found once their structures were lowered. */
import { SpoorError } from '@spoor/base';
import { locationOf, childrenOf } from './field-classes.ts';
import type { FieldClass, FieldLocation, IntegerFieldClass, Scope } from './model.ts';
import { scopePaths } from './tsdl-names.ts';

/** A field that others refer to, as it is written. */
export interface LoweredTarget {
  readonly location: FieldLocation;
  readonly fieldClass: IntegerFieldClass;
  /** By which its values are kept. */
  readonly key: string;
}

interface Entry extends LoweredTarget {
  readonly scope: Scope;
  /** Set where several options have a field of this path, so that what comes after them cannot say which it means. */
  ambiguous: boolean;
}

function keyOf(scope: Scope, path: readonly string[]): string {
  return `${scope}\0${path.join('\0')}`;
}

const order = scopePaths.map(([scope]) => scope);

/** The fields met so far, and the place of what is being lowered. */
export class LoweredTargets {
  private scope: Scope = 'packet-header';
  /** Names that lead there: of members as they were, and of members and options as they are written. */
  private readonly before: string[] = [];
  private readonly after: string[] = [];
  private readonly tags: string[] = [];
  private readonly entries = new Map<string, Entry>();
  private readonly saved = new Set<string>();
  /** Keys added in the options of the variants around. */
  private readonly variants: Map<string, number>[] = [];
  private optionKeys: Set<string>[] = [];

  /** Notes which values tags may be made of: those of all selectors of a class. */
  addSelectors(fieldClass: FieldClass): void {
    if (fieldClass.kind === 'variant' || fieldClass.kind === 'optional') {
      const { scope, path } = locationOf(fieldClass)!;
      this.saved.add(keyOf(scope, path));
    }
    for (const child of childrenOf(fieldClass)) this.addSelectors(child);
  }

  isSaved(key: string): boolean {
    return this.saved.has(key);
  }

  /** Begins a scope: what was in it and after it is forgotten. */
  begin(scope: Scope): void {
    this.scope = scope;
    const from = order.indexOf(scope);
    for (const [key, entry] of this.entries) if (order.indexOf(entry.scope) >= from) this.entries.delete(key);
  }

  get currentScope(): Scope {
    return this.scope;
  }

  /** Whether what is being lowered is the structure of the scope. */
  get atTop(): boolean {
    return this.after.length === 0;
  }

  /** For messages. */
  get where(): string {
    return [this.scope, ...this.before].join('.');
  }

  /** Goes into a member. @param tag the name that a tag of it would have. */
  enter(before: string, after: string, tag: string): void {
    this.before.push(before);
    this.after.push(after);
    this.tags.push(tag);
  }

  leave(): void {
    this.before.pop();
    this.after.pop();
    this.tags.pop();
  }

  /** Goes into what was not there before: a structure made for a tag and its variant. */
  enterMade(name: string, tag: string): void {
    this.after.push(name);
    this.tags.push(tag);
  }

  leaveMade(): void {
    this.after.pop();
    this.tags.pop();
  }

  beginVariant(): void {
    this.variants.push(new Map());
  }

  enterOption(name: string): void {
    this.enterMade(name, '');
    this.optionKeys.push(new Set());
  }

  leaveOption(): void {
    this.leaveMade();
    const counts = this.variants.at(-1)!;
    for (const key of this.optionKeys.pop()!) counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  endVariant(): void {
    const counts = this.variants.pop()!;
    for (const [key, count] of counts) {
      if (count > 1) this.entries.get(key)!.ambiguous = true;
      this.optionKeys.at(-1)?.add(key);
    }
  }

  /** Notes a field at the present place. */
  add(fieldClass: IntegerFieldClass): string {
    const key = keyOf(this.scope, this.before);
    const location = { scope: this.scope, path: [...this.after] };
    this.entries.set(key, { location, fieldClass, key, scope: this.scope, ambiguous: false });
    this.optionKeys.at(-1)?.add(key);
    return key;
  }

  find({ scope, path }: FieldLocation): LoweredTarget | undefined {
    return this.entries.get(keyOf(scope, path));
  }

  /** @throws SpoorError `ctf/not-expressible` where there is no such field, or one in each of several options. */
  get({ scope, path }: FieldLocation): LoweredTarget {
    const entry = this.entries.get(keyOf(scope, path));
    if (entry !== undefined && !entry.ambiguous) return entry;
    const what = entry === undefined ? 'that is not there' : 'that several options of a variant have';
    throw new SpoorError('ctf/not-expressible', `CTF 1.8 has no words for a reference to a field ${what}`, {
      where: this.where,
    });
  }

  /** Where the tag stands that is made for the present place. */
  tagLocation(): FieldLocation {
    return { scope: this.scope, path: [...this.after.slice(0, -1), this.tags.at(-1)!] };
  }
}
