import { types } from 'node:util';
import { apply } from '../primordials.ts';

/** Levels of objects in objects that are told of. */
const maxDepth = 6;

/**
 * JSON text of a value, for events: made of own plain properties alone, so that no code of the program runs. Getters,
 * proxies and what is too deep or comes again within itself are named in brackets; `toJSON` is not called, dates and
 * errors are known without it. Members that no longer fit in `maxLength` UTF-16 code units are left out, so that the
 * text is whole JSON and hardly longer.
 *
 * @param except names of members of the outermost object that are left out.
 */
export function plainJson(value: unknown, maxLength: number, except: readonly string[] = []): string {
  return new Walk(maxLength).textOf(value, except);
}

class Walk {
  /** Code units that may still be written. */
  #left: number;
  readonly #open: object[] = [];

  constructor(maxLength: number) {
    this.#left = maxLength;
  }

  textOf(value: unknown, except: readonly string[] = []): string {
    switch (typeof value) {
      case 'string':
        return this.#took(JSON.stringify(value.slice(0, Math.max(0, this.#left))));
      case 'number':
        return this.#took(Number.isFinite(value) ? String(value) : 'null');
      case 'bigint':
        return this.#took(`"${value}"`);
      case 'boolean':
        return this.#took(String(value));
      case 'object':
        return value === null ? this.#took('null') : this.#objectText(value, except);
      case 'undefined':
      case 'function':
      case 'symbol':
      default:
        return this.#took(`"[${typeof value}]"`);
    }
  }

  #took(text: string): string {
    this.#left -= text.length;
    return text;
  }

  #objectText(object: object, except: readonly string[]): string {
    if (types.isProxy(object)) return this.#took('"[Proxy]"');
    if (types.isDate(object)) return this.#took(dateText(object));
    if (ArrayBuffer.isView(object) || types.isAnyArrayBuffer(object)) {
      return this.#took(`"[${object.byteLength} bytes]"`);
    }
    if (this.#open.includes(object)) return this.#took('"[Circular]"');
    if (this.#open.length >= maxDepth) return this.#took('"[Object]"');
    this.#open.push(object);
    const text = Array.isArray(object) ? this.#listText(object) : this.#membersText(object, except);
    this.#open.pop();
    return text;
  }

  #listText(list: readonly unknown[]): string {
    const parts: string[] = [];
    this.#left -= 2;
    for (let index = 0; index < list.length && this.#left > 0; index += 1) {
      const property = Object.getOwnPropertyDescriptor(list, index);
      this.#left -= 1;
      parts.push(property === undefined ? 'null' : this.#propertyText(property));
    }
    return `[${parts.join(',')}]`;
  }

  #membersText(object: object, except: readonly string[]): string {
    const parts: string[] = [];
    this.#left -= 2;
    // An error's message is not enumerable. To read its stack could run the program's code.
    const keys = types.isNativeError(object) ? ['message', ...Object.keys(object)] : Object.keys(object);
    for (const key of keys) {
      if (this.#left <= 0) break;
      if (except.includes(key)) continue;
      const property = Object.getOwnPropertyDescriptor(object, key);
      if (property === undefined || isLeftOut(property.value)) continue;
      const name = this.#took(JSON.stringify(key));
      this.#left -= 2;
      parts.push(`${name}:${this.#propertyText(property)}`);
    }
    return `{${parts.join(',')}}`;
  }

  #propertyText(property: PropertyDescriptor): string {
    return 'value' in property ? this.textOf(property.value) : this.#took('"[Getter]"');
  }
}

/** What JSON.stringify leaves out of objects too; a getter has no value, but is told of. */
function isLeftOut(value: unknown): boolean {
  return typeof value === 'function' || typeof value === 'symbol';
}

function dateText(date: Date): string {
  const timeMs = apply(getTime, date, []) as number;
  return Number.isNaN(timeMs) ? 'null' : `"${apply(toIsoString, date, []) as string}"`;
}

const { getTime, toISOString: toIsoString } = Date.prototype;
