// A stand-in for bivy-web that serves the console and its REST contract from memory, for states that are hard
// to reach with the real one: a daemon that is away, an upload that is cut, a guest that writes nonsense.
// Nothing runs behind it.
//
//   node tests/ui/mock.mjs [PORT]     to work on the console: sign in as admin with the password "correct
//   horse"

import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {extname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

import {hostOf, imageFrom, seed, unikernelFrom} from './mock_data.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
export const console_files = join(process.env.BIVY_PREFIX ?? join(here, '../../build'), 'lib/bivy/web');
export const password = 'correct horse';
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml'
};
export const policy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
  "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"
].join('; ');

class Refusal extends Error {
  constructor(status, what, hint) {
    super(what);
    Object.assign(this, { status, what, hint });
  }
}

export class Mock {
  constructor(options = {}) {
    Object.assign(this, { images: [], unikernels: [], consoles: new Map() }, options.empty ? {} : seed());
    this.setup = Boolean(options.setup);
    this.daemonAway = false;
    this.cutUploadAt = Infinity; // the connection that carries the byte at this offset is cut, once
    this.uploads = new Map();
    this.received = 0;
    this.sessions = new Set();
    this.watchers = new Set();
    this.event = 0;
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  async start(port = 0) {
    await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Cuts every event stream, as a server that dies does. */
  cutStreams() {
    for (const { response } of this.watchers) response.destroy();
  }

  line(name, line) {
    const lines = this.consoles.get(name) ?? [];
    this.consoles.set(name, lines);
    const entry = { id: (lines.at(-1)?.id ?? 0) + 1, time: new Date().toISOString(), line };
    lines.push(entry);
    for (const watcher of this.watchers)
      if (watcher.name === name) sendLine(watcher.response, entry);
  }

  tell(event, data) {
    this.event += 1;
    for (const { name, response } of this.watchers) {
      if (name === null)
        response.write(`id: ${this.event}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  }

  change(name, changes) {
    const unikernel = this.unikernels.find((each) => each.name === name);
    Object.assign(unikernel, changes);
    this.tell('unikernel', unikernel);
    return unikernel;
  }

  async answer(request, response) {
    const url = new URL(request.url, this.url);
    try {
      if (!url.pathname.startsWith('/api/')) return this.file(url.pathname, response);
      await this.api(request, response, url);
    } catch (problem) {
      if (response.headersSent || response.destroyed) return;
      if (!(problem instanceof Refusal)) console.error(problem);
      const { status = 500, what = String(problem), hint } = problem;
      reply(response, status, { error: { what, hint: hint ?? '' } });
    }
  }

  file(path, response) {
    const name = extname(path) ? path.slice(1) : 'index.html';
    if (!/^[a-z]+\.(js|css|svg|html)$/.test(name))
      return reply(response, 404, { error: { what: `${path}: no such file`, hint: '' } });
    response.writeHead(200, {
      'Content-Type': types[extname(name)],
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-cache',
    });
    response.end(readFileSync(join(console_files, name)));
  }

  async api(request, response, url) {
    const path = url.pathname.replace('/api/v1', '').split('/').slice(1).map(decodeURIComponent);
    const { method } = request;
    const session = /bivy_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
    const signedIn = this.sessions.has(session);
    if (path[0] === 'setup' || (path[0] === 'session' && method === 'POST'))
      return this.enter(method, path[0], request, response);
    if (!signedIn) throw new Refusal(401, 'Not signed in', 'Sign in first.');
    if (method !== 'GET' && request.headers['x-bivy-csrf'] !== `csrf-${session}`)
      throw new Refusal(403, 'X-Bivy-CSRF: wrong token', 'Reload the page.');
    if (path[0] === 'session') return this.session(method, session, response);
    if (this.daemonAway && path[0] !== 'uploads')
      throw new Refusal(503, 'bivyd: does not answer', '“bivy up” starts it.');
    const place = this[`at_${path[0]}`];
    if (!place) throw new Refusal(404, `${url.pathname}: no such resource`);
    return place.call(this, { method, path: path.slice(1), request, response, query: url.searchParams });
  }

  async enter(method, kind, request, response) {
    if (method === 'GET') return reply(response, 200, { needed: this.setup });
    const body = await json(request);
    if (kind === 'setup') {
      if (!this.setup) throw new Refusal(409, 'Setup: an administrator exists already', 'Sign in instead.');
      if (body.setup_code !== 'ABCD-1234')
        throw new Refusal(
          403, 'Setup code: it is not the one that was printed', 'It is in the output of “bivy up”.');
      this.setup = false;
    } else if (body.name !== 'admin' || body.password !== password) {
      throw new Refusal(401, 'Name or password: wrong', '');
    }
    const id = `s${this.sessions.size + 1}x${process.pid}`;
    this.sessions.add(id);
    response.setHeader('Set-Cookie', `bivy_session=${id}; HttpOnly; SameSite=Strict; Path=/`);
    reply(response, kind === 'setup' ? 201 : 200, { name: body.name, csrf: `csrf-${id}` });
  }

  session(method, id, response) {
    if (method === 'GET') return reply(response, 200, { name: 'admin', csrf: `csrf-${id}` });
    this.sessions.delete(id);
    reply(response, 204);
  }

  at_host({ response }) {
    reply(response, 200, hostOf(this.unikernels));
  }

  at_events({ request, response }) {
    this.watch(null, request, response);
  }

  watch(name, request, response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(': hello\n\n');
    const watcher = { name, response };
    this.watchers.add(watcher);
    response.on('close', () => this.watchers.delete(watcher));
  }

  find(name) {
    const found = this.unikernels.find((each) => each.name === name);
    if (!found) throw new Refusal(404, `unikernel: ${name}: no such unikernel`, '');
    return found;
  }

  async at_unikernels({ method, path: [name, verb], request, response, query }) {
    if (name === undefined)
      return method === 'GET' ? reply(response, 200, this.unikernels) :
                                this.deploy(await json(request), response);
    const unikernel = this.find(name);
    if (verb === 'console') return this.console(name, query, request, response);
    if (verb === undefined && method === 'GET') return reply(response, 200, unikernel);
    if (verb === undefined) {
      this.unikernels = this.unikernels.filter((each) => each !== unikernel);
      this.tell('destroyed', { name });
      return reply(response, 204);
    }
    const running = { state: 'running', started: new Date().toISOString(), reason: '' };
    if (verb === 'restart') running.restarts = unikernel.restarts + 1;
    reply(response, 200, this.change(name, verb === 'stop' ? { state: 'stopped' } : running));
  }

  deploy(spec, response) {
    const image = this.images.find((each) => each.digest === spec.image);
    if (!image) throw new Refusal(404, `image: ${spec.image}: not in the library`, '');
    if (this.unikernels.some((each) => each.name === spec.name) && !spec.force)
      throw new Refusal(409, `name: ${spec.name}: exists already`, 'Use another name, or force.');
    const taken = this.unikernels.filter((each) => each.name !== spec.name)
                    .flatMap((each) => each.ports)
                    .find((port) => spec.ports.some((wanted) => wanted.host === port.host));
    if (taken)
      throw new Refusal(409, `port: 127.0.0.1:${taken.host}: another unikernel has it`,
        'Take another, or none for a free one.');
    this.unikernels = this.unikernels.filter((each) => each.name !== spec.name);
    const unikernel = unikernelFrom(spec, image);
    this.unikernels.push(unikernel);
    this.tell('unikernel', unikernel);
    reply(response, 201, unikernel);
    setTimeout(() => {
      if (this.unikernels.includes(unikernel))
        this.change(spec.name, { state: 'running', started: new Date().toISOString() });
      this.line(spec.name, 'Bivy: one page, two rings, no system calls');
    }, 50);
  }

  console(name, query, request, response) {
    this.watch(name, request, response);
    const lines = this.consoles.get(name) ?? [];
    const after = request.headers['last-event-id'] ?? query.get('after');
    const wanted = after === null ? lines.slice(-Number(query.get('tail') ?? 100)) :
                                    lines.filter(({ id }) => id > Number(after));
    for (const entry of wanted) sendLine(response, entry);
  }

  at_images({ method, path: [digest], response }) {
    const used = (image) => ({
      ...image,
      used_by: this.unikernels.filter((each) => each.digest === image.digest).map((each) => each.name)
    });
    if (digest === undefined) return reply(response, 200, this.images.map(used));
    const image = this.images.find((each) => each.digest === digest);
    if (!image) throw new Refusal(404, `image: ${digest.slice(0, 12)}: not in the library`, '');
    if (method === 'GET') return reply(response, 200, used(image));
    if (used(image).used_by.length)
      throw new Refusal(409, `image: ${digest.slice(0, 12)}: it is used`, 'Destroy what uses it first.');
    this.images = this.images.filter((each) => each !== image);
    reply(response, 204);
  }

  async at_uploads({ method, path: [id], request, response }) {
    if (method === 'POST') {
      const { name, size_bytes } = await json(request);
      const upload = { id: `u${this.uploads.size + 1}`, name, size_bytes, data: Buffer.alloc(0) };
      this.uploads.set(upload.id, upload);
      return reply(response, 201, { id: upload.id, offset_bytes: 0 });
    }
    const upload = this.uploads.get(id);
    if (!upload) throw new Refusal(404, `upload: ${id}: no such upload`, 'Start it again.');
    if (method === 'GET') return reply(response, 200, { id, offset_bytes: upload.data.length });
    if (method === 'DELETE') return this.uploads.delete(id), reply(response, 204);
    return this.piece(upload, request, response);
  }

  async piece(upload, request, response) {
    if (Number(request.headers['upload-offset']) !== upload.data.length) {
      return reply(response, 409,
        { error: { what: 'upload: wrong offset', hint: '' }, offset_bytes: upload.data.length });
    }
    for await (const part of request) {
      const room = this.cutUploadAt - upload.data.length;
      upload.data = Buffer.concat([upload.data, part.subarray(0, Math.max(0, room))]);
      this.received += Math.min(part.length, Math.max(0, room));
      if (part.length >= room) {
        this.cutUploadAt = Infinity;
        return request.socket.destroy();
      }
    }
    const offset_bytes = upload.data.length;
    if (offset_bytes < upload.size_bytes) return reply(response, 200, { offset_bytes });
    this.uploads.delete(upload.id);
    if (upload.data.readUInt32BE(0) !== 0x7f454c46)
      throw new Refusal(422, `image: ${upload.name}: not an ELF file`, '“bivy build” makes images.');
    const image = imageFrom(createHash('sha256').update(upload.data).digest('hex'), offset_bytes);
    this.images.push(image);
    return reply(response, 200, { offset_bytes, image });
  }
}

function sendLine(response, { id, time, line }) {
  response.write(`id: ${id}\ndata: ${JSON.stringify({ time, line })}\n\n`);
}

function reply(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

async function json(request) {
  let text = '';
  for await (const part of request) text += part;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'Body: not JSON', '');
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await new Mock({ setup: process.env.SETUP === '1',
    empty: process.env.EMPTY ===
      '1' }).start(Number(process.argv[2] ?? 8088));
  console.log(mock.url);
}
