import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkImports, rooms } from './check-imports.ts';

test('dependencies point one way along the path of the data', () => {
  expect(checkImports(join(import.meta.dirname, '..'))).toEqual([]);
});

test('the table itself has no way back', () => {
  const order = Object.keys(rooms);
  for (const [name, room] of Object.entries(rooms)) {
    for (const target of room.mayImport)
      expect(rooms[target]?.mayImport, `${target} of ${name}`).not.toContain(name);
  }
  expect(order.length).toBeLessThanOrEqual(20);
});
