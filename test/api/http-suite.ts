import { afterAll, beforeAll, describe } from '@jest/globals';
import type { AlertView, Role } from '../../src/api/ports.js';
import { describeAlerts } from './suites/alerts.js';
import { describeAuth } from './suites/auth.js';
import { describeCatalogue } from './suites/catalogue.js';
import { describeEvents } from './suites/events.js';
import { describeRequests } from './suites/requests.js';
import { describeRulePacks } from './suites/rule-packs.js';
import { describeRules } from './suites/rules.js';
import { describeSavepoints } from './suites/savepoints.js';
import { HttpClient } from './http-client.js';
import { ruleOf, sourceOf } from './sample-objects.js';

export { eventOf, ruleOf, sourceOf } from './sample-objects.js';

/** One HTTP interface that listens, over ports of any kind. */
export interface ApiUnderTest {
  /** without a slash at the end */
  readonly url: string;
  /** a key of each role */
  readonly keys: Readonly<Record<Role, string>>;
  /** the records that ingestion wrote for a source, in order for each key */
  appended(source: string): Promise<readonly { readonly key: string | null; readonly text: string }[]>;
  /** makes an alert that the index and the feed show once this resolves */
  raiseAlert(alert: { readonly rule: string; readonly key: readonly string[]; readonly at: number; readonly severity: string }): Promise<AlertView>;
  close(): Promise<void>;
}

/** What the tests of a suite share: one interface, a client with the admin's key, names that nobody has used. */
export class Subject {
  api!: ApiUnderTest;
  client!: HttpClient;
  private names = 0;

  name(prefix: string): string {
    return `${prefix}-${++this.names}`;
  }

  /** Declares a source of a fresh name. */
  async source(definition: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const name = this.name('payments');
    await this.client.put(`/api/v1/sources/${name}`, { ...sourceOf(name), ...definition });
    return name;
  }

  async rule(): Promise<string> {
    const source = await this.source();
    const id = this.name('rule');
    await this.client.post('/api/v1/rules', ruleOf(id, source));
    return id;
  }
}

/** What the HTTP interface must do, whatever is behind its ports; each composition runs it on itself. */
export function describeHttpApi(name: string, makeApp: () => Promise<ApiUnderTest>): void {
  describe(`HTTP interface: ${name}`, () => {
    const subject = new Subject();

    beforeAll(async () => {
      subject.api = await makeApp();
      subject.client = new HttpClient(subject.api.url, subject.api.keys.admin);
    });
    afterAll(() => subject.api.close());

    describeAuth(subject);
    describeRequests(subject);
    describeCatalogue(subject);
    describeRules(subject);
    describeRulePacks(subject);
    describeEvents(subject);
    describeAlerts(subject);
    describeSavepoints(subject);
  });
}
