/** Choosing events by their names. */
import { closestName, SpoorError } from '@spoor/base';

/** `SYSTEM:NAME` in its parts; without a colon it is a name in any system. */
export function splitEventName(pattern: string): { readonly system: string; readonly name: string } {
  const colon = pattern.indexOf(':');
  if (colon < 0) return { system: '*', name: pattern };
  return { system: pattern.slice(0, colon), name: pattern.slice(colon + 1) };
}

/** A matcher of `*`, `?` and letters. */
export function globMatcher(glob: string): (text: string) => boolean {
  const source = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const pattern = new RegExp(`^${source}$`, 's');
  return (text) => pattern.test(text);
}

/**
 * The events that patterns name, each once, in the order of the kernel's list.
 * @param available `SYSTEM:NAME` of all events.
 * @throws SpoorError `kernel/no-event` for a pattern that names none.
 */
export function matchEvents(patterns: readonly string[], available: readonly string[]): readonly string[] {
  const chosen = new Set<string>();
  const known = new Set(available);
  for (const pattern of patterns) {
    if (known.has(pattern)) {
      chosen.add(pattern);
      continue;
    }
    const { system, name } = splitEventName(pattern);
    const isSystem = globMatcher(system);
    const isName = globMatcher(name);
    let found = false;
    for (const event of available) {
      const colon = event.indexOf(':');
      if (!isSystem(event.slice(0, colon)) || !isName(event.slice(colon + 1))) continue;
      chosen.add(event);
      found = true;
    }
    if (!found) {
      const meant = closestName(
        pattern.includes(':') ? pattern : name,
        pattern.includes(':') ? available : available.map((event) => splitEventName(event).name),
      );
      throw new SpoorError('kernel/no-event', `this kernel has no event ${JSON.stringify(pattern)}`, {
        hint:
          meant === undefined ? 'events are listed in available_events of tracefs' : `did you mean ${meant}?`,
      });
    }
  }
  return available.filter((event) => chosen.has(event));
}
