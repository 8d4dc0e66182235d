/** Most routes that are told apart; further ones are counted together. */
const maxRoutes = 200;

/** The name of all requests that differ in numbers and queries only: `GET /orders/17?x=1` is `GET /orders/:n`. */
export function routeOf(method: string, url: string): string {
  const query = url.search(/[?#]/);
  const path = (query < 0 ? url : url.slice(0, query))
    .split('/')
    .map((part) => (isKey(part) ? ':n' : part))
    .join('/');
  return `${method} ${path}`;
}

/** Whether a part of a path names one thing of many: a number, a UUID, a long hexadecimal text, `sku-12`. */
function isKey(part: string): boolean {
  return (
    /^\d+$/.test(part) ||
    /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(part) ||
    (/^[\da-f]{16,}$/i.test(part) && /\d/.test(part)) ||
    /^[a-z]+[-_]\d+$/i.test(part)
  );
}

/** Groups routes by name, with a limit for programs whose paths never repeat. */
export class RouteTable<Group> {
  private readonly groups = new Map<string, Group>();
  private readonly make: () => Group;

  constructor(make: () => Group) {
    this.make = make;
  }

  /** The group of a route; `(other routes)` once there are too many. */
  group(route: string): Group {
    const known = this.groups.get(route);
    if (known !== undefined) return known;
    const name = this.groups.size >= maxRoutes ? '(other routes)' : route;
    let group = this.groups.get(name);
    if (group === undefined) {
      group = this.make();
      this.groups.set(name, group);
    }
    return group;
  }

  /** Each route with its group, in order of first sight. */
  entries(): readonly (readonly [string, Group])[] {
    return [...this.groups];
  }
}
