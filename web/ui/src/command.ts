// The command line that does what a form does: what the console can do, a script can repeat.

import type {DeployPort, DeploySpec, Restart, Unikernel} from './types';

/** Quotes a word for a POSIX shell when it needs to be. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,.\/-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}

const restartText = (restart: Restart) => (Array.isArray(restart) ? restart.join(',') : restart);

/** [DEVICE@][ADDRESS:]HOST:GUEST[/udp] */
function portText({ device, address, host, guest, protocol }: DeployPort): string {
  const where =
    !address || address === '127.0.0.1' ? '' : `${address.includes(':') ? `[${address}]` : address}:`;
  return `${device ? `${device}@` : ''}${where}${host}:${guest}${protocol === 'udp' ? '/udp' : ''}`;
}

/** What of a port is asked for again when its unikernel is deployed again. */
export function askedPort({host, guest, protocol, address, device}: DeployPort): DeployPort {
  return { host, guest, protocol, ...(address ? { address } : {}), ...(device ? { device } : {}) };
}

/** `bivy deploy NAME IMAGE …` for SPEC; IMAGE is the file it came from, or the digest. */
export function deployCommand(spec: DeploySpec, image = spec.image): string {
  const words =
    ['bivy', 'deploy', spec.name || 'NAME', image || 'IMAGE', '--memory', String(spec.memory_mib)];
  for (const cpu of spec.cpus) words.push('--cpu', String(cpu));
  for (const { device, network } of spec.networks)
    if (network !== 'user') words.push('--net', `${device}=${network}`);
  for (const port of spec.ports) words.push('-p', portText(port));
  const restart = restartText(spec.restart);
  if (restart !== 'never') words.push('--restart', restart);
  if (spec.startup !== undefined) words.push('--startup', String(spec.startup));
  if (spec.tender !== 'any') words.push('--as', spec.tender);
  if (spec.force) words.push('--force');
  if (spec.arguments.length) words.push('--', ...spec.arguments);
  return words.map(quote).join(' ');
}

/** The request that would deploy UNIKERNEL as it is now. */
export function specOf(unikernel: Unikernel): DeploySpec {
  return {
    name: unikernel.name,
    image: unikernel.digest,
    memory_mib: unikernel.memory_mib,
    cpus: unikernel.cpus,
    networks: unikernel.networks.map(({ device, network }) => ({ device, network })),
    blocks: [],
    ports: unikernel.ports.map(askedPort),
    arguments: unikernel.arguments,
    restart: unikernel.restart,
    ...(unikernel.startup === undefined ? {} : { startup: unikernel.startup }),
    tender: 'any',
    force: false,
  };
}
