/**
 * Real Apache Kafka for development and tests: `npm run kafka -- start|stop|status [--nodes 3] [--clean]`.
 * Jars come from Maven Central; jars, data, logs and pid files live under `.vigil/kafka` (git-ignored).
 * Run directly by Node, so it imports nothing of the project.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, '../..');
export const DEFAULT_DATA_DIR = join(ROOT, '.vigil/kafka');
const LIBS_DIR = join(DEFAULT_DATA_DIR, 'libs');
const READY_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 20_000;

/** Where a cluster lives and how big it is. `port` is the first node's; each node takes two ports. */
export interface BrokerOptions {
  readonly port: number;
  readonly nodes: 1 | 3;
  readonly dataDir: string;
  /** lines for `server.properties` that override those of the template */
  readonly properties?: (node: number) => readonly string[];
}

export interface RunningBroker {
  /** `host:port` of every node, comma separated: the value for KAFKA_BROKERS */
  readonly brokers: string;
  /** process ids by node, first node first */
  readonly pids: readonly number[];
  readonly alreadyRunning: boolean;
}

/** A condition of the machine the user can mend: shown without a stack. */
class SetupError extends Error {
  override readonly name = 'SetupError';
}

/**
 * Starts the cluster, or those of its nodes that do not run, and waits until every node is in it. Data of earlier runs is kept.
 * @throws SetupError when a cluster of another size is there
 */
export async function startBroker(options: BrokerOptions): Promise<RunningBroker> {
  const running = runningPids(options.dataDir);
  if (running.length > 0) {
    const cluster = readCluster(options.dataDir);
    if (cluster.nodes !== options.nodes) throw new SetupError(`A cluster of ${cluster.nodes} node(s) is running at ${brokerList(cluster)}. Stop it first, or start with --nodes ${cluster.nodes}.`);
    return startMissing({ ...options, port: cluster.port }, running);
  }
  requireJava();
  ensureLibs();
  const cluster = ensureCluster(options);
  await requireFreePorts(options);
  const nodes = nodeNumbers(options.nodes);
  for (const node of nodes) writeNodeConfig(options, node);
  await Promise.all(nodes.map((node) => format(options.dataDir, node, cluster.clusterId)));
  const pids = nodes.map((node) => spawnNode(options.dataDir, node));
  try {
    await untilWhole(options);
  } catch (error) {
    await stopBroker(options.dataDir);
    throw error;
  }
  return { brokers: brokerList(options), pids, alreadyRunning: false };
}

/** Starts again what was killed of a cluster. */
async function startMissing(options: BrokerOptions, running: readonly { node: number; pid: number }[]): Promise<RunningBroker> {
  const missing = nodeNumbers(options.nodes).filter((node) => !running.some((one) => one.node === node));
  for (const node of missing) spawnNode(options.dataDir, node);
  if (missing.length > 0) await untilWhole(options);
  return { brokers: brokerList(options), pids: runningPids(options.dataDir).map(({ pid }) => pid), alreadyRunning: missing.length === 0 };
}

/** How many nodes the cluster in `dataDir` was made with; undefined when there is none. */
function nodesOf(dataDir: string): 1 | 3 | undefined {
  return existsSync(join(dataDir, 'cluster.json')) ? readCluster(dataDir).nodes : undefined;
}

/** Stops every node of the cluster in `dataDir`, cleanly if it can, and removes the pid files. @returns how many were running */
export async function stopBroker(dataDir: string): Promise<number> {
  const running = runningPids(dataDir);
  for (const { pid } of running) signal(pid, 'SIGTERM');
  const deadline = Date.now() + STOP_WITHIN_MS;
  while (runningPids(dataDir).length > 0 && Date.now() < deadline) await pause(50);
  for (const { pid } of runningPids(dataDir)) signal(pid, 'SIGKILL');
  while (runningPids(dataDir).length > 0) await pause(50);
  for (const node of nodeNumbers(3)) rmSync(pidFile(dataDir, node), { force: true });
  return running.length;
}

/** Starts one node of a cluster again after it was killed. */
export async function restartNode(options: BrokerOptions, node: number): Promise<number> {
  const pid = spawnNode(options.dataDir, node);
  await untilWhole(options);
  return pid;
}

/** Ends a node without warning, as a crash would. */
export async function killNode(dataDir: string, node: number): Promise<void> {
  const running = runningPids(dataDir).find((r) => r.node === node);
  if (running === undefined) return;
  signal(running.pid, 'SIGKILL');
  while (alive(running.pid, nodeDir(dataDir, node))) await pause(20);
}

/** The nodes that run now, by pid file, checked against the process table. */
export function runningPids(dataDir: string): { node: number; pid: number }[] {
  return nodeNumbers(3).flatMap((node) => {
    const file = pidFile(dataDir, node);
    if (!existsSync(file)) return [];
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 && alive(pid, nodeDir(dataDir, node)) ? [{ node, pid }] : [];
  });
}

/**
 * `count` free ports next to each other, outside of those that the system gives to outgoing connections: such a one could be taken while the
 * broker it belongs to is down, even by a connection to itself.
 */
export async function freePorts(count: number): Promise<number> {
  const lowest = 10_000;
  const above = Math.max(firstOutgoingPort(), 20_000) - count;
  for (;;) {
    const first = lowest + Math.floor(Math.random() * (above - lowest));
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (free.every(Boolean)) return first;
  }
}

/** 32768 where the system does not say: Linux's default. */
function firstOutgoingPort(): number {
  const file = '/proc/sys/net/ipv4/ip_local_port_range';
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 32_768;
}

interface Cluster {
  readonly clusterId: string;
  readonly nodes: 1 | 3;
  readonly port: number;
}

function ensureCluster(options: BrokerOptions): Cluster {
  mkdirSync(options.dataDir, { recursive: true });
  const file = join(options.dataDir, 'cluster.json');
  const old = existsSync(file) ? readCluster(options.dataDir) : undefined;
  if (old !== undefined && old.nodes !== options.nodes) {
    throw new SetupError(`${options.dataDir} holds the data of a cluster of ${old.nodes} node(s). Start with --nodes ${old.nodes}, or wipe it with --clean.`);
  }
  const cluster: Cluster = { clusterId: old?.clusterId ?? newClusterId(), nodes: options.nodes, port: options.port };
  writeFileSync(file, JSON.stringify(cluster));
  return cluster;
}

function readCluster(dataDir: string): Cluster {
  const parsed: unknown = JSON.parse(readFileSync(join(dataDir, 'cluster.json'), 'utf8'));
  if (typeof parsed === 'object' && parsed !== null && 'clusterId' in parsed && 'nodes' in parsed && 'port' in parsed) {
    const { clusterId, nodes, port } = parsed;
    if (typeof clusterId === 'string' && (nodes === 1 || nodes === 3) && typeof port === 'number') return { clusterId, nodes, port };
  }
  throw new SetupError(`${join(dataDir, 'cluster.json')} is damaged. Wipe the data with --clean.`);
}

function writeNodeConfig(options: BrokerOptions, node: number): void {
  const dir = nodeDir(options.dataDir, node);
  mkdirSync(dir, { recursive: true });
  const fields: Record<string, string | number> = {
    nodeId: node,
    port: portOf(options, node),
    controllerPort: portOf(options, node) + 1,
    voters: nodeNumbers(options.nodes).map((n) => `${n}@127.0.0.1:${portOf(options, n) + 1}`).join(','),
    dataDir: join(dir, 'data'),
    replication: options.nodes,
    minInSync: options.nodes === 3 ? 2 : 1,
  };
  const template = readFileSync(join(HERE, 'server.properties'), 'utf8');
  const filled = template.replace(/\$\{(\w+)\}/g, (all, name: string) => String(fields[name] ?? all));
  // of two lines with the same key the last one holds
  writeFileSync(join(dir, 'server.properties'), [filled, ...(options.properties?.(node) ?? [])].join('\n'));
}

async function format(dataDir: string, node: number, clusterId: string): Promise<void> {
  const dir = nodeDir(dataDir, node);
  if (existsSync(join(dir, 'data/meta.properties'))) return;
  const child = spawn('java', ['-Xmx256m', '-cp', join(LIBS_DIR, '*'), 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', join(dir, 'server.properties')], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  if (code !== 0) throw new SetupError(`formatting the storage of node ${node} failed:\n${output}`);
}

function spawnNode(dataDir: string, node: number): number {
  const dir = nodeDir(dataDir, node);
  const log = openSync(join(dir, 'kafka.log'), 'a');
  const options = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=4', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true', `-Dvigil.node=${dir}`];
  const child = spawn('java', [...options, '-cp', join(LIBS_DIR, '*'), 'kafka.Kafka', join(dir, 'server.properties')], { stdio: ['ignore', log, log], detached: true, cwd: dir });
  closeSync(log);
  if (child.pid === undefined) throw new SetupError('java could not be started');
  child.unref();
  writeFileSync(pidFile(dataDir, node), String(child.pid));
  return child.pid;
}

/** Waits until every node answers a metadata request and names all of them. @throws SetupError when one of them does not run */
export async function untilWhole(options: BrokerOptions): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (const node of nodeNumbers(options.nodes)) {
    while ((await brokersSeenBy(portOf(options, node))) !== options.nodes) {
      if (runningPids(options.dataDir).length < options.nodes) throw new SetupError(notRunning(options));
      if (Date.now() > deadline) throw new SetupError(`node ${node} was not ready after ${READY_WITHIN_MS} ms:\n${logTail(options.dataDir, node)}`);
      await pause(100);
    }
  }
}

/** Which nodes are down, and what each said last. */
function notRunning({ dataDir, nodes }: BrokerOptions): string {
  const running = runningPids(dataDir).map(({ node }) => node);
  const down = nodeNumbers(nodes).filter((node) => !running.includes(node));
  return down.map((node) => `node ${node} does not run; its log ends with\n${logTail(dataDir, node)}`).join('\n');
}

/** Sends Metadata v1 for no topic. @returns the number of brokers in the answer, 0 when there is none */
function brokersSeenBy(port: number): Promise<number> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (brokers: number): void => {
      socket.destroy();
      done(brokers);
    };
    socket.setTimeout(3_000, () => answer(0));
    socket.on('error', () => answer(0));
    socket.on('close', () => answer(0));
    socket.on('connect', () => {
      const request = Buffer.alloc(4 + 2 + 2 + 4 + 2 + 4);
      request.writeInt32BE(request.length - 4, 0);
      request.writeInt16BE(3, 4); // Metadata
      request.writeInt16BE(1, 6); // version
      request.writeInt32BE(1, 8); // correlation id
      request.writeInt16BE(-1, 12); // no client id
      request.writeInt32BE(0, 14); // no topics
      socket.write(request);
    });
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 12) answer(received.readInt32BE(8));
    });
  });
}

function requireJava(): void {
  const { status, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const major = Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
  if (status !== 0) throw new SetupError('Java is missing: Kafka needs a Java runtime of version 17 or later (Debian: apt install openjdk-17-jre-headless), or point KAFKA_BROKERS at a running cluster.');
  if (major < 17) throw new SetupError(`Java ${major} is too old: Kafka needs version 17 or later.`);
}

/** Brings the jars. Two that do it at once each load into a folder of their own; the first to finish wins. */
function ensureLibs(): void {
  if (existsSync(LIBS_DIR)) return;
  if (spawnSync('mvn', ['-v']).status !== 0) throw new SetupError('Maven is missing: it brings the jars of Kafka from Maven Central (Debian: apt install maven), or point KAFKA_BROKERS at a running cluster.');
  const loading = `${LIBS_DIR}.${process.pid}`;
  mkdirSync(loading, { recursive: true });
  console.error('loading Apache Kafka from Maven Central (about 45 MB, once) …');
  try {
    execFileSync('mvn', ['-q', '-B', '-f', join(HERE, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${loading}`], { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    rmSync(loading, { recursive: true, force: true });
    throw new SetupError(`Maven could not load Kafka: ${error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)}`);
  }
  try {
    renameSync(loading, LIBS_DIR);
  } catch (error) {
    rmSync(loading, { recursive: true, force: true });
    if (!existsSync(LIBS_DIR)) throw error;
  }
}

async function requireFreePorts(options: BrokerOptions): Promise<void> {
  for (const node of nodeNumbers(options.nodes)) {
    for (const port of [portOf(options, node), portOf(options, node) + 1]) {
      if (!(await isFree(port))) throw new SetupError(`port ${port} of 127.0.0.1 is taken (node ${node} needs ${portOf(options, node)} and the next). Choose others with KAFKA_PORT.`);
    }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => done(true)));
  });
}

/** @param dir of the node that the process must be; '' for any process */
function alive(pid: number, dir: string): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // a pid file may outlive its process, and the number may have been given to another
  const command = `/proc/${pid}/cmdline`;
  if (!existsSync('/proc/self/cmdline')) return true;
  try {
    return dir === '' || readFileSync(command, 'utf8').split('\0').includes(`-Dvigil.node=${dir}`);
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended by itself
  }
}

function logTail(dataDir: string, node: number): string {
  const file = join(nodeDir(dataDir, node), 'kafka.log');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-30).join('\n') : '(no log)';
}

/** 16 random bytes as Kafka writes them; a leading '-' would read as an option. */
function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const nodeNumbers = (nodes: number): number[] => Array.from({ length: nodes }, (_, i) => i + 1);
const nodeDir = (dataDir: string, node: number): string => join(dataDir, `node-${node}`);
const pidFile = (dataDir: string, node: number): string => join(nodeDir(dataDir, node), 'kafka.pid');
const portOf = (options: { port: number }, node: number): number => options.port + 2 * (node - 1);
const brokerList = (options: { port: number; nodes: number }): string => nodeNumbers(options.nodes).map((n) => `127.0.0.1:${portOf(options, n)}`).join(',');

/** Says that this process uses the cluster in `dataDir`, for `stopWhenUnused`. */
export function registerUser(dataDir: string): void {
  const users = join(dataDir, 'users');
  mkdirSync(users, { recursive: true });
  writeFileSync(join(users, String(process.pid)), '');
}

/** Starts a process of its own that stops the cluster once no registered user has lived for a while, also one that is yet to start. */
export function reapWhenUnused(dataDir: string): void {
  spawn(process.execPath, [fileURLToPath(import.meta.url), 'reap', dataDir], { detached: true, stdio: 'ignore' }).unref();
}

async function stopWhenUnused(dataDir: string): Promise<void> {
  const idleLimitMs = 30_000;
  let lastUsed = Date.now();
  while (hasUsers(dataDir) || runningPids(dataDir).length > 0) {
    if (hasUsers(dataDir)) lastUsed = Date.now();
    if (Date.now() - lastUsed >= idleLimitMs && (await alone(dataDir, () => stopUnlessUsed(dataDir)))) return;
    await pause(1_000);
  }
}

/** Under the lock, so that nobody is handed a cluster that is about to stop. */
async function stopUnlessUsed(dataDir: string): Promise<boolean> {
  if (hasUsers(dataDir)) return false;
  await stopBroker(dataDir);
  return true;
}

function hasUsers(dataDir: string): boolean {
  const users = join(dataDir, 'users');
  let any = false;
  for (const user of existsSync(users) ? readdirSync(users) : []) {
    if (alive(Number(user), '')) any = true;
    else rmSync(join(users, user), { force: true });
  }
  return any;
}

/** Does something while no other process does anything under the lock of that folder. */
export async function alone<T>(dataDir: string, act: () => Promise<T>): Promise<T> {
  const lock = join(dataDir, 'lock');
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch {
      // the lock of a process that is gone does not count
      if (!holderLives(lock)) rmSync(lock, { force: true });
      await pause(100);
    }
  }
  try {
    return await act();
  } finally {
    rmSync(lock, { force: true });
  }
}

function holderLives(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    // 0: just created, its number not yet written
    if (pid !== 0) process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Removes data, logs and configuration, but not the jars. */
export function wipe(dataDir: string): void {
  if (!existsSync(dataDir)) return;
  for (const entry of readdirSync(dataDir)) {
    if (entry === 'cluster.json' || entry.startsWith('node-')) rmSync(join(dataDir, entry), { recursive: true, force: true });
  }
}

async function main(args: readonly string[]): Promise<void> {
  const usage = 'usage: npm run kafka -- start|stop|status [--nodes 1|3] [--clean]   (KAFKA_PORT moves the ports, default 9092)';
  const nodesAt = args.indexOf('--nodes');
  const nodesText = nodesAt < 0 ? undefined : args[nodesAt + 1];
  if (nodesText !== undefined && nodesText !== '1' && nodesText !== '3') throw new SetupError(usage);
  const port = Number(process.env['KAFKA_PORT'] ?? 9092);
  if (!Number.isInteger(port) || port < 1 || port > 65_000) throw new SetupError(`KAFKA_PORT must be a port from 1 to 65000, it is ${process.env['KAFKA_PORT']}`);
  const clean = args.includes('--clean');
  const given = nodesText === undefined ? undefined : nodesText === '3' ? 3 : 1;
  const options: BrokerOptions = { port, nodes: given ?? (clean ? undefined : nodesOf(DEFAULT_DATA_DIR)) ?? 1, dataDir: DEFAULT_DATA_DIR };
  switch (args[0]) {
    case 'start': {
      if (clean) {
        await stopBroker(options.dataDir);
        wipe(options.dataDir);
      }
      const started = await startBroker(options);
      console.log(`Kafka ${started.alreadyRunning ? 'is already running' : 'is running'}: ${started.brokers} (pid ${started.pids.join(', ')}). Use it with\n  KAFKA_BROKERS=${started.brokers} npm start`);
      return;
    }
    case 'stop': {
      const stopped = await stopBroker(options.dataDir);
      if (clean) wipe(options.dataDir);
      console.log(stopped > 0 ? `Kafka has stopped (${stopped} node(s)).` : 'Kafka was not running.');
      return;
    }
    case 'status': {
      const running = runningPids(options.dataDir);
      console.log(running.length > 0 ? `Kafka is running: ${brokerList(readCluster(options.dataDir))} (pid ${running.map((r) => r.pid).join(', ')})` : 'Kafka is not running.');
      process.exitCode = running.length > 0 ? 0 : 3;
      return;
    }
    case 'reap':
      if (args[1] !== undefined) await stopWhenUnused(resolve(args[1]));
      return;
    default:
      throw new SetupError(usage);
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof SetupError ? error.message : error);
    process.exitCode = 1;
  });
}
