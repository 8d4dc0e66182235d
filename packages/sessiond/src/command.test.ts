import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeOptionsWithTracer, resolveCommand, statusOfCommandError } from './command.ts';

test('commands are found as a shell finds them', () => {
  const root = mkdtempSync(join(tmpdir(), 'spoor-command-'));
  const tool = join(root, 'tool');
  const text = join(root, 'text.js');
  writeFileSync(tool, '#!/bin/sh\n');
  chmodSync(tool, 0o755);
  writeFileSync(text, '');
  const statusOf = (command: string) => {
    try {
      return resolveCommand(command, `/nowhere:${root}`);
    } catch (error) {
      return statusOfCommandError(error);
    }
  };
  expect(statusOf('tool')).toBe(tool);
  expect(statusOf(tool)).toBe(tool);
  expect(statusOf('absent')).toBe(127);
  expect(statusOf('')).toBe(127);
  expect(statusOf('./absent')).toBe(127);
  expect(statusOf(text)).toBe(126);
  expect(statusOf(root)).toBe(126);
  expect(() => resolveCommand(text, '')).toThrow(
    expect.objectContaining({ hint: `write: spoor record -- node ${text}` }),
  );
  rmSync(root, { recursive: true });
});

test('options of Node.js that were there are kept, and the tracer is loaded once', () => {
  const path = '/x/register.cjs';
  expect(nodeOptionsWithTracer(path, undefined)).toBe(`--require=${path}`);
  const options = nodeOptionsWithTracer(path, '--max-old-space-size=100');
  expect(options).toBe(`--require=${path} --max-old-space-size=100`);
  expect(nodeOptionsWithTracer(path, options)).toBe(options);
});

test('what cannot be looked into is passed over, as by a shell', () => {
  const root = mkdtempSync(join(tmpdir(), 'spoor-path-'));
  try {
    const file = join(root, 'file');
    writeFileSync(file, '');
    const program = join(root, 'tool');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    // A file in the place of a folder gives ENOTDIR, to root as well, where a forbidden folder gives EACCES.
    expect(resolveCommand('tool', `${file}:${root}`)).toBe(program);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
