// `node scripts/screenshots.mjs [viewer|start]`: makes the pictures in docs/images anew from real runs: the viewer on a
// recording of the example shop, light and dark, and the summary that `npm start` prints. Needs Debian's Chromium.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const images = join(root, 'docs', 'images');
const spoor = join(root, 'packages', 'cli', 'bin', 'spoor.cjs');
/** Pictures larger than this make a clone heavy. */
const largestBytes = 300_000;

/** Of the summary the first lines are shown, this many, and the last two, which say how to go on. */
const summaryLines = 47;
// A terminal's sixteen colours on a dark ground.
const basic = ['#4b5263', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d8dbe2'];
const bright = ['#7f8796', '#f08b93', '#b5dd97', '#f5d595', '#84c5ff', '#dc9bee', '#7ad3de', '#ffffff'];

const wanted = process.argv.slice(2);
const wants = (name) => wanted.length === 0 || wanted.includes(name);

mkdirSync(images, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), 'spoor-pictures-'));
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--force-color-profile=srgb'],
});
try {
  if (wants('viewer')) await pictureViewer();
  if (wants('start')) await pictureStart();
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}

/** Says what was made, and fails for a picture that is too large. */
function announce(path) {
  const { size } = statSync(path);
  console.log(`${relative(root, path)}: ${(size / 1000).toFixed(0)} kB`);
  if (size > largestBytes) process.exitCode = 1;
}

async function pictureViewer() {
  const trace = join(scratch, 'trace');
  const shop = join(root, 'examples', 'shop', 'shop.mjs');
  const recorded = spawnSync(process.execPath, [spoor, 'record', '-o', trace, '--', process.execPath, shop], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (recorded.status !== 0) throw new Error(`recording the shop ended with status ${recorded.status}`);
  const viewer = spawn(process.execPath, [spoor, 'view', trace], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const address = await firstAddress(viewer);
    for (const colorScheme of ['light', 'dark']) {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme });
      page.on('pageerror', (error) => {
        console.error(`viewer: ${error.message}`);
        process.exitCode = 1;
      });
      await page.goto(address, { waitUntil: 'networkidle' });
      await page.waitForTimeout(1500);
      // Near in on a busy moment, an event of it chosen: labels and details show.
      await page.mouse.click(1290, 186);
      for (let press = 0; press < 10; press++) {
        await page.keyboard.press('w');
        await page.waitForTimeout(200);
      }
      await page.mouse.move(1400, 890);
      await page.waitForTimeout(800);
      const path = join(images, `viewer-${colorScheme}.png`);
      await page.screenshot({ path });
      await page.close();
      announce(path);
    }
  } finally {
    viewer.kill('SIGTERM');
  }
}

/** The address that `spoor view` prints when it listens. */
function firstAddress(child) {
  return new Promise((found, failed) => {
    let text = '';
    const look = (chunk) => {
      text += chunk;
      const address = /http:\/\/127\.0\.0\.1:\d+\S*/.exec(text)?.[0];
      if (address !== undefined) found(address);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('close', (status) => failed(new Error(`spoor view ended with status ${status}:\n${text}`)));
  });
}

async function pictureStart() {
  const trace = join(scratch, 'start');
  const command = `stty cols 110 && '${process.execPath}' scripts/start.mjs --output '${trace}'`;
  // A terminal of its own, for colours; what is not the report goes past it.
  const done = spawnSync('script', ['-qec', `${command} 2>/dev/null`, '/dev/null'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TERM: 'xterm-256color', COLUMNS: '110' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (done.status !== 0) throw new Error(`npm start ended with status ${done.status}:\n${done.stdout}`);
  // The folders of this machine are nobody else's.
  const text = done.stdout
    .replaceAll('\r', '')
    .replaceAll(trace, 'traces/shop')
    .replaceAll(relative(root, trace), 'traces/shop')
    .replaceAll(root, '.');
  const lines = text.trim().split('\n');
  const shown =
    lines.length > summaryLines + 3
      ? [...lines.slice(0, summaryLines), '  …', '', ...lines.slice(-2)]
      : lines;
  const page = await browser.newPage({ viewport: { width: 1100, height: 600 } });
  await page.setContent(terminalPage(['\x1b[2m$\x1b[22m npm start', '', ...shown].join('\n')));
  const path = join(images, 'start.png');
  await page.locator('main').screenshot({ path, omitBackground: true });
  await page.close();
  announce(path);
}

/** A page that shows a terminal's text, its colours and weights kept. */
function terminalPage(text) {
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: transparent; }
    main { display: inline-block; background: #16181d; color: #d8dbe2; border-radius: 8px; padding: 18px 22px; }
    pre { margin: 0; font: 13px/1.4 'DejaVu Sans Mono', monospace; white-space: pre; }
  </style><main><pre>${ansiToHtml(text)}</pre></main>`;
}

/** The colour of the 256-colour palette. */
function paletteColour(index) {
  if (index < 8) return basic[index];
  if (index < 16) return bright[index - 8];
  if (index >= 232) return `rgb(${Array(3).fill((index - 232) * 10 + 8)})`;
  const cube = [Math.floor((index - 16) / 36), Math.floor((index - 16) / 6) % 6, (index - 16) % 6];
  return `rgb(${cube.map((level) => (level === 0 ? 0 : level * 40 + 55))})`;
}

/** Select Graphic Rendition sequences become spans; other control sequences vanish. */
function ansiToHtml(text) {
  const style = {};
  let html = '';
  const show = (plain) => {
    if (plain === '') return;
    const escaped = plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    const css = Object.entries(style).map(([name, value]) => `${name}:${value}`);
    html += css.length === 0 ? escaped : `<span style="${css.join(';')}">${escaped}</span>`;
  };
  const [first, ...pieces] = text.split('\x1b[');
  show(first);
  for (const piece of pieces) {
    const [whole, codes, final] = /^([\d;?]*)([A-Za-z])/.exec(piece) ?? ['', '', ''];
    if (final === 'm') select(codes);
    show(piece.slice(whole.length));
  }
  return html;

  function select(codes) {
    const list = (codes || '0').split(';').map(Number);
    for (let at = 0; at < list.length; at++) {
      const code = list[at];
      if (code === 0) for (const name of Object.keys(style)) delete style[name];
      else if (code === 1) style['font-weight'] = 'bold';
      else if (code === 2) style.opacity = '0.6';
      else if (code === 3) style['font-style'] = 'italic';
      else if (code === 4) style['text-decoration'] = 'underline';
      else if (code === 22) {
        delete style['font-weight'];
        delete style.opacity;
      } else if (code === 23) delete style['font-style'];
      else if (code === 24) delete style['text-decoration'];
      else if (code >= 30 && code <= 37) style.color = basic[code - 30];
      else if (code >= 90 && code <= 97) style.color = bright[code - 90];
      else if (code >= 40 && code <= 47) style.background = basic[code - 40];
      else if (code === 39) delete style.color;
      else if (code === 49) delete style.background;
      else if (code === 38 || code === 48) {
        const name = code === 38 ? 'color' : 'background';
        if (list[at + 1] === 5) {
          style[name] = paletteColour(list[at + 2]);
          at += 2;
        } else if (list[at + 1] === 2) {
          style[name] = `rgb(${list.slice(at + 2, at + 5)})`;
          at += 4;
        }
      }
    }
  }
}
