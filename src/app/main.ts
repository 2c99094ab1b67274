import 'reflect-metadata';
import { packageVersion } from '../api/package-root.js';
import { createLogger, logLevelOf } from '../observability/logger.js';
import { startTelemetry } from '../observability/telemetry.js';
import { readConfig, ConfigError } from './config.js';
import { startDemo } from './demo/demo.js';
import { startSystem, type System } from './system.js';
import { startText } from './start-text.js';

/** Starts the service and ends it in order at SIGTERM or SIGINT; a second signal ends it at once. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const telemetry = await startTelemetry({ serviceName: 'vigil', version: packageVersion() });
  const logger = createLogger({ level: logLevelOf(config.logLevel) });
  telemetry.reportTo((message) => logger.warn(message));
  let system: System | null = null;
  let demo: { stop(): void } | null = null;
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info('stopping: what was taken is committed; a second signal ends at once', { signal });
    demo?.stop();
    void (system?.stop() ?? Promise.resolve()).then(
      async () => {
        logger.flush();
        await telemetry.shutdown();
        process.exit(0);
      },
      (error: unknown) => {
        logger.error('stopping failed', { err: error });
        logger.flush();
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  system = await startSystem(config, logger, telemetry);
  const wantsDemo = config.demo ?? (system.fresh && config.brokers.length === 0 && config.databaseUrl === undefined);
  void system.lost.then(() => {
    logger.flush();
    process.exit(1);
  });
  process.stdout.write(startText(config, system, wantsDemo));
  if (wantsDemo && system.ports !== null) demo = await startDemo(system, logger);
}

main().catch((error: unknown) => {
  process.stderr.write(`Vigil could not start: ${inWords(error)}\n`);
  process.exit(1);
});

/** What an operator can act on; the stack only of what nobody expected. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port } = error as { readonly code?: unknown; readonly port?: unknown };
  if (code === 'EADDRINUSE') return `port ${String(port)} is taken: stop what listens there, or set PORT to another`;
  if (code === 'EACCES') return `the port may not be opened by this user: set PORT to one above 1023 (${error.message})`;
  return error instanceof ConfigError || /InUseError|DamagedError|FormatError|KafkaError/.test(error.name) ? error.message : (error.stack ?? error.message);
}
