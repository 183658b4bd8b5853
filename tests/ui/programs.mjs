// The real programs in folders of their own: bivyd and bivy-web of BIVY_PREFIX, started as a service manager
// would.

import {spawn, spawnSync} from 'node:child_process';
import {closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const prefix = process.env.BIVY_PREFIX ?? fileURLToPath(new URL('../../build', import.meta.url));
const bin = (name) => join(prefix, 'bin', name);
const needed = ['bin/bivy', 'bin/bivyd', 'bin/bivy-web', 'lib/bivy/demo/web.uk'];
export const demo_image = join(prefix, 'lib/bivy/demo/web.uk');

/** What of the programs is not installed, as a reason to skip; or false. */
const absent = needed.filter((name) => !existsSync(join(prefix, name)));
export const not_installed = absent.length ? `${absent.join(', ')}: not installed` : false;

export class Programs {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'bivy-ui-'));
    this.run = join(this.folder, 'run');
    this.state = join(this.folder, 'state');
    this.children = [];
  }

  log(name) {
    return join(this.folder, `${name}.log`);
  }

  start(name, ...more) {
    const log = openSync(this.log(name), 'a');
    const child = spawn(bin(name), ['--run-dir', this.run, '--state-dir', this.state, ...more],
      { stdio: ['ignore', log, log] });
    closeSync(log);
    child.ended = new Promise((resolve) => child.once('exit', resolve));
    this.children.push(child);
    return child;
  }

  /** Waits until LOOK returns something; fails with the logs when a program ends or nothing comes. */
  async until(what, look) {
    for (let n = 0; n < 600; n++) {
      const found = look();
      if (found) return found;
      if (this.children.some(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null)) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const logs = ['bivyd', 'bivy-web']
                   .filter((name) => existsSync(this.log(name)))
                   .map((name) => `${name}: ${readFileSync(this.log(name), 'utf8')}`);
    throw new Error(`${what}: never\n${logs.join('\n')}`);
  }

  /** Starts the daemon and the server; {url, setup_code}. */
  async up() {
    this.start('bivyd', '--foreground');
    await this.until('the daemon answers', () => existsSync(join(this.run, 'util/vmmd.sock')));
    this.start('bivy-web', '--listen', '127.0.0.1:0');
    return this.until('the server answers', () => {
      const file = join(this.run, 'web.json');
      return existsSync(file) && JSON.parse(readFileSync(file, 'utf8'));
    });
  }

  /** Ends the unikernels too, which outlive a daemon that is only told to end. */
  async down() {
    const where = ['--run-dir', this.run, '--state-dir', this.state];
    spawnSync(bin('bivy'), ['down', ...where], { timeout: 30000 });
    for (const child of this.children) {
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await child.ended;
      clearTimeout(late);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
