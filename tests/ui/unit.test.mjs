// The console's modules that need no page: each is bundled as the console's are and asked directly.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {join} from 'node:path';

import {console_files} from './mock.mjs';

const ui = fileURLToPath(new URL('../../web/ui/', import.meta.url));

async function module(path) {
  const text = execFileSync('esbuild',
    [join(ui, 'src', path), '--bundle', '--format=esm', '--log-level=warning'], { encoding: 'utf8' });
  return import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`);
}

test('the types agree', () => {
  execFileSync('tsc', ['-p', ui], { encoding: 'utf8' });
});

test('a console line keeps its words and loses its terminal escapes', async () => {
  const { plain } = await module('format.ts');
  assert.equal(plain('\u001b[1;31mred\u001b[0m and \u001b]0;title\u0007plain\r'), 'red and plain');
  assert.equal(plain('\u001b]8;;http://example.org\u001b\\link\u001b]8;;\u001b\\'), 'link');
  assert.equal(plain('cut \u001b['), 'cut ');
});

test('controls and text-reordering marks of a console line are shown', async () => {
  const { plain } = await module('format.ts');
  assert.equal(plain('a\u0000b\u0008c'), 'a\u2400b\u2408c');
  assert.equal(plain('safe\u202eelif'), 'safe<U+202E>elif');
});

test('a long line of unfinished escapes is made harmless at once', async () => {
  const { plain } = await module('format.ts');
  assert.ok(plain('\u001b]'.repeat(50000)).length <= 100000);
});

test('sizes, spans and lists read as people write them', async () => {
  const { bytes, span, list, memory } = await module('format.ts');
  assert.deepEqual([bytes(812), bytes(161792), bytes(1572864)], ['812 B', '158 KB', '1.5 MB']);
  assert.deepEqual([span(59999), span(3 * 3600e3), span(49 * 3600e3)], ['59 s', '3 h', '2 d']);
  assert.deepEqual([list([]), list(['a']), list(['a', 'b', 'c'])], ['', 'a', 'a, b and c']);
  assert.equal(memory(1024), '1,024 MB');
});

test('the command line says what the form says', async () => {
  const { deployCommand } = await module('command.ts');
  const spec = {
    name: 'web',
    image: 'ab12',
    memory_mib: 64,
    cpus: [1],
    networks: [{ device: 'service', network: 'user' }, { device: 'admin', network: 'bridge:br0' }],
    blocks: [],
    ports: [{ host: 8080, guest: 80, protocol: 'tcp' }, { host: 0, guest: 53, protocol: 'udp' }],
    arguments: ['--greeting=hello world'],
    restart: [1, 2],
    startup: 10,
    tender: 'process',
    force: true,
  };
  assert.equal(deployCommand(spec, 'web.uk'),
    'bivy deploy web web.uk --memory 64 --cpu 1 --net admin=bridge:br0 -p 8080:80 -p 0:53/udp ' +
      "--restart 1,2 --startup 10 --as process --force -- '--greeting=hello world'");
});

test('a word of the command line cannot become a command', async () => {
  const { quote } = await module('command.ts');
  for (const word of ['it\'s', '$(reboot)', 'a b', '', '`x`', ';', '~', '*', 'ä']) {
    assert.equal(execFileSync('sh', ['-c', `printf %s ${quote(word)}`], { encoding: 'utf8' }), word);
  }
});

test('the memory slider stops at the least, at round sizes and at what is left', async () => {
  const { stops } = await module('components/memory.ts');
  assert.deepEqual(stops(5, 50), [5, 6, 8, 12, 16, 24, 32, 48, 50]);
  assert.deepEqual(stops(8, 8), [8]);
});

test('the whole console weighs less than 60 kB compressed', () => {
  const sizes = ['index.html', 'app.js', 'app.css', 'favicon.svg'].map(
    (name) => readFileSync(join(console_files, `${name}.gz`)).length);
  assert.ok(sizes.reduce((a, b) => a + b) < 60000, String(sizes));
});
