// How fast is a trace of five million events printed with all its details, against babeltrace2?
import { spoorProgram } from '../tests/support/spoor.ts';
import { atMost, command, compare, faster } from './harness.ts';
import { ustTrace } from './support/ust-trace.ts';

const { dir, events } = await ustTrace();

await compare({
  name: 'details',
  question: 'How fast is a trace printed with all its details?',
  facts: { events },
  // babeltrace2 alone takes a third of a minute a round: with five of them it is two minutes.
  warmups: 0,
  contenders: [
    command('spoor details', [process.execPath, spoorProgram, '-o', 'details', dir]),
    command('babeltrace2 details', ['babeltrace2', '-c', 'sink.text.details', dir]),
  ],
  judge: [
    faster('spoor details', 'babeltrace2 details', 'cpuS', 8),
    atMost('spoor details', 'peakRssBytes', 90e6),
  ],
});
