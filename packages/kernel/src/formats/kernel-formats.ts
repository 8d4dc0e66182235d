/** All formats of one kernel, by number and by name. */
import { closestName } from '@spoor/base';
import type { KernelEventFormat } from './event-format.ts';
import type { PageLayout } from './page-layout.ts';

/** What is needed to decode the pages of a kernel. It never changes: a kernel that gets new events has a new one. */
export class KernelFormats {
  readonly layout: PageLayout;
  /** In order of their numbers. */
  readonly events: readonly KernelEventFormat[];
  private readonly byId: readonly (KernelEventFormat | undefined)[];
  private readonly byName: ReadonlyMap<string, KernelEventFormat>;

  constructor(layout: PageLayout, events: Iterable<KernelEventFormat>) {
    this.layout = layout;
    const sorted = [...events].sort((left, right) => left.id - right.id);
    const byId: (KernelEventFormat | undefined)[] = [];
    for (const event of sorted) {
      while (byId.length <= event.id) byId.push(undefined);
      byId[event.id] ??= event;
    }
    this.byId = byId;
    this.events = sorted;
    this.byName = new Map(sorted.map((event) => [`${event.system}:${event.name}`, event]));
  }

  /** The event whose records have this `common_type`. */
  ofId(id: number): KernelEventFormat | undefined {
    return this.byId[id];
  }

  /** The event `SYSTEM:NAME`. */
  ofName(name: string): KernelEventFormat | undefined {
    return this.byName.get(name);
  }

  /** The event that was probably meant by a name that there is not. */
  closest(name: string): string | undefined {
    return closestName(name, this.byName.keys());
  }
}
