// The resources of the REST contract, as they travel: the unit of a number is in its key.

export type StateName = 'starting'|'running'|'stopping'|'stopped'|'exited'|'failed'|'waiting'|'crash-loop';
export type Restart = 'never'|'always'|'on-failure'|number[];
export type Protocol = 'tcp'|'udp';

export interface Port {
  host: number;
  guest: number;
  protocol: Protocol;
  address?: string;
  /** The network device; absent: the first. */
  device?: string;
  url?: string;
}

export interface NetworkDevice {
  device: string;
  network: string;
  mac: string;
  ipv4: string;
}

export interface BlockDevice {
  device: string;
  volume?: string;
}

export interface Unikernel {
  name: string;
  state: StateName;
  /** Whether it answers its checks; none: not asked, or no verdict yet. */
  health?: 'none'|'passing'|'failing';
  reason: string;
  tender: 'process'|'vm';
  memory_mib: number;
  cpus: number[];
  digest: string;
  created: string;
  started?: string;
  exit_status?: number;
  restarts: number;
  restart: Restart;
  networks: NetworkDevice[];
  blocks: BlockDevice[];
  ports: Port[];
  arguments: string[];
  startup?: number;
  pid?: number;
}

export interface Image {
  digest: string;
  size_bytes: number;
  added: string;
  target: string;
  min_memory_mib: number;
  devices: { name: string; type: 'net' | 'block' }[];
  arguments: string[];
  used_by: string[];
}

export interface Host {
  version: string;
  cpus: number;
  memory_mib: number;
  memory_used_mib: number;
  unikernels: number;
  unikernels_used: number;
  cpuids: number[];
  networks: string[];
  rootless: boolean;
  vm: boolean;
}

export interface Session {
  name: string;
  csrf: string;
}

export type DeployPort = Omit<Port, 'url'>;

export interface DeploySpec {
  name: string;
  image: string;
  memory_mib: number;
  cpus: number[];
  networks: { device: string; network: string }[];
  blocks: never[];
  ports: DeployPort[];
  arguments: string[];
  restart: Restart;
  startup?: number;
  tender: 'any'|'process'|'vm';
  force: boolean;
}

export interface UploadState {
  id?: string;
  offset_bytes: number;
  image?: Image;
}
