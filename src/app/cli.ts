#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander';
import { packageVersion } from '../api/package-root.js';
import { EngineError } from '../event/engine-error.js';
import { parseDuration } from '../rules/duration.js';
import { IMPORT_LANGUAGES, importRules, type ImportCommand } from './batch/import-rules.js';
import { BatchError } from './batch/batch-error.js';
import { runBatch } from './batch/run-batch.js';
import { ConfigError } from './config.js';
import { restore, type RestoreCommand, type Said } from './savepoints/restore-command.js';
import { takeSavepoint, type SavepointCommand } from './savepoints/savepoint-command.js';

function duration(text: string): number {
  const ms = parseDuration(/^\d+$/.test(text) ? Number(text) : text);
  if (ms === null) throw new InvalidArgumentError('expected a duration such as 10s, 5m or 1h30m, or whole milliseconds');
  return ms;
}

function epochMs(text: string): number {
  const ms = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (!Number.isFinite(ms)) throw new InvalidArgumentError('expected epoch milliseconds or an ISO time such as 2026-01-31T12:00:00Z');
  return ms;
}

function workers(text: string): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > 64) throw new InvalidArgumentError('expected a number of threads from 1 to 64');
  return count;
}

const collect = (value: string, before: string[]): string[] => [...before, value];

const program = new Command('vigil').description('Rules over event streams: patterns per key in event time.').version(packageVersion());

program
  .command('run')
  .description('runs rules over files of events and ends with them: the same alerts as live, as NDJSON on stdout; a summary on stderr')
  .requiredOption('--rules <dir>', 'folder (or one file) of rules as JSON; a file may hold one rule, a list, or {"rules": […]}')
  .requiredOption('--input <[source=]file>', 'NDJSON file of events, gzip too, "-" for stdin; "payments=FILE" names its source; may be given several times', collect, [])
  .option('--sources <file>', 'JSON object of source definitions by name; default: fields ts (ms), type and id')
  .option('--lists <file>', 'JSON object of managed lists: {"name": ["value", …]}')
  .option('--param <rule.name=value>', 'another value for a param of a rule (value as JSON)', collect, [])
  .option('--disorder <duration>', 'how far out of order events may come, for the default sources', duration, 0)
  .option('--dedupe <duration>', 'the same event id within this time counts once, for the default sources', duration)
  .option('--advance-to <time>', 'after the last event the clock goes on to this time, so that absences fire', epochMs)
  .option('--workers <n>', 'threads that share the rules; the same is written with any number. Default: 1, or for files of 64 MB and more (gzip: 8 MB) one for each core', workers)
  .option('--progress', 'tell on stderr how far it is; default: where that is a terminal')
  .option('--strict', 'end with status 1 at the first event that cannot be read')
  .addHelpText('after', '\nExample:\n  npx vigil run --rules rules/fraud-pack --input payments.ndjson.gz > alerts.ndjson')
  .action(async (options: Parameters<typeof runBatch>[0]) => {
    await runBatch(options);
  });

program
  .command('import')
  .description('writes rules of another language as rules of Vigil to stdout, and what did not fit to stderr; status 1 if there is none')
  .argument('<file>', 'an EQL query, a pattern of dynamic Flink CEP as JSON, Sigma rules as YAML, or SQL with MATCH_RECOGNIZE; "-" for stdin')
  .addOption(new Option('--from <language>', 'language of the file').choices(IMPORT_LANGUAGES).makeOptionMandatory())
  .option('--id <id>', 'id of the rule, where the file has none')
  .option('--source <name>', 'source of the events, where the file has none')
  .option('--key <field>', 'field of the key, where the file has none; may be given several times', collect, [])
  .addHelpText('after', '\nExample:\n  npx vigil import --from sigma many_failed_logons.yml > rules/many-failed-logons.json')
  .action((file: string, options: ImportCommand) => {
    if (!importRules(file, options)) process.exitCode = 1;
  });

const said: Said = { progress: (line) => void process.stderr.write(`${line}\n`), result: (line) => void process.stdout.write(`${line}\n`) };

program
  .command('savepoint')
  .description('asks a running service for a savepoint, and waits until it is complete')
  .option('--url <url>', 'of the service', 'http://127.0.0.1:8080')
  .option('--key <key>', 'of role admin; default: VIGIL_ADMIN_KEY')
  .option('--id <id>', 'names it; the same again is the same savepoint')
  .addHelpText('after', '\nExample:\n  VIGIL_ADMIN_KEY=… npx vigil savepoint --id before-upgrade')
  .action((options: SavepointCommand) => takeSavepoint(options, said));

program
  .command('restore')
  .description('makes a new application of a savepoint, over the log and the database that the environment names (docs/configuration.md)')
  .argument('<dir>', 'folder of the savepoint')
  .option('--to <app>', 'name of the new application, which has no topics yet; default: VIGIL_APP')
  .option('--dry-run', 'checks and reads everything, writes nothing')
  .option('--same-database', 'the database is that of the application before, which is gone for good: changes made since are published again')
  .option('--rules <dir>', 'folder (or one file) of rules: the versions that it begins with, right behind the savepoint')
  .option('--no-catalogue', 'leaves the database alone')
  .option('--catalogue-only', 'fills the catalogue only: the topics are there')
  .addHelpText('after', '\nExample:\n  npx vigil restore data/savepoints/vigil/before-upgrade --to vigil-2 --same-database && VIGIL_APP=vigil-2 npm start')
  .action((dir: string, options: RestoreCommand) => restore(dir, options, process.env, said));

program.parseAsync().catch((error: unknown) => {
  const known = error instanceof BatchError || error instanceof EngineError || error instanceof ConfigError || (error instanceof Error && /InUseError|DamagedError|KafkaError/.test(error.name)) || (error instanceof Error && 'code' in error && typeof error.code === 'string');
  process.stderr.write(`vigil: ${error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error)}\n`);
  process.exitCode = 1;
});
