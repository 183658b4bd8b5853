// What the stand-in server knows at its start: a host with a few unikernels in every state.

const hex = (digit, rest) => (digit + rest).repeat(32).slice(0, 64);
const minutesAgo = (n) => new Date(Date.now() - n * 60000).toISOString();

export function imageFrom(digest, size_bytes, more = {}) {
  return {
    digest,
    size_bytes,
    added: new Date().toISOString(),
    target: 'spt',
    min_memory_mib: 2,
    devices: [{ name: 'service', type: 'net' }],
    arguments: ['--ipv4', '--name'],
    used_by: [],
    ...more,
  };
}

export function unikernelFrom(spec, image) {
  return {
    name: spec.name,
    state: 'starting',
    reason: '',
    tender: 'process',
    memory_mib: spec.memory_mib,
    cpus: spec.cpus,
    digest: spec.image,
    created: new Date().toISOString(),
    restarts: 0,
    restart: spec.restart,
    networks:
      image.devices.filter(({ type }) => type === 'net')
        .map(({ name }) => ({ device: name, network: 'user', mac: '02:1b:5e:4d:11:07', ipv4: '10.0.2.20' })),
    blocks: [],
    arguments: spec.arguments,
    pid: 4711,
    ports: spec.ports.map((port, index) => port.host || 20000 + index + Math.floor(Math.random() * 9000))
             .map((host, index) => ({
               address: '127.0.0.1',
               ...spec.ports[index],
               host,
               url: `http://127.0.0.1:${host}/`,
             })),
  };
}

function unikernel(name, state, more) {
  const spec = {
    name,
    memory_mib: 32,
    cpus: [],
    image: hex('a', '3f09c17e5'),
    restart: 'on-failure',
    arguments: [],
    ports: [],
    ...more.spec
  };
  return {...unikernelFrom(spec, imageFrom(spec.image, 0)), state, ...more, spec: undefined };
}

function consoleOf(name, count) {
  const lines = [];
  for (let id = 1; id <= count; id++) {
    const line = id === 1 ? `${name}: 10.0.2.20/24, gateway 10.0.2.2` :
                            `GET / 200 ${1200 + ((id * 37) % 900)} bytes, ${10 + ((id * 7) % 30)} us`;
    lines.push({
      id,
      time: minutesAgo((count - id) / 4),
      line: id === 7 ? '\u001b[33mwarning\u001b[0m: slow client 10.0.2.2' : line
    });
  }
  return lines;
}

export function seed() {
  const web = hex('a', '3f09c17e5');
  const api = hex('7', 'c20b84d1f');
  const port = (host, guest) => ({ spec: undefined, ports: [{ host, guest, protocol: 'tcp' }] });
  return {
    images: [
      imageFrom(web, 158 * 1024, { added: minutesAgo(3000) }),
      imageFrom(api, 412 * 1024, { added: minutesAgo(400), min_memory_mib: 4 }),
      imageFrom(hex('e', '18d77a02b'), 31 * 1024,
        { added: minutesAgo(12), devices: [], min_memory_mib: 1, arguments: [] }),
    ],
    unikernels: [
      unikernel(
        'web', 'running', { started: minutesAgo(187), spec: { cpus: [1], ports: port(8080, 80).ports } }),
      unikernel('api', 'running', {
        started: minutesAgo(41),
        restarts: 1,
        spec: { image: api, memory_mib: 64, ports: port(8081, 8000).ports, arguments: ['--log=info'] }
      }),
      unikernel('dns', 'waiting', {
        started: minutesAgo(2),
        restarts: 4,
        reason: 'exit status 1',
        spec: { ports: [{ host: 5353, guest: 53, protocol: 'udp' }] }
      }),
      unikernel('mail', 'failed', {
        started: minutesAgo(66),
        reason: 'out of memory: 16 MB are not enough',
        exit_status: 255,
        restarts: 5,
        spec: { memory_mib: 16 }
      }),
      unikernel('batch', 'exited', { started: minutesAgo(800), exit_status: 0, spec: { restart: 'never' } }),
      unikernel('old-web', 'stopped', { started: minutesAgo(4000), spec: { ports: port(8079, 80).ports } }),
    ],
    consoles: new Map([['web', consoleOf('web', 60)], ['api', consoleOf('api', 12)]]),
  };
}

export function hostOf(unikernels) {
  const alive = unikernels.filter(({ state }) => !['stopped', 'exited', 'failed'].includes(state));
  return {
    version: '0.1.0',
    cpus: 2,
    memory_mib: 1024,
    memory_used_mib: alive.reduce((sum, { memory_mib }) => sum + memory_mib, 0),
    unikernels: 16,
    unikernels_used: unikernels.length,
    cpuids: [0, 1],
    networks: ['user'],
    rootless: true,
    vm: false,
  };
}
