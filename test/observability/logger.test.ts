import { describe, expect, it } from '@jest/globals';
import { Folding } from '../../src/observability/folding.js';
import { createLogger, logLevelOf, type LoggerOptions } from '../../src/observability/logger.js';
import { apiLog, hostObserver, jobLogger } from '../../src/observability/observers.js';
import { observabilityLimits } from '../../src/observability/limits.js';
import { startTelemetry } from '../../src/observability/telemetry.js';

/** A log whose lines are kept: without their times, which are checked to be there. */
function keptLog(options: LoggerOptions = {}) {
  const raw: string[] = [];
  const logger = createLogger({ pretty: false, write: (line) => void raw.push(line), ...options });
  const lines = (): Record<string, unknown>[] =>
    raw.map((text) => {
      const { time, ...line } = JSON.parse(text) as Record<string, unknown>;
      expect(time).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
      return line;
    });
  return { logger, raw, lines };
}

describe('the log', () => {
  it('writes one JSON line for each happening', () => {
    const { logger, raw, lines } = keptLog();
    logger.info('started', { port: 8080 });
    logger.child({ job: 'relay' }).error('stopped', { reason: 'two\nlines' });
    logger.debug('unseen');
    expect(raw.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
    expect(lines()).toEqual([
      { level: 'info', msg: 'started', port: 8080 },
      { level: 'error', msg: 'stopped', job: 'relay', reason: 'two\nlines' },
    ]);
  });

  it.each([
    ['DEBUG', 'debug'],
    [' warn ', 'warn'],
    ['silent', 'silent'],
    ['loud', 'info'],
    [undefined, 'info'],
  ])('takes LOG_LEVEL %p as %s', (text, level) => {
    expect(logLevelOf(text)).toBe(level);
  });

  it('is text where a person looks', () => {
    const { logger, raw } = keptLog({ pretty: true });
    logger.info('listening', { address: 'http://127.0.0.1:8080', tasks: 3, name: 'a b' });
    logger.error('failed', { err: Object.assign(new Error('boom'), { stack: 'Error: boom\n    at here' }) });
    expect(raw.map((line) => line.replace(/^\d{2}:\d{2}:\d{2}\.\d{3} /, '<time> '))).toEqual(['<time> info  listening address=http://127.0.0.1:8080 tasks=3 name="a b"\n', '<time> ERROR failed\nError: boom\n    at here\n']);
  });
});

describe('secrets', () => {
  it('are hidden by their names, however deep they stand', () => {
    const { logger, lines } = keptLog();
    logger.info('configuration', {
      headers: { Authorization: 'Bearer abc', cookie: 'session=1', accept: 'text/html' },
      config: { DATABASE_PASSWORD: 'x', saslPassword: 'x', apiKey: 'x', VIGIL_ADMIN_KEY: 'x', nested: [{ clientSecret: 'x', accessToken: 'x', port: 1 }] },
    });
    const hidden = '[hidden]';
    expect(lines()).toEqual([
      {
        level: 'info',
        msg: 'configuration',
        headers: { Authorization: hidden, cookie: hidden, accept: 'text/html' },
        config: { DATABASE_PASSWORD: hidden, saslPassword: hidden, apiKey: hidden, VIGIL_ADMIN_KEY: hidden, nested: [{ clientSecret: hidden, accessToken: hidden, port: 1 }] },
      },
    ]);
  });

  it('are hidden by their form in messages, facts and errors', () => {
    const secret = 'hunter2pass';
    const { logger, raw } = keptLog();
    logger.info(`connecting to postgres://vigil:${secret}@db:5432/vigil?sslmode=require`);
    logger.info('address', { DATABASE_URL: `postgresql://vigil:${secret}@db/vigil`, header: `Bearer ${secret}abc`, key: `vigil_${secret}_0123456789` });
    logger.warn('refused', { err: new Error(`password authentication failed for postgres://u:p@${secret}@db/x`, { cause: new Error(`password=${secret}`) }) });
    logger.error('url', { url: new URL(`https://user:${secret}@host/path`) });
    expect(raw.filter((line) => line.includes(secret))).toEqual([]);
    expect(raw[0]).toContain('connecting to postgres://[hidden]@db:5432/vigil?sslmode=require');
  });

  it('takes what is not a secret as it is', () => {
    const { logger, lines } = keptLog();
    logger.info('key alice@example.com of http://127.0.0.1:8080/rules?x=1 and kafka://a:9092', { key: ['card-1'], tasks: 2n, at: new Date(0) });
    expect(lines()).toEqual([{ level: 'info', msg: 'key alice@example.com of http://127.0.0.1:8080/rules?x=1 and kafka://a:9092', key: ['card-1'], tasks: '2', at: new Date(0).toString() }]);
  });

  it('bounds what one line may hold', () => {
    const { logger, lines } = keptLog();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    logger.info('long', { text: 'x'.repeat(100_000), cycle, bytes: new Uint8Array(5) });
    const [line] = lines();
    expect((line?.['text'] as string).length).toBe(observabilityLimits.textCharactersMax + 1);
    expect(line?.['bytes']).toBe('[5 bytes]');
    expect(JSON.stringify(line?.['cycle'])).toBe('{"self":{"self":{"self":{"self":{"self":"[deeper]"}}}}}');
  });
});

describe('repeated warnings', () => {
  it('are one line at first and one with their number afterwards', () => {
    const { logger, lines } = keptLog();
    for (let attempt = 1; attempt <= 4; attempt++) logger.warn('the log does not answer', { attempt });
    logger.warn('something else');
    expect(lines()).toEqual([
      { level: 'warn', msg: 'the log does not answer', attempt: 1 },
      { level: 'warn', msg: 'something else' },
    ]);
    logger.flush();
    expect(lines().slice(2)).toEqual([{ level: 'warn', msg: 'the log does not answer', attempt: 4, repeated: 3 }]);
    logger.flush();
    expect(lines().length).toBe(3);
  });

  it('come again once the time is over', () => {
    let nowMs = 0;
    const said: string[] = [];
    const folding = new Folding(10_000, () => nowMs);
    const say = (id: string): void => folding.say(id, (repeated) => void said.push(`${nowMs} ${id} ${repeated}`));
    say('a');
    nowMs = 4_000;
    say('a');
    say('b');
    nowMs = 9_999;
    say('a');
    expect(said).toEqual(['0 a 0', '4000 b 0']);
    nowMs = 10_000;
    say('b');
    expect(said.slice(2)).toEqual(['10000 a 2']);
    say('a');
    expect(said.slice(3)).toEqual(['10000 a 0']);
    folding.flush();
    expect(said.slice(4)).toEqual(['10000 b 1']);
  });

  it('are written when nothing more comes', async () => {
    const said: number[] = [];
    const folding = new Folding(20);
    const done = new Promise<void>((resolve) => {
      folding.say('a', (repeated) => void said.push(repeated));
      folding.say('a', (repeated) => {
        said.push(repeated);
        resolve();
      });
    });
    // the timer of the fold keeps no process alive
    const alive = setInterval(() => {}, 1_000);
    await done;
    clearInterval(alive);
    expect(said).toEqual([0, 1]);
  });

  it('keeps count of so many different ones only', () => {
    const said: string[] = [];
    const folding = new Folding(10_000, () => 0);
    const { foldedWarningsMax } = observabilityLimits;
    for (let i = 0; i < foldedWarningsMax + 1; i++) folding.say(`w${i}`, () => void said.push(`w${i}`));
    folding.say('w0', () => void said.push('again w0'));
    folding.say(`w${foldedWarningsMax}`, () => void said.push(`again w${foldedWarningsMax}`));
    expect(said.slice(foldedWarningsMax)).toEqual([`w${foldedWarningsMax}`, `again w${foldedWarningsMax}`]);
    folding.flush();
  });
});

describe('what the parts of the process tell', () => {
  it('goes to log and metrics', async () => {
    const telemetry = await startTelemetry({ serviceName: 'vigil', version: '0', env: {} });
    const { logger, lines } = keptLog();
    const host = hostObserver(logger, telemetry.metrics);
    host.info(12, 'opened', { entries: 3 });
    host.warn(-1, 'not a member', { reason: 'timeout' });
    host.error(12, 'stopped', { reason: 'task.replay-mismatch' });
    host.committed(12, { events: 5, alerts: 0, ms: 3, bytes: 100 });
    const api = apiLog(logger, telemetry.metrics);
    const request = { requestId: 'r1', method: 'GET', path: '/api/v1/rules', actor: 'ann', durationMs: 1.23456 };
    api.request({ ...request, status: 200 });
    api.request({ ...request, status: 503 });
    api.request({ ...request, path: '/health/ready', status: 503 });
    api.error(Object.assign(new Error('no database'), { stack: 'Error: no database' }), 'r1');
    jobLogger(logger).info('relay: working');
    jobLogger(logger).warn('relay: waiting, no database');
    expect(lines()).toEqual([
      { level: 'info', msg: 'opened', task: 12, entries: 3 },
      { level: 'warn', msg: 'not a member', reason: 'timeout' },
      { level: 'error', msg: 'stopped', task: 12, reason: 'task.replay-mismatch' },
      { level: 'warn', msg: 'a request was answered with an error', ...request, durationMs: 1.2, status: 503 },
      { level: 'error', msg: 'a request failed', requestId: 'r1', err: { type: 'Error', message: 'no database', stack: 'Error: no database' } },
      { level: 'info', msg: 'relay: working' },
      { level: 'warn', msg: 'relay: waiting, no database' },
    ]);
    const { text } = await telemetry.read();
    expect(text.split('\n').filter((line) => /^vigil_(transactions|http_requests)_total/.test(line))).toEqual([
      'vigil_transactions_total 1',
      'vigil_http_requests_total{method="GET",area="rules",status="2xx"} 1',
      'vigil_http_requests_total{method="GET",area="rules",status="5xx"} 1',
      'vigil_http_requests_total{method="GET",area="health",status="5xx"} 1',
    ]);
    await telemetry.shutdown();
  });
});
