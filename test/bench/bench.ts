/** `npm run bench -- COMMAND [OPTION …]`: see `--help`, or commands.ts. Ends with 2 for arguments that cannot be used. */
import { loadavg } from 'node:os';
import { ArgumentError, manual, readArguments, type Chosen } from './arguments.js';
import { COMMANDS } from './commands.js';
import { machineLine } from './machine.js';

type Run = (chosen: Chosen) => Promise<number | void> | number | void;

/** Loaded when chosen: block counts need to be there first. */
const runs: Readonly<Record<string, () => Promise<Run>>> = {
  workload: async () => (await import('./workload-command.js')).workloadCommand,
  growth: async () => (await import('./growth/growth-command.js')).growthCommand,
  memory: async () => (await import('./memory/memory-command.js')).memoryCommand,
  kafka: async () => (await import('./kafka/kafka-command.js')).kafkaCommand,
  embedded: async () => (await import('./embedded/embedded-command.js')).embeddedCommand,
  peers: async () => (await import('./peers/peers-command.js')).peersCommand,
};

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(manual(COMMANDS));
    return 0;
  }
  try {
    const chosen = readArguments(COMMANDS, args);
    const [load = 0] = loadavg();
    const run = await (runs[chosen.command] as () => Promise<Run>)();
    const status = (await run(chosen)) ?? 0;
    if (chosen.command !== 'workload') console.error(machineLine(load));
    return status;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    console.error(`${error.message}\nnpm run bench -- --help tells all commands`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
