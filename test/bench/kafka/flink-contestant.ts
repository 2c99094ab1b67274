import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTopic } from './cluster.js';
import type { Contestant } from './contestant.js';
import { startedLoop } from './started-loop.js';

const JOB = fileURLToPath(new URL('flink/', import.meta.url));
const BUILT = resolve('.vigil/bench-flink');

/** Flink CEP 2.2.0 as its users run it, with its exactly-once sink: alerts become readable with the checkpoint behind them. */
export const FLINK_CONTESTANTS: readonly Contestant[] = [100, 1_000].map((checkpointMs) => ({
  name: `flink ${checkpointMs} ms`,
  about: `Flink CEP, exactly once, a checkpoint each ${checkpointMs} ms, one process with two slots, state on the heap`,
  alerts: true,
  async prepare({ brokers, topic, folder }, run) {
    const out = `${run}-alerts`;
    await createTopic(brokers, out);
    const classes = compiledJob();
    const opens = ['--add-opens=java.base/java.util=ALL-UNNAMED', '--add-opens=java.base/java.lang=ALL-UNNAMED'];
    const args = ['-Xmx2g', ...opens, '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', `${join(BUILT, 'libs', '*')}:${classes}`, 'FlinkJob', brokers, topic, run, out, String(checkpointMs), join(folder, run)];
    return { out, start: async () => startedLoop('java', args) };
  },
}));

function compiledJob(): string {
  const [libs, classes] = [join(BUILT, 'libs'), join(BUILT, 'classes')];
  mkdirSync(classes, { recursive: true });
  if (!existsSync(libs)) execFileSync('mvn', ['-q', '-B', '-f', join(JOB, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${libs}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  execFileSync('javac', ['-nowarn', '-cp', join(libs, '*'), '-d', classes, join(JOB, 'FlinkJob.java')], { stdio: ['ignore', 'pipe', 'pipe'] });
  return classes;
}
