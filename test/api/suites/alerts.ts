import { describe, expect, it } from '@jest/globals';
import type { Subject } from '../http-suite.js';
import { EventStreamReader } from '../event-stream-reader.js';

const AT = 1_767_225_600_000;

export function describeAlerts(subject: Subject): void {
  const stream = (query = '', headers: Record<string, string> = {}) => EventStreamReader.open(`${subject.api.url}/api/v1/alerts/stream${query}`, { authorization: `Bearer ${subject.api.keys.viewer}`, ...headers });

  describe('alerts', () => {
    it('lists newest first, by filters, page by page', async () => {
      const rule = subject.name('alerting');
      const raised: { id: string }[] = [];
      for (const i of [0, 1, 2, 3]) raised.push(await subject.api.raiseAlert({ rule, key: [`c${i % 2}`], at: AT + i, severity: i === 3 ? 'low' : 'high' }));
      const ids = async (query: string) => ((await subject.client.get(`/api/v1/alerts?rule=${rule}${query}`)).body.items as { id: string }[]).map(({ id }) => raised.findIndex((alert) => alert.id === id));
      expect(await ids('')).toEqual([3, 2, 1, 0]);
      expect(await ids('&key=c1')).toEqual([3, 1]);
      expect(await ids(`&key=${encodeURIComponent('["c0"]')}`)).toEqual([2, 0]);
      expect(await ids('&severity=low')).toEqual([3]);
      expect(await ids(`&from=${AT + 1}&to=${AT + 3}`)).toEqual([2, 1]);
      expect(await ids('&shadow=true')).toEqual([]);
      const first = await subject.client.get(`/api/v1/alerts?rule=${rule}&limit=3`);
      const second = await subject.client.get(`/api/v1/alerts?rule=${rule}&limit=3&cursor=${String(first.body.nextCursor)}`);
      expect([(first.body.items as unknown[]).length, (second.body.items as { id: string }[]).map(({ id }) => id), second.body.nextCursor]).toEqual([3, [raised[0]!.id], null]);
    });

    it('shows one, and refuses filters that are none', async () => {
      const alert = await subject.api.raiseAlert({ rule: subject.name('alerting'), key: ['c1'], at: AT, severity: 'high' });
      expect((await subject.client.get(`/api/v1/alerts/${alert.id}`)).body).toMatchObject({ id: alert.id, rule: alert.rule, key: ['c1'], at: AT });
      expect((await subject.client.get('/api/v1/alerts/none')).status).toBe(404);
      for (const query of ['from=x', 'severity=loud', 'shadow=maybe', 'version=0']) expect((await subject.client.get(`/api/v1/alerts?${query}`)).status).toBe(400);
    });

    it('streams alerts as they come', async () => {
      const rule = subject.name('streaming');
      const reader = await stream(`?rule=${rule}`);
      await subject.api.raiseAlert({ rule: subject.name('another'), key: ['c1'], at: AT, severity: 'high' });
      const alert = await subject.api.raiseAlert({ rule, key: ['c1'], at: AT, severity: 'high' });
      const event = await reader.next('alert');
      expect(JSON.parse(event.data)).toMatchObject({ id: alert.id, rule });
      reader.close();
    });

    it('goes on after Last-Event-ID without loss or repetition', async () => {
      const rule = subject.name('streaming');
      const reader = await stream(`?rule=${rule}`);
      await subject.api.raiseAlert({ rule, key: ['c1'], at: AT, severity: 'high' });
      const { id } = await reader.next('alert');
      reader.close();
      const missed = await subject.api.raiseAlert({ rule, key: ['c2'], at: AT, severity: 'high' });
      const resumed = await stream(`?rule=${rule}`, { 'last-event-id': id });
      const later = await subject.api.raiseAlert({ rule, key: ['c3'], at: AT, severity: 'high' });
      const seen = [await resumed.next('alert'), await resumed.next('alert')].map(({ data }) => (JSON.parse(data) as { id: string }).id);
      expect(seen).toEqual([missed.id, later.id]);
      resumed.close();
    });

    it('says when it cannot know what was missed', async () => {
      const reader = await stream('', { 'last-event-id': 'long-ago' });
      expect((await reader.next('gap')).data).toBe('{}');
      reader.close();
    });
  });
}
