// `npm run kill-campaign -- [--sessions] [--rounds N] [--seed N] [--from N]`: records programs again and again and kills
// them and whoever records them (SIGKILL) at random moments; with --sessions through a session daemon, which is
// told to rotate, to take snapshots, to clear and the like meanwhile. Every event says what it is, and each program notes how far it
// came; so after each round it is known that the trace has every committed event exactly once, in order and untorn, that
// `spoor crash` finds those that were not in the trace yet and no other, that babeltrace2, if there is one, reads
// as many, and that nothing is left behind. Ends with status 1 at the first round that is not so; its files are kept.
import { parseArgs } from 'node:util';
import { hasPeer } from './campaign/evidence.mjs';
import { RecordingRound } from './campaign/recording-round.mjs';
import { SessionRound } from './campaign/session-round.mjs';

const { values } = parseArgs({
  options: {
    sessions: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    from: { type: 'string', default: '0' },
  },
});

const first = Number(values.from);
const tally = new Map();
let eventCount = 0;
console.log(
  `kill-campaign: seed ${values.seed}, ${values.rounds} rounds${hasPeer ? '' : ', without babeltrace2'}`,
);
for (let number = first; number < first + Number(values.rounds); number += 1) {
  const round = values.sessions
    ? new SessionRound(values.seed, number)
    : new RecordingRound(values.seed, number);
  let said = '';
  try {
    said = await round.run();
    eventCount += round.check();
    round.remove();
  } catch (error) {
    console.log(
      `kill-campaign: round ${number} of seed ${values.seed} ${JSON.stringify(round.plan)}: ${error.message}\n${said}files: ${round.folder} ${round.runDir}`,
    );
    process.exitCode = 1;
    break;
  }
  tally.set(round.kind, (tally.get(round.kind) ?? 0) + 1);
  const done = number - first + 1;
  if (done % 25 === 0) console.error(`kill-campaign: ${done} rounds, ${eventCount} events`);
}
for (const [kind, count] of [...tally].sort(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`${String(count).padStart(5)} ${kind}`);
if (process.exitCode !== 1)
  console.log(`kill-campaign: ${values.rounds} rounds, ${eventCount} events, all of them once and whole`);
