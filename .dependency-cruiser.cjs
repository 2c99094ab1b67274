/** Imports point down: app → api, stream, persistence, observability → engine → rules → cep, state → event. */
const pure = '^src/(event|cep|state|rules|engine)/';
const above = {
  event: 'cep|state|rules|engine|stream|persistence|api|observability|app',
  cep: 'state|rules|engine|stream|persistence|api|observability|app',
  state: 'cep|rules|engine|stream|persistence|api|observability|app',
  rules: 'engine|stream|persistence|api|observability|app',
  engine: 'stream|persistence|api|observability|app',
  stream: 'persistence|api|app',
  persistence: 'stream|api|app',
  api: 'stream|persistence|app',
  observability: 'stream|persistence|api|app',
};
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'pure-without-packages', severity: 'error', from: { path: pure }, to: { dependencyTypes: ['core'] } },
    { name: 'kafkajs-in-its-place', severity: 'error', from: { path: '^src/', pathNot: '^src/stream/kafka/' }, to: { path: 'node_modules/kafkajs' } },
    ...Object.entries(above).map(([folder, higher]) => ({
      name: `${folder}-points-down`, severity: 'error', from: { path: `^src/${folder}/` }, to: { path: `^src/(${higher})/` },
    })),
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsConfig: { fileName: 'tsconfig.json' }, tsPreCompilationDeps: true },
};
