import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { containerOfCgroups } from '../contexts/control-groups.ts';
import { containerFilter, findContainer } from './find-container.node.ts';

const id = (start: string): string => start.padEnd(64, '0');

test.each([
  [`0::/system.slice/docker-${id('ab')}.scope`, id('ab')],
  [`4:memory:/docker/${id('cd')}\n0::/`, id('cd')],
  [`0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id('ef')}.scope`, id('ef')],
  [`0::/machine.slice/libpod-${id('12')}.scope/container`, id('12')],
  [`0::/docker/${id('aa')}/docker/${id('bb')}/init.scope`, id('bb')],
  ['0::/lxc.payload.web/system.slice', 'web'],
  ['0::/machine.slice/machine-my\\x2dbox.scope/payload', 'my-box'],
])('the container of %j', (text, container) => {
  expect(containerOfCgroups(text)).toBe(container);
});

test.each([
  '',
  '0::/',
  '0::/user.slice/user-0.slice/session-1.scope',
  `0::/x-${id('ab').slice(1)}`,
  'a\0:::',
])('%j is of the host', (text) => {
  expect(containerOfCgroups(text)).toBeUndefined();
});

describe('containers that run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-containers-'));
  const places = {
    proc: join(folder, 'proc'),
    docker: join(folder, 'docker'),
    podman: join(folder, 'podman.json'),
  };
  const process = (pid: string, cgroup: string, namespace: number): void => {
    mkdirSync(join(places.proc, pid, 'ns'), { recursive: true });
    writeFileSync(join(places.proc, pid, 'cgroup'), cgroup);
    symlinkSync(`pid:[${namespace}]`, join(places.proc, pid, 'ns/pid'));
  };
  beforeAll(() => {
    process('self', '0::/', 100);
    process('1', '0::/', 100);
    // What starts it, its first process, and one of a container within.
    process('20', `0::/docker/${id('abcd1')}`, 100);
    process('21', `0::/docker/${id('abcd1')}`, 201);
    process('22', `0::/docker/${id('abcd1')}`, 202);
    process('30', `0::/docker/${id('abcd2')}`, 301);
    process('40', `0::/machine.slice/libpod-${id('ef')}.scope`, 100);
    process('50', '0::/lxc.payload.abcdef', 501);
    writeFileSync(join(places.proc, 'version'), 'no process');
    mkdirSync(join(places.docker, id('abcd1')), { recursive: true });
    writeFileSync(join(places.docker, id('abcd1'), 'config.v2.json'), '{"Name":"/web"}');
    mkdirSync(join(places.docker, id('abcd2')), { recursive: true });
    writeFileSync(join(places.docker, id('abcd2'), 'config.v2.json'), '{"Name":');
    writeFileSync(places.podman, JSON.stringify([{ id: id('ef'), names: ['shared'] }, 7, { id: 3 }]));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const refusal = (wanted: string): unknown => {
    try {
      return findContainer(wanted, places);
    } catch (error) {
      return error;
    }
  };

  test('by name, id, or the beginning of it', () => {
    const web = { name: 'web', pidNamespaces: [201, 202] };
    expect(findContainer('web', places)).toEqual(web);
    expect(findContainer('abcd1', places)).toEqual(web);
    expect(findContainer(id('abcd1'), places)).toEqual(web);
    expect(findContainer('abcd2', places)).toEqual({ name: id('abcd2'), pidNamespaces: [301] });
    expect(findContainer('abcdef', places)).toEqual({ name: 'abcdef', pidNamespaces: [501] });
  });

  test('what is none, of several, or not apart from the host is refused', () => {
    expect(refusal('wep')).toMatchObject({ code: 'kernel/no-container', hint: 'did you mean web?' });
    expect(refusal('abcd')).toMatchObject({
      code: 'kernel/container',
      hint: 'web (abcd10000000), abcd20000000 (abcd20000000)',
    });
    expect(refusal('abc')).toMatchObject({ code: 'kernel/no-container' });
    expect(refusal('shared')).toMatchObject({ code: 'kernel/container' });
  });

  test('as a filter', () => {
    const web = findContainer('web', places);
    expect(containerFilter(web, undefined)).toBe('$ctx.pid_ns == 201 || $ctx.pid_ns == 202');
    expect(containerFilter(web, 'a == 1 || b == 2')).toBe(
      '($ctx.pid_ns == 201 || $ctx.pid_ns == 202) && (a == 1 || b == 2)',
    );
  });
});
