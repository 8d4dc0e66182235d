/** Values of elements of LTTng's session files, each checked, with its place where it is not what it must be. */
import type { SpoorError } from '@spoor/base';
import { atNode, type XmlNode } from './xml-tree.ts';

/** An element whose children each have a name that is known, and are there once. */
export class FileElement {
  readonly node: XmlNode;
  readonly #file: string;
  readonly #children = new Map<string, XmlNode>();

  /** @throws SpoorError `lttng/session-file` for a child of another name, or one that is there twice. */
  constructor(file: string, node: XmlNode, known: readonly string[]) {
    this.#file = file;
    this.node = node;
    for (const child of node.children) {
      if (!known.includes(child.name)) {
        throw this.wrong(`<${node.name}> cannot have <${child.name}>`, child);
      }
      if (this.#children.has(child.name)) throw this.wrong(`<${child.name}> is there twice`, child);
      this.#children.set(child.name, child);
    }
    if (node.text !== '') throw this.wrong(`<${node.name}> cannot have text`);
  }

  /** An error about this element, or one in it. */
  wrong(what: string, node: XmlNode = this.node, hint?: string): SpoorError {
    return atNode(this.#file, node, what, hint);
  }

  /** A child with children of known names; undefined when it is not there. */
  inner(name: string, known: readonly string[]): FileElement | undefined {
    const node = this.#children.get(name);
    return node && new FileElement(this.#file, node, known);
  }

  /** The children of a child that is a list of elements of one of these names; none when it is not there. */
  list(name: string, ...known: readonly string[]): readonly XmlNode[] {
    const node = this.#children.get(name);
    return node === undefined ? [] : this.items(node, ...known);
  }

  /** The children of an element that is a list of elements of one of these names. */
  items(node: XmlNode, ...known: readonly string[]): readonly XmlNode[] {
    for (const item of node.children) {
      if (!known.includes(item.name)) throw this.wrong(`<${node.name}> cannot have <${item.name}>`, item);
    }
    if (node.text !== '') throw this.wrong(`<${node.name}> cannot have text`, node);
    return node.children;
  }

  /** An element in this one, taken for itself. */
  of(node: XmlNode, known: readonly string[]): FileElement {
    return new FileElement(this.#file, node, known);
  }

  /** Text of a child; undefined when it is not there. */
  text(name: string): string | undefined {
    const node = this.#children.get(name);
    return node && this.textOf(node);
  }

  /** Text of an element in this one, which must have no elements. */
  textOf(node: XmlNode): string {
    if (node.children.length > 0) throw this.wrong(`<${node.name}> is a text`, node.children[0]);
    return node.text;
  }

  /** Text of a child that must be there. */
  needed(name: string): string {
    const text = this.text(name);
    if (text === undefined || text === '') throw this.wrong(`<${this.node.name}> has no <${name}>`);
    return text;
  }

  /** One of several words; undefined when it is not there. */
  word<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const word = words.find((own) => own === text);
    if (word !== undefined) return word;
    throw this.wrong(`<${name}> is ${JSON.stringify(text)}, not one of ${words.join(', ')}`, this.#of(name));
  }

  /** A truth value of XML Schema. */
  truth(name: string): boolean | undefined {
    const word = this.word(name, ['true', 'false', '1', '0']);
    return word === undefined ? undefined : word === 'true' || word === '1';
  }

  /** A whole number of at least `least`; one that is too large to be exact is refused. */
  count(name: string, least = 0): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : this.countOf(this.#of(name), least);
  }

  /** The same of an element in this one. */
  countOf(node: XmlNode, least = 0): number {
    const text = this.textOf(node);
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw this.wrong(`<${node.name}> is ${JSON.stringify(text)}, not a whole number from ${least}`, node);
  }

  #of(name: string): XmlNode {
    return this.#children.get(name) ?? this.node;
  }
}
