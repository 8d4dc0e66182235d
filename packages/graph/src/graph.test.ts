import { expect, test } from 'vitest';
import {
  Graph,
  InputPort,
  OutputPort,
  parseConnection,
  PluginRegistry,
  type ComponentClass,
} from './index.ts';

type Numbers = () => number | undefined;

/** A registry of numbers: a source of two ports, a filter that doubles, a sink that notes. */
function registryOf(seen: number[]): PluginRegistry<Numbers> {
  const common = { description: 'd', parameters: {} };
  const counting = (to: number): Numbers => {
    let at = 0;
    return () => (at === to ? undefined : ++at);
  };
  const classes: ComponentClass<Numbers>[] = [
    {
      ...common,
      kind: 'source',
      name: 'count',
      create: () => ({
        kind: 'source',
        name: 'count',
        outputs: [new OutputPort('two', () => counting(2)), new OutputPort('three', () => counting(3))],
      }),
    },
    {
      ...common,
      kind: 'filter',
      name: 'double',
      create: () => {
        const input = new InputPort<Numbers>('in');
        const open = (): Numbers => {
          const next = input.open();
          return () => {
            const value = next();
            return value === undefined ? undefined : value * 2;
          };
        };
        return { kind: 'filter', name: 'double', inputs: [input], output: new OutputPort('out', open) };
      },
    },
    {
      ...common,
      kind: 'sink',
      name: 'note',
      create: () => {
        const input = new InputPort<Numbers>('in');
        let next: Numbers | undefined;
        return {
          kind: 'sink',
          name: 'note',
          input,
          consume: () => {
            next ??= input.open();
            const value = next();
            if (value !== undefined) seen.push(value);
            return value !== undefined;
          },
          finish: () => {},
        };
      },
    },
  ];
  const registry = new PluginRegistry<Numbers>();
  registry.add({ name: 't', componentClasses: classes }, '(test)');
  return registry;
}

async function ran(
  components: Readonly<Record<string, string>>,
  ...connections: string[]
): Promise<number[]> {
  const seen: number[] = [];
  const requests = Object.entries(components).map(([name, className]) => ({
    name,
    className,
    parameters: new Map(),
  }));
  const graph = await Graph.make(registryOf(seen), { components: requests, connections });
  expect(await graph.run()).toBe('end');
  return seen;
}

const source = { a: 'source.t.count' };

test('rules are tried in order, by patterns of components and ports', async () => {
  const sinks = { x: 'sink.t.note', y: 'flt.t.double', z: 'sink.t.note' };
  expect(await ran({ ...source, ...sinks }, 'a.tw*:y', 'y:z', '*:x')).toEqual([1, 2, 2, 4, 3]);
});

test('an output feeds several', async () => {
  const sinks = { d: 'filter.t.double', x: 'sink.t.note', y: 'sink.t.note', z: 'sink.t.note' };
  const seen = await ran({ ...source, ...sinks }, 'a.two:d', 'a.three:z', 'd:x', 'd:y');
  expect(seen.sort((left, right) => left - right)).toEqual([1, 2, 2, 2, 3, 4, 4]);
});

test.each([
  [['a:x'], 'there is no free input port for the port "three" of a'],
  [['a.two:x'], 'no --connect says where the port "three" of a goes'],
  [['a:q'], 'no component is named "q"'],
  [['x'], 'joins nothing'],
  [['a:'], 'joins nothing'],
])('%j is refused', async (connections, message) => {
  await expect(ran({ ...source, x: 'sink.t.note' }, ...connections)).rejects.toThrow(message);
});

test('a circle is refused, and what is not known', async () => {
  const circle = { d: 'filter.t.double', e: 'filter.t.double', x: 'sink.t.note', y: 'sink.t.note' };
  await expect(ran({ ...source, ...circle }, 'a.two:x', 'a.three:y', 'd:e', 'e:d')).rejects.toThrow(
    'go round in a circle: d → e → d',
  );
  await expect(ran({ a: 'source.t.cuont', x: 'sink.t.note' }, 'a:x')).rejects.toMatchObject({
    hint: 'did you mean source.t.count?',
  });
});

test('stars and backslashes of patterns', () => {
  const { upstream, upstreamPort } = parseConnection(String.raw`a\.b*c.*x\*:d`);
  expect(upstream.text).toBe(String.raw`a\.b*c`);
  expect(['a.bc', 'a.b--c', 'a.bcd', 'axbc'].map((name) => upstream.matches(name))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(['x*', 'aax*', 'xa'].map((name) => upstreamPort.matches(name))).toEqual([true, true, false]);
  expect(parseConnection(`a.${'*a'.repeat(50)}*:b`).upstreamPort.matches('a'.repeat(49))).toBe(false);
});
