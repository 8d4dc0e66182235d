// A made-up service in place of a trace, for tests and benchmarks of what lies above the reader: two processes,
// three threads, overlapping requests, collections, a gap. The same seed gives the same events.
import type { TraceStore } from '@spoor/store';
import type { FieldNode } from '../protocol.ts';
import type { DecodedEvent, ViewSource } from '../source.ts';

const typeNames = [
  'http_server:request_begin',
  'http_server:request_end',
  'nodejs:gc',
  'shop:cache_lookup',
  'shop:order_placed',
  'console:message',
  'dns:lookup_begin',
  'dns:lookup_end',
] as const;
const roles = ['begin', 'end', 'complete', 'point', 'point', 'point', 'begin', 'end'] as const;

/** Options of {@link syntheticSource}. */
export interface SyntheticOptions {
  readonly eventCount: number;
  readonly seed?: number;
}

/** Makes the source; its events are computed when it is indexed. */
export function syntheticSource(options: SyntheticOptions): ViewSource {
  const kinds = new Uint8Array(options.eventCount);
  const ids = new Uint32Array(options.eventCount);
  let state = (options.seed ?? 1) >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const payload = (event: number): FieldNode[] => {
    const kind = kinds[event]!;
    const id = ids[event]!;
    const node = (name: string, text: string): FieldNode => ({ name, text, members: undefined });
    const name = typeNames[kind];
    if (name === 'http_server:request_begin') {
      return [node('id', String(id)), node('method', '"GET"'), node('url', `"/orders/${id % 97}"`)];
    }
    if (name === 'http_server:request_end') {
      return [node('id', String(id)), node('status', id % 41 === 0 ? '500' : '200')];
    }
    if (name === 'nodejs:gc') return [node('kind', '"minor"')];
    if (name === 'shop:order_placed') {
      return [node('order', String(event)), node('customer', `"customer-${event % 313}"`)];
    }
    if (name === 'dns:lookup_begin') return [node('id', String(id)), node('hostname', '"db.example"')];
    return [node('key', `"item-${event % 1009}"`)];
  };
  function* index(store: TraceStore): Generator<number> {
    const lanes = [
      store.addLane(store.addProcess('web', 1200), 'main', 1200),
      store.addLane(0, 'worker', 1201),
      store.addLane(store.addProcess('db', 1300), 'main', 1300),
    ];
    const types = typeNames.map((name, i) =>
      store.addType(name, roles[i]!, name.replace(/_(?:begin|end)$/, '')),
    );
    const open = lanes.map(() => ({ http: [] as number[], dns: [] as number[] }));
    let timeNs = 0;
    let nextId = 1;
    for (let event = 0; event < options.eventCount; event++) {
      const gap = event === options.eventCount >> 1;
      timeNs += gap ? 50_000_000 : Math.ceil(-Math.log(1 - random()) * 9000);
      const lane = random() < 0.6 ? 0 : random() < 0.6 ? 1 : 2;
      if (gap) store.addLoss({ lane, fromNs: timeNs - 40_000_000, toNs: timeNs - 5_000_000, count: 1234 });
      const running = open[lane]!;
      const dice = random();
      let kind = dice < 0.45 ? 3 : dice < 0.5 ? 4 : dice < 0.52 ? 5 : dice < 0.525 ? 2 : dice < 0.8 ? 0 : 6;
      if (kind === 0 && random() * 8 < running.http.length) kind = 1;
      if (kind === 6 && running.dns.length > 0) kind = 7;
      const list = kind >= 6 ? running.dns : running.http;
      const edge = kind < 2 || kind >= 6;
      const ends = kind === 1 || kind === 7;
      const id = ends ? list.splice(Math.floor(random() * list.length), 1)[0]! : edge ? nextId++ : 0;
      if (edge && !ends) list.push(id);
      kinds[event] = kind;
      ids[event] = id;
      const use = edge || kind === 2 ? 'span' : 'point';
      const number = store.append(store.seriesFor(lane, types[kind]!, use), timeNs, 0, event);
      if (use === 'span') {
        const track = store.trackFor(lane, store.types[types[kind]!]!.spanName);
        if (kind === 2) track.complete(timeNs - 1_000_000 * random(), timeNs, number);
        else if (ends) track.end(id, timeNs, number);
        else track.begin(id, timeNs, number);
      }
      if ((event & 8191) === 8191) yield event / options.eventCount;
    }
  }
  return {
    title: 'synthetic',
    paths: ['synthetic'],
    baseNs: 1_760_000_000_000_000_000n,
    absolute: true,
    warnings: ['a synthetic warning'],
    index,
    decode: (event): DecodedEvent => ({
      logLevel: 'info',
      sections: [
        { title: 'Payload', fields: payload(event) },
        { title: 'Packet context', fields: [{ name: 'cpu_id', text: '0', members: undefined }] },
      ],
    }),
    fieldsText: (event) =>
      payload(event)
        .map(({ name, text }) => `${name} = ${text}`)
        .join(', '),
    label: (event) =>
      payload(event)
        .slice(1)
        .map(({ text }) => text.replaceAll('"', ''))
        .join(' '),
  };
}
