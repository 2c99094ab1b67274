import type { ApiKeyStore, AuditTrail } from './ports/access.js';
import type { AlertFeed, AlertIndex } from './ports/alerts.js';
import type { Ingestion } from './ports/ingestion.js';
import type { ListCatalogue } from './ports/lists.js';
import type { HealthProbe, LiveView, MetricsText, SavepointStore, Simulator } from './ports/live.js';
import type { RulePacks } from './ports/rule-packs.js';
import type { RuleCatalogue, RuleValidator } from './ports/rules.js';
import type { SourceCatalogue } from './ports/sources.js';

export type * from './ports/caller.js';
export type * from './ports/sources.js';
export type * from './ports/rules.js';
export type * from './ports/rule-packs.js';
export type * from './ports/lists.js';
export type * from './ports/access.js';
export type * from './ports/alerts.js';
export type * from './ports/ingestion.js';
export type * from './ports/live.js';

/**
 * What the HTTP interface needs from the rest of Vigil. `src/app` satisfies these with adapters over the catalogue, the log,
 * the tasks and the engine; `test/api` satisfies them in memory. Plain data only. Every method may throw `ApiError`
 * (`api-error.ts`), which becomes the answer; so does an error with one of the codes of `http/refusal-codes.ts`, whose message is
 * then shown. Any other error is a 500 that tells the caller nothing.
 * Times are epoch ms. Revisions start at 1 and grow by one with every change of the thing they belong to.
 */
export interface ApiPorts {
  readonly sources: SourceCatalogue;
  readonly rules: RuleCatalogue;
  readonly rulePacks: RulePacks;
  readonly lists: ListCatalogue;
  readonly apiKeys: ApiKeyStore;
  readonly alerts: AlertIndex;
  readonly alertFeed: AlertFeed;
  readonly audit: AuditTrail;
  readonly ingestion: Ingestion;
  readonly live: LiveView;
  readonly savepoints: SavepointStore;
  readonly validator: RuleValidator;
  readonly simulator: Simulator;
  readonly health: HealthProbe;
  readonly metrics: MetricsText;
}
