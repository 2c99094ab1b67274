import type { CommandSpec } from './arguments.js';
import { WORKLOADS } from './workload-rules.js';

/** All of `npm run bench`. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'workload',
    takes: { kind: 'choice', of: WORKLOADS },
    about: 'the engine in process, one thread, over the events of a file; one JSON line, as the other engines\' runners print it',
    options: {
      input: { kind: 'text', about: 'file with one event a line, from ../shared/bench/workloads.py; W5C takes one of W5' },
      rules: { kind: 'number', from: 1, to: 10_000, otherwise: 1_000, about: 'rules of W5 and W5C' },
      parse: { kind: 'flag', about: 'begins with the bytes of a line instead of parsed events' },
      checkpoint: { kind: 'flag', about: 'encodes changed keys too, as a live task does' },
      general: { kind: 'flag', about: 'runs patterns on the general matcher' },
    },
  },
  {
    name: 'growth',
    about: 'what an event costs more when keys, rules, windows, open matches or timers grow: a table and a JSON line for each; takes two minutes',
    options: {
      runs: { kind: 'number', from: 1, to: 100, otherwise: 3, about: 'runs of each end, in turn; the quickest of each counts' },
      only: { kind: 'text', about: 'names of ratios, comma separated' },
      blocks: { kind: 'flag', about: 'counts blocks of code instead of time: exact, the same on every machine' },
      gate: { kind: 'flag', about: 'ends with 1 where a bound is exceeded' },
    },
  },
  {
    name: 'memory',
    about: 'bytes for each key by kind of state, and pauses with many keys; a table and a JSON line for each; takes about eight minutes',
    options: {
      keys: { kind: 'number', from: 1_000, to: 5_000_000, otherwise: 1_000_000, about: 'keys' },
      only: { kind: 'text', about: 'names of kinds, comma separated' },
    },
  },
  {
    name: 'kafka',
    about: 'the service on a broker of its own against Flink with its exactly-once sink, and against bare client loops: events a second and latency; takes about twelve minutes',
    options: {
      events: { kind: 'number', from: 10_000, to: 20_000_000, otherwise: 1_000_000, about: 'events of a drain' },
      rounds: { kind: 'number', from: 1, to: 20, otherwise: 2, about: 'drains of each, in turn' },
      rates: { kind: 'text', otherwise: '500,5000', about: 'events a second at which latency is measured; 0 for none' },
      seconds: { kind: 'number', from: 1, to: 600, otherwise: 10, about: 'how long for each rate' },
      seed: { kind: 'number', from: 0, to: 1_000_000, otherwise: 1, about: 'of the events' },
      only: { kind: 'text', about: 'names of contestants, comma separated' },
      workers: { kind: 'number', from: 1, to: 64, otherwise: 1, about: 'more than 1: the service on so many threads too, as `vigil N threads`' },
      profile: { kind: 'text', about: 'folder for processor profiles of the service' },
    },
  },
  {
    name: 'embedded',
    about: 'the service on its embedded log: memory when idle, events a second over HTTP, request to alert; takes a minute',
    options: {
      events: { kind: 'number', from: 1_000, to: 10_000_000, otherwise: 200_000, about: 'events sent as fast as they are taken' },
      rate: { kind: 'number', from: 100, to: 20_000, otherwise: 1_000, about: 'events a second at which latency is measured' },
      seconds: { kind: 'number', from: 1, to: 600, otherwise: 15, about: 'how long at that rate' },
      seed: { kind: 'number', from: 0, to: 1_000_000, otherwise: 1, about: 'of the events' },
    },
  },
  {
    name: 'peers',
    about: 'the engine, the same by hand, Flink CEP, Esper and json-rules-engine over fresh files, in turn; no speeds where matches differ; takes about eight minutes',
    options: {
      seed: { kind: 'number', from: 0, to: 1_000_000, otherwise: 1, about: 'of the events' },
      rounds: { kind: 'number', from: 1, to: 20, otherwise: 3, about: 'runs of each, in turn' },
      scale: { kind: 'number', from: 1, to: 1_000, otherwise: 100, about: 'percent of the usual number of events' },
      only: { kind: 'text', about: 'workloads, comma separated' },
      engines: { kind: 'text', about: 'names of engines, comma separated' },
    },
  },
];
