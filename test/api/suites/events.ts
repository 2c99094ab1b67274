import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { eventOf } from '../http-suite.js';
import type { Subject } from '../http-suite.js';
import type { Sending } from '../http-client.js';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const JSON_TYPE = { 'content-type': 'application/json' };

export function describeEvents(subject: Subject): void {
  const post = (source: string, sending: Sending) => subject.client.send('POST', `/api/v1/sources/${source}/events`, sending);
  const taken = (accepted: number, rejected: unknown[] = []) => ({ accepted, rejected, rejectedNotListed: 0 });

  describe('events', () => {
    it('takes one event, an array, and lines, in their original bytes', async () => {
      const source = await subject.source();
      const one = '{ "type":"payment", "ts": 1767225600000, "card": "c1", "amountMinor": 1.50, "note": "é" }';
      expect((await post(source, { raw: one, headers: JSON_TYPE })).body).toEqual(taken(1));
      expect((await post(source, { raw: `[ ${one} , ${one}]`, headers: JSON_TYPE })).body).toEqual(taken(2));
      expect((await post(source, { raw: `\n  ${one}\r\n\r\n\n${one}`, headers: NDJSON })).body).toEqual(taken(2));
      expect(await subject.api.appended(source)).toEqual(Array.from({ length: 5 }, () => ({ key: 'c1', text: one })));
    });

    it('takes nothing for an empty array or no lines', async () => {
      const source = await subject.source();
      expect((await post(source, { raw: '[]', headers: JSON_TYPE })).body).toEqual(taken(0));
      expect((await post(source, { raw: '\n\n', headers: NDJSON })).body).toEqual(taken(0));
      expect((await post(source, { raw: '', headers: JSON_TYPE })).status).toBe(400);
    });

    it('rejects single events with index and code while the others go on', async () => {
      const source = await subject.source();
      const good = JSON.stringify(eventOf(1));
      const lines: (string | Buffer)[] = [
        good,
        '{"type": "payment", "ts": 1,',
        '{"type": "payment"}',
        '{"ts": 1767225600000}',
        '{"type": "payment", "ts": "yesterday"}',
        '[1]',
        'null',
        Buffer.concat([Buffer.from('{"type": "payment", "ts": 1, "x": "'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
        JSON.stringify({ ...eventOf(1), card: 'k'.repeat(1_025) }),
        JSON.stringify({ ...eventOf(1), card: 'é'.repeat(600) }),
        JSON.stringify({ ...eventOf(1), pad: 'x'.repeat(1_100_000) }),
        good,
      ];
      const raw = Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')]));
      const answer = await post(source, { raw, headers: NDJSON });
      expect(answer.status).toBe(202);
      expect(answer.body.accepted).toBe(2);
      expect((answer.body.rejected as { index: number; code: string }[]).map(({ index, code }) => [index, code])).toEqual([
        [1, 'event.malformed-json'],
        [2, 'event.missing-time'],
        [3, 'event.missing-type'],
        [4, 'event.invalid-time'],
        [5, 'event.not-an-object'],
        [6, 'event.not-an-object'],
        [7, 'event.invalid-utf8'],
        [8, 'event.key-too-long'],
        [9, 'event.key-too-long'],
        [10, 'event.too-large'],
      ]);
      expect(await subject.api.appended(source)).toHaveLength(2);
    });

    it('rejects single events of an array, and refuses an array that is not JSON before it appends anything', async () => {
      const source = await subject.source();
      const mixed = await post(source, { json: [eventOf(1), { type: 'payment' }, 7, eventOf(2), { ...eventOf(3), pad: 'x'.repeat(1_100_000) }] });
      expect((mixed.body.rejected as { index: number; code: string }[]).map(({ index, code }) => [index, code])).toEqual([[1, 'event.missing-time'], [2, 'event.not-an-object'], [4, 'event.too-large']]);
      const good = JSON.stringify(eventOf(1));
      for (const raw of [`[${good}, {"a": tru}]`, `[${good},]`, `[${good}`, `[${good}] x`, `[${good} ${good}]`, `[,${good}]`, '{"a"', 'x']) {
        const answer = await post(source, { raw, headers: JSON_TYPE });
        expect([raw, answer.status, answer.body.code]).toEqual([raw, 400, 'request.malformed-json']);
      }
      expect(await subject.api.appended(source)).toHaveLength(2);
    });

    it('keeps the one event that is a wrong one', async () => {
      const source = await subject.source();
      const answer = await post(source, { json: { type: 'payment', card: 'c1' } });
      expect([answer.status, answer.body]).toEqual([202, taken(0, [{ index: 0, code: 'event.missing-time', detail: expect.stringContaining('ts') }])]);
    });

    it('accepts an event without the partitioning field', async () => {
      const source = await subject.source();
      expect((await post(source, { json: { type: 'payment', ts: 1_767_225_600_000 } })).body).toEqual(taken(1));
      expect((await subject.api.appended(source))[0]!.key).toBeNull();
    });

    it('reads time, type and key where the source says', async () => {
      const source = await subject.source({ eventTime: { field: 'meta.at', unit: 'iso' }, type: { value: 'login' }, partitionedBy: 'user.id' });
      const answer = await post(source, { json: [{ meta: { at: '2026-01-31T12:00:00Z' }, user: { id: 42 } }, { meta: { at: 1_767_225_600_000 }, user: { id: 42 } }, { at: 'x' }] });
      expect((answer.body.rejected as { index: number; code: string }[]).map(({ index, code }) => [index, code])).toEqual([[1, 'event.invalid-time'], [2, 'event.missing-time']]);
      expect((await subject.api.appended(source)).map(({ key }) => key)).toEqual(['42']);
    });

    it('handles an array of 100,000 events, and refuses one more', async () => {
      const source = await subject.source();
      const events = Array.from({ length: 100_000 }, (_, i) => eventOf(i));
      expect((await post(source, { json: events })).body).toEqual(taken(100_000));
      expect(await subject.api.appended(source)).toHaveLength(100_000);
      const tooMany = await post(source, { json: [...events, eventOf(0)] });
      expect([tooMany.status, tooMany.body.code]).toEqual([413, 'request.too-many-events']);
      expect(await subject.api.appended(source)).toHaveLength(100_000);
    });

    it('refuses an array body over 32 MB', async () => {
      const source = await subject.source();
      const answer = await post(source, { raw: Buffer.alloc(33 * 1024 * 1024 + 1, 0x20), headers: JSON_TYPE });
      expect([answer.status, answer.body.code]).toEqual([413, 'request.too-large']);
    });

    it('takes gzip lines of any length, and refuses garbage', async () => {
      const source = await subject.source();
      const text = Array.from({ length: 30_000 }, (_, i) => JSON.stringify(eventOf(i))).join('\n');
      const headers = { ...NDJSON, 'content-encoding': 'gzip' };
      expect((await post(source, { raw: gzipSync(text), headers })).body).toEqual(taken(30_000));
      const texts = (await subject.api.appended(source)).map((record) => record.text);
      expect(new Set(texts)).toEqual(new Set(text.split('\n')));
      const garbage = await post(source, { raw: Buffer.alloc(5_000, 0xa5), headers });
      expect([garbage.status, garbage.body.code]).toEqual([400, 'request.invalid-gzip']);
      expect((await post(source, { raw: '{}', headers: { ...NDJSON, 'content-encoding': 'zstd' } })).status).toBe(415);
    });

    it('appends lines as they come, before the request ends', async () => {
      const source = await subject.source();
      const { hostname, port } = new URL(subject.api.url);
      const upload = request({ hostname, port, method: 'POST', path: `/api/v1/sources/${source}/events`, headers: { ...NDJSON, authorization: `Bearer ${subject.api.keys.analyst}` } });
      const answered = new Promise<string>((resolve, reject) => {
        upload.on('error', reject).on('response', (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text));
        });
      });
      upload.write(`${JSON.stringify(eventOf(1))}\n${JSON.stringify(eventOf(2)).slice(0, 20)}`);
      while ((await subject.api.appended(source)).length < 1) await new Promise(setImmediate);
      upload.end(JSON.stringify(eventOf(2)).slice(20));
      expect(JSON.parse(await answered)).toEqual(taken(2));
    });

    it('answers a repeated Idempotency-Key like the first time, and appends once', async () => {
      const source = await subject.source();
      const headers = { ...NDJSON, 'idempotency-key': randomUUID() };
      const raw = `${JSON.stringify(eventOf(1))}\n{"bad"\n`;
      const first = await post(source, { raw, headers });
      const second = await post(source, { raw, headers });
      expect([second.status, second.body]).toEqual([202, first.body]);
      expect(await subject.api.appended(source)).toHaveLength(1);
      const reused = await post(source, { raw: JSON.stringify(eventOf(2)), headers });
      expect([reused.status, reused.body.code]).toEqual([422, 'idempotency.key-reused']);
      const odd = await post(source, { raw, headers: { ...NDJSON, 'idempotency-key': 'a b' } });
      expect([odd.status, odd.body.code]).toEqual([400, 'request.invalid-header']);
    });

    it('refuses an unknown source or media type', async () => {
      const unknown = await post('nowhere', { json: eventOf(1) });
      expect([unknown.status, unknown.body.code]).toEqual([404, 'source.not-found']);
      const source = await subject.source();
      const csv = await post(source, { raw: 'a,b', headers: { 'content-type': 'text/csv' } });
      expect([csv.status, csv.body.code]).toEqual([415, 'request.unsupported-media-type']);
    });
  });
}
