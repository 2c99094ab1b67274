import type { Config } from './config.js';
import type { System } from './system.js';

/** What a person sees at the start: where everything is, the key (once), and a few things to try. */
export function startText(config: Config, system: System, demo: boolean): string {
  const { url } = system;
  const key = system.adminKey ?? (config.adminKey === undefined ? null : '$VIGIL_ADMIN_KEY');
  const log = config.brokers.length > 0 ? `Kafka at ${config.brokers.join(', ')}` : `embedded, in ${config.dataDir}/log`;
  const database = config.databaseUrl === undefined ? `embedded PostgreSQL, in ${config.dataDir}/database` : 'PostgreSQL at DATABASE_URL';
  const shown = key ?? 'YOUR_KEY';
  return `
  Vigil is running.

    page, API, docs   ${url}/   ${url}/api/v1   ${url}/docs
    log               ${log}
    catalogue         ${config.role === 'worker' ? 'none (worker)' : database}
    admin key         ${system.adminKey ?? (config.adminKey === undefined ? 'as told at the first start' : 'VIGIL_ADMIN_KEY')}${system.adminKey === null ? '' : '   (told only now: keep it)'}
    demo              ${demo ? 'on: card traffic with planted fraud' : 'off'}

  Try:

    curl -H "Authorization: Bearer ${shown}" '${url}/api/v1/alerts?limit=5'
    curl -H "Authorization: Bearer ${shown}" '${url}/api/v1/rules'
    curl -N -H "Authorization: Bearer ${shown}" '${url}/api/v1/alerts/stream'
${config.role === 'worker' ? '' : packText(url, shown, demo)}
`;
}

/** The demo has rules of its own under some of the ids. */
function packText(url: string, key: string, demo: boolean): string {
  const wish = demo ? { source: 'payments', prefix: 'pack-', activate: true } : { source: 'YOUR_SOURCE', activate: true };
  return `
  Rules for 28 kinds of fraud come with it; this puts them to work:

    curl -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' -d '${JSON.stringify(wish)}' '${url}/api/v1/rule-packs/fraud-pack'
`;
}
