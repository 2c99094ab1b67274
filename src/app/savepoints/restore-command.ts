import { createLogger } from '../../observability/logger.js';
import { topicsOf } from '../../stream/topics.js';
import { requireFit } from '../../stream/savepoint/fit.js';
import { readSavepoint, type ReadSavepoint } from '../../stream/savepoint/read-savepoint.js';
import { restoreSavepoint, type Restored } from '../../stream/savepoint/restore.js';
import { SavepointFolder } from '../../stream/savepoint/savepoint-folder.js';
import type { Log } from '../../stream/log.js';
import type { ControlRecord } from '../../engine/control/control.js';
import { readRules } from '../batch/read-rules.js';
import { ConfigError, readConfig, type Config } from '../config.js';
import { ensureInternalTopics } from '../internal-topics.js';
import { openLog } from '../open-log.js';
import { otherRules } from './other-rules.js';
import { RestoredCatalogue } from './restored-catalogue.js';

export interface RestoreCommand {
  /** name of the new application; default: `VIGIL_APP` */
  readonly to?: string;
  readonly dryRun?: boolean;
  /** the database is that of the application that the savepoint was taken of, which is gone for good */
  readonly sameDatabase?: boolean;
  /** folder or file of rules: the versions that it begins with */
  readonly rules?: string;
  /** the topics are there already, only the catalogue is to be filled */
  readonly catalogueOnly?: boolean;
  /** no catalogue is filled: it is elsewhere */
  readonly catalogue: boolean;
}

/** Where a command says how it comes on (stderr), and what came of it (stdout). */
export interface Said {
  readonly progress: (line: string) => void;
  readonly result: (line: string) => void;
}

/**
 * `vigil restore DIR`: makes a new application of a savepoint, over the log and the database that the environment names.
 * @throws EngineError `savepoint.unfit` where it cannot hold it, `state.unknown-format` for files that are not as they were; ConfigError;
 *   CatalogueError `catalogue.not-empty`
 */
export async function restore(dir: string, command: RestoreCommand, environment: Readonly<Record<string, string | undefined>>, said: Said): Promise<void> {
  const savepoint = await readSavepoint(new SavepointFolder(dir));
  const { manifest } = savepoint;
  said.progress(`savepoint ${manifest.id} of ${manifest.app}, ${new Date(manifest.createdAt).toISOString()}: ${manifest.tasks.length} tasks, ${manifest.keyedPartitions} keyed partitions`);
  const config = readConfig({
    // what the topics are made with, unless they are there
    VIGIL_KEYED_PARTITIONS: String(manifest.keyedPartitions),
    ...Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== '')),
    ...(command.to === undefined ? {} : { VIGIL_APP: command.to }),
  });
  const then = command.rules === undefined ? [] : otherRules(readRules(command.rules).map(({ document }) => document), savepoint.control);
  if (then.length > 0 && command.sameDatabase === true) throw new ConfigError('--rules goes with an empty database only: with --same-database the catalogue has changes of its own behind the savepoint. Put the rules to work there');
  const catalogue = command.catalogue && command.dryRun !== true ? await RestoredCatalogue.open(config, [...savepoint.control.records.map(({ record }) => record), ...then], command.sameDatabase === true) : null;
  try {
    const restored = command.catalogueOnly === true ? null : await restoreTopics(savepoint, then, config, command.dryRun === true, said);
    said.progress((await catalogue?.fill()) ?? (command.dryRun === true ? 'the database is not looked at' : 'no catalogue is filled'));
    if (command.dryRun !== true) said.progress(`start it with VIGIL_APP=${config.app}`);
    said.result(summary(restored, savepoint.control.records.length + then.length, config, command));
  } finally {
    await catalogue?.close();
  }
}

async function restoreTopics(savepoint: ReadSavepoint, then: readonly ControlRecord[], config: Config, dryRun: boolean, { progress }: Said): Promise<Restored> {
  const topics = topicsOf(config.app);
  const log = await openLog(config, topics, createLogger({ level: 'warn', write: (line) => void process.stderr.write(line) }));
  try {
    const wanted = await countsOf(log, topics, config);
    await requireFit(savepoint, { log, topics, ...wanted });
    if (!dryRun) await ensureInternalTopics(log, topics, config);
    const restored = await restoreSavepoint(savepoint, { log, topics, ...wanted, then, dryRun, progress });
    for (const warning of restored.warnings) progress(`warning: ${warning}`);
    return restored;
  } finally {
    await log.close();
  }
}

/** Partition counts as they are, or as they would be made. */
async function countsOf(log: Log, topics: ReturnType<typeof topicsOf>, config: Config): Promise<{ readonly keyedPartitions: number; readonly taskSlots: number }> {
  const [rekey, journal] = await Promise.all([log.admin.partitions(topics.rekey), log.admin.partitions(topics.journal)]);
  return { keyedPartitions: rekey ?? config.keyedPartitions, taskSlots: journal ?? config.taskSlots };
}

function summary(restored: Restored | null, changes: number, { app }: Config, { dryRun }: RestoreCommand): string {
  if (restored === null) return `restored: ${changes} changes into the catalogue`;
  const { tasks, keys, frames } = restored;
  return `${dryRun === true ? 'restorable' : 'restored'}: ${tasks} tasks, ${keys} keys, ${frames} frames, ${changes} changes into ${app}`;
}
