// Opens traces in the browser: a dropped or chosen folder, files, an archive, an address. Nothing is uploaded.
import { describeError, openTrace } from '@spoor/trace/browser';

const element = (id) => document.getElementById(id);
const [drop, status, text] = ['drop', 'status', 'text'].map(element);

/** The input that was given last, and the reading that is under way. */
let input;
let reading = new AbortController();

function selection(signal) {
  const events = element('events')
    .value.split(',')
    .map((name) => name.trim());
  const filter = element('filter').value.trim();
  return {
    signal,
    ...(events.some(Boolean) ? { events: events.filter(Boolean) } : {}),
    ...(filter === '' ? {} : { filter }),
  };
}

async function show() {
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  status.textContent = 'reading…';
  status.dataset.state = 'reading';
  text.textContent = '';
  try {
    const trace = await openTrace(input);
    const began = performance.now();
    const most = Number(element('lines').value);
    let left = most;
    let isWhole = true;
    for await (const piece of trace.text({ ...selection(signal), clockGmt: true })) {
      if (signal.aborted) return;
      const lines = piece.split('\n').slice(0, -1);
      // Whether there are more than asked for, only the piece behind the last line shows.
      isWhole = lines.length <= left;
      if (left > 0)
        text.append(
          lines
            .slice(0, left)
            .map((line) => `${line}\n`)
            .join(''),
        );
      left -= Math.min(left, lines.length);
      if (!isWhole) break;
    }
    const ms = Math.round(performance.now() - began);
    const told = [
      ...trace.warnings,
      ...trace.losses.map(({ kind, stream }) => `lost ${kind} in ${stream.path}`),
    ];
    const end = isWhole ? [] : [`only the first ${most} lines are shown, there are more`];
    status.textContent = [`${trace.streams.length} streams, ${ms} ms`, ...end, ...told].join(' · ');
    status.dataset.state = 'done';
  } catch (error) {
    status.textContent = describeError(error);
    status.dataset.state = 'failed';
  }
}

/** Keeps what an input stands for and shows it. */
function open(given) {
  input = given;
  void show();
}

for (const kind of ['dragenter', 'dragover']) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
}
drop.addEventListener('dragleave', () => drop.classList.remove('over'));
drop.addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  // Entries live on when the event is over; the drop itself does not.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry());
  open(entries.filter((entry) => entry !== null));
});
for (const id of ['folder', 'files']) {
  element(id).addEventListener('change', ({ target }) => open([...target.files]));
}
element('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  const url = element('url').value.trim();
  if (url !== '') input = url;
  if (input !== undefined) void show();
});

// For trying things out in the console: `await spoor.openTrace('/traces/one/')`.
globalThis.spoor = { openTrace };

const asked = new URLSearchParams(location.search).get('url');
if (asked !== null) {
  element('url').value = asked;
  open(asked);
}
