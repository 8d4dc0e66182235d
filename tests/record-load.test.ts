// `spoor record` under load: nothing is lost at a moderate rate, and what a full ring loses is counted exactly.
import { expect, test } from 'vitest';
import { command, describeNeeding } from './support/needs.ts';
import { RecordingPlace, lossesToldByPeer, program, readByPeer, summaryOf } from './support/recording.ts';

describeNeeding([command('babeltrace2')], 'spoor record under load', () => {
  test('a paced program loses nothing', () => {
    using place = new RecordingPlace();
    // The rings hold all of it: a machine that stalls loses nothing either.
    const sizes = ['--subbuf-size', '256k', '--num-subbuf', '32'];
    const done = place.record([
      ...sizes,
      '--no-auto',
      '--',
      'node',
      program('count.mjs'),
      '300000',
      '200000',
    ]);
    expect(done.status, done.stderr).toBe(0);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 300_000, lostCount: 0 });
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: 300_000, stderr: '' });
  });

  test('eight workers at full speed: emitted = recorded + lost, in summary and trace alike', () => {
    using place = new RecordingPlace();
    const done = place.record(['--no-auto', '--', 'node', program('full-speed.mjs'), '8', '400']);
    expect(done.status, done.stderr).toBe(0);
    const emitted = Number(/emitted (\d+)/.exec(done.stdout)?.[1]);
    const { eventCount, lostCount, threadCount } = summaryOf(done.stderr);
    expect(threadCount).toBe(8);
    expect(eventCount + lostCount).toBe(emitted);
    expect(readByPeer(place.traceDir).eventCount).toBe(eventCount);
    expect(lossesToldByPeer(place.traceDir)).toBe(lostCount);
  });

  test('tiny rings: most is lost and all of it counted', () => {
    using place = new RecordingPlace();
    const sizes = ['--subbuf-size', '4k', '--num-subbuf', '2'];
    const done = place.record([...sizes, '--no-auto', '--', 'node', program('full-speed.mjs'), '2', '300']);
    expect(done.status, done.stderr).toBe(0);
    const emitted = Number(/emitted (\d+)/.exec(done.stdout)?.[1]);
    const { eventCount, lostCount } = summaryOf(done.stderr);
    expect(lostCount).toBeGreaterThan(0);
    expect(eventCount + lostCount).toBe(emitted);
    expect(readByPeer(place.traceDir).eventCount).toBe(eventCount);
    expect(lossesToldByPeer(place.traceDir)).toBe(lostCount);
  });

  test('sixty short-lived children are all there, and their memory is freed', () => {
    using place = new RecordingPlace();
    const done = place.record(['--no-auto', '--', 'node', program('children.mjs'), '60']);
    expect(done.status, done.stderr).toBe(0);
    expect(summaryOf(done.stderr)).toEqual({
      eventCount: 6000,
      lostCount: 0,
      processCount: 61,
      threadCount: 60,
    });
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: 6000, stderr: '' });
  });
});
