// `spoor view` as a command: addresses, ports, errors, Ctrl-C.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSmallTrace } from '@spoor/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { spoor } from './support/spoor.ts';
import { startViewer } from './support/viewer.ts';
import { removeTree } from './support/removal.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'spoor-view-command-'));
  writeSmallTrace(join(directory, 'trace'), 500);
  mkdirSync(join(directory, 'empty'));
  mkdirSync(join(directory, 'broken'));
  writeFileSync(join(directory, 'broken', 'metadata'), '/* CTF 1.8 */ trace { major = 1;');
});
afterAll(() => removeTree(directory));

test('serves on 127.0.0.1, and Ctrl-C ends it well', async () => {
  const viewer = await startViewer([join(directory, 'trace')]);
  const summary = (await (await fetch(`${viewer.url}api/trace`)).json()) as { title: string };
  expect(summary.title).toBe('trace');
  expect(await viewer.stop()).toBe(0);
  await expect(fetch(viewer.url)).rejects.toThrow();
});

test('a taken port is one line and status 1', async () => {
  const viewer = await startViewer([join(directory, 'trace')]);
  const { port } = new URL(viewer.url);
  const second = spoor(['view', '--port', port, join(directory, 'trace')]);
  expect(second.stdout).toBe('');
  expect(second.stderr).toMatch(new RegExp(`^spoor: port ${port} is in use \\(.*--port.*\\)\n$`));
  expect(second.status).toBe(1);
  expect(await viewer.stop()).toBe(0);
});

test('what is no trace is one line and status 1', () => {
  for (const [name, message] of [
    ['absent', /no such file or directory/],
    ['empty', /no trace in/],
    ['broken', /metadata/],
  ] as const) {
    const done = spoor(['view', join(directory, name)]);
    expect([name, done.status, done.stdout]).toEqual([name, 1, '']);
    expect(done.stderr).toMatch(message);
    expect(done.stderr.trimEnd().split('\n')).toHaveLength(1);
  }
});

test('wrong use is told', () => {
  const port = spoor(['view', '--port', 'many', directory]);
  expect(port.status).not.toBe(0);
  expect(port.stderr).toContain('A number from 0 to 65535 is needed');
  expect(spoor(['view']).status).not.toBe(0);
});
