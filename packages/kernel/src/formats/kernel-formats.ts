/** All formats of one kernel, by number and by name. */
import { closestName } from '@spoor/base';
import type { KernelEventFormat } from './event-format.ts';
import { isKernelText, KernelTexts } from './kernel-texts.ts';
import type { PageLayout } from './page-layout.ts';

/** What is needed to decode the pages of a kernel. It never changes: a kernel that gets new events has a new one. */
export class KernelFormats {
  readonly layout: PageLayout;
  /** In order of their numbers. */
  readonly events: readonly KernelEventFormat[];
  private readonly byId: readonly (KernelEventFormat | undefined)[];
  private readonly byName: ReadonlyMap<string, KernelEventFormat>;
  private readonly printkFormats: () => string;
  /** Texts of the kernel that records tell by address. */
  readonly texts: KernelTexts;

  /** @param printkFormats the file of that name, where it is kept: asked for at most when a field needs it. */
  constructor(
    layout: PageLayout,
    events: Iterable<KernelEventFormat>,
    printkFormats: () => string = () => '',
  ) {
    this.layout = layout;
    this.printkFormats = printkFormats;
    this.texts = new KernelTexts(printkFormats);
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

  /** The file `printk_formats` as far as these events need it: empty where none tells an address of a text. */
  get neededTexts(): string {
    const needs = this.events.some((event) => event.fields.some((field) => isKernelText(event, field)));
    return needs ? this.printkFormats() : '';
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
