/** `npm run bench -- COMMAND [OPTION …]`: see `--help`, or commands.ts. Ends with 2 for arguments that cannot be used. */
import { ArgumentError, manual, readArguments, type Chosen } from './arguments.js';
import { COMMANDS } from './commands.js';

type Run = (chosen: Chosen) => Promise<number | void> | number | void;

/** Loaded when chosen: block counts need to be there first. */
const runs: Readonly<Record<string, () => Promise<Run>>> = {
  workload: async () => (await import('./workload-command.js')).workloadCommand,
  growth: async () => (await import('./growth/growth-command.js')).growthCommand,
  memory: async () => (await import('./memory/memory-command.js')).memoryCommand,
  kafka: async () => (await import('./kafka/kafka-command.js')).kafkaCommand,
};

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(manual(COMMANDS));
    return 0;
  }
  try {
    const chosen = readArguments(COMMANDS, args);
    const run = await (runs[chosen.command] as () => Promise<Run>)();
    return (await run(chosen)) ?? 0;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    console.error(`${error.message}\nnpm run bench -- --help tells all commands`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
