/** Plug-ins: component classes that come together, and the place where they are found by name. */
import { closestName, SpoorError } from '@spoor/base';
import type { ComponentClass, ComponentKind } from './component.ts';

/** Component classes that come together. */
export interface Plugin<Flow> {
  /** The middle part of the dotted names: `ctf` of `source.ctf.fs`. */
  readonly name: string;
  readonly description?: string;
  readonly author?: string;
  readonly license?: string;
  readonly version?: string;
  readonly componentClasses: readonly ComponentClass<Flow>[];
}

/** A class with the names that it is found by. */
export interface FoundClass<Flow> {
  /** `source.ctf.fs`. */
  readonly fullName: string;
  readonly componentClass: ComponentClass<Flow>;
  readonly plugin: Plugin<Flow>;
}

const kinds: ReadonlyMap<string, ComponentKind> = new Map([
  ['source', 'source'],
  ['src', 'source'],
  ['filter', 'filter'],
  ['flt', 'filter'],
  ['sink', 'sink'],
]);

const namePart = /^[A-Za-z_][\w-]*$/;

/** All plug-ins of a program. */
export class PluginRegistry<Flow> {
  private readonly entries: { readonly plugin: Plugin<Flow>; readonly place: string }[] = [];
  private readonly classes = new Map<string, FoundClass<Flow>>();

  /**
   * @param place where it comes from: a file, or `(built in)`.
   * @throws SpoorError `plugin/misdeclared`, `plugin/duplicate`, which name the place.
   */
  add(plugin: Plugin<Flow>, place: string): void {
    const known = this.entries.find((entry) => entry.plugin.name === plugin.name);
    if (known !== undefined) {
      throw new SpoorError('plugin/duplicate', `there is a plug-in named ${plugin.name} already`, {
        where: place,
        hint: `the other one is ${known.place}`,
      });
    }
    const misdeclared = (what: string): never => {
      throw new SpoorError('plugin/misdeclared', `the plug-in ${JSON.stringify(plugin.name)} ${what}`, {
        where: place,
      });
    };
    if (!namePart.test(plugin.name)) misdeclared('has no name that can stand between dots');
    const own = new Map<string, FoundClass<Flow>>();
    for (const componentClass of plugin.componentClasses) {
      const { kind, name } = componentClass;
      const fullName = `${kind}.${plugin.name}.${name}`;
      if (kinds.get(kind) !== kind) misdeclared(`has a component class of the kind ${JSON.stringify(kind)}`);
      if (!namePart.test(name)) misdeclared(`has a component class named ${JSON.stringify(name)}`);
      if (own.has(fullName)) misdeclared(`has the component class ${fullName} twice`);
      own.set(fullName, { fullName, componentClass, plugin });
    }
    this.entries.push({ plugin, place });
    for (const [fullName, found] of own) this.classes.set(fullName, found);
  }

  /** All plug-ins, in the order in which they were added. */
  get plugins(): readonly { readonly plugin: Plugin<Flow>; readonly place: string }[] {
    return this.entries;
  }

  /** Dotted names of all classes. */
  get classNames(): readonly string[] {
    return [...this.classes.keys()];
  }

  /** The class of a dotted name, of which the kind may be written `src` or `flt`; undefined for an unknown one. */
  look(name: string): FoundClass<Flow> | undefined {
    const [kind = '', ...rest] = name.split('.');
    return this.classes.get([kinds.get(kind) ?? kind, ...rest].join('.'));
  }

  /** Like `look`. @throws SpoorError `graph/unknown-class`, with what was probably meant. */
  find(name: string): FoundClass<Flow> {
    const found = this.look(name);
    if (found !== undefined) return found;
    const near = closestName(name, this.classes.keys());
    throw new SpoorError('graph/unknown-class', `there is no component class ${name}`, {
      hint: near === undefined ? '`list-plugins` lists them' : `did you mean ${near}?`,
    });
  }
}
