/** The status page. Everything shown comes from /api/v1 and goes into the document as text, never as markup. */
const KEY = 'vigil-key';
const ALERTS_SHOWN = 50;
const RATE_POINTS = 60;
const POLL_MS = 2000;

const byId = (id) => document.getElementById(id);
const api = { key: sessionStorage.getItem(KEY) ?? '', stopped: true };

class Refused extends Error {}

async function ask(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { ...options.headers, authorization: `Bearer ${api.key}` } });
  if (response.status === 401) throw new Refused('This key is not known (any more).');
  if (!response.ok) throw new Error((await response.json()).detail ?? response.statusText);
  return response;
}

async function askJson(path) {
  return (await ask(path)).json();
}

// ---- small views

const SEVERITY = { critical: 'bad', high: 'bad', medium: 'warn', low: '', info: '' };
const STATUS = { active: 'good', shadow: 'warn', paused: 'warn', live: 'good', opening: 'warn', stopped: 'bad', unassigned: 'bad' };

function cell(row, content, className = '') {
  const td = row.insertCell();
  td.className = className;
  td.append(content);
  return td;
}

function badge(text, className = '') {
  const span = document.createElement('span');
  span.className = `badge ${className}`;
  span.textContent = text;
  return span;
}

function small(text) {
  const element = document.createElement('small');
  element.textContent = text;
  return element;
}

function setBadge(element, text, className) {
  if (element.textContent !== text) element.textContent = text;
  element.className = `badge ${className}`;
}

const number = (value) => value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });
const pad = (value, digits = 2) => String(value).padStart(digits, '0');

/** Local time to the second, with the date where it is not today. */
function time(ms) {
  if (ms === null || ms === undefined) return '–';
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return String(ms);
  const clock = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  return at.toDateString() === new Date().toDateString() ? clock : `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${clock}`;
}

// ---- health and tasks

async function showHealth() {
  let report;
  try {
    report = await (await fetch('/health/ready')).json();
  } catch {
    report = { ok: false, reasons: ['no answer from the server'] };
  }
  setBadge(byId('health'), report.ok ? 'ready' : 'not ready', report.ok ? 'good' : 'bad');
  byId('reasons').textContent = report.reasons.join(' · ');
  byId('reasons').title = report.reasons.join('\n');
}

const rates = [];
let counted = null;

function showRate(events) {
  const now = performance.now();
  if (counted !== null && events >= counted.events) {
    rates.push(((events - counted.events) * 1000) / (now - counted.at));
    if (rates.length > RATE_POINTS) rates.shift();
    byId('rate').textContent = number(rates.at(-1));
    const top = Math.max(...rates, 1);
    const points = rates.map((rate, i) => `${((RATE_POINTS - rates.length + i) * 120) / (RATE_POINTS - 1)},${31 - (rate / top) * 30}`);
    byId('rate-line').firstElementChild.setAttribute('points', points.join(' '));
  }
  counted = { events, at: now };
}

async function showCluster() {
  const { tasks, events } = await askJson('/api/v1/cluster');
  showRate(events);
  byId('lag').textContent = number(tasks.reduce((sum, { lag }) => sum + lag, 0));
  byId('live-tasks').textContent = `${tasks.filter(({ state }) => state === 'live').length} of ${tasks.length}`;
  const rows = tasks.map((task) => {
    const row = document.createElement('tr');
    cell(row, String(task.task));
    cell(row, readsOf(task));
    const state = cell(row, badge(task.state, STATUS[task.state]));
    if (task.reason !== null) state.append(small(task.reason));
    cell(row, task.member ?? '–');
    cell(row, number(task.lag), 'number');
    cell(row, time(task.watermark), 'time');
    return row;
  });
  byId('tasks').replaceChildren(...rows);
  byId('no-tasks').hidden = tasks.length > 0;
}

/** A keyed task reads one internal partition for each source task; their names would say nothing. */
function readsOf({ kind, inputs }) {
  const names = inputs.map(({ topic, partition }) => `${topic}/${partition}`);
  return kind === 'keyed' && names.length > 2 ? `${names[0]} and ${names.length - 1} more` : names.join(', ') || kind;
}

// ---- rules

let rulePages = 1;
let ruleTurn = 0;

async function showRules() {
  const turn = ++ruleTurn;
  const search = byId('rule-search').value.trim();
  const items = [];
  let cursor = null;
  for (let page = 0; page < rulePages; page++) {
    const query = new URLSearchParams({ limit: '50', stats: 'true' });
    if (search !== '') query.set('search', search);
    if (cursor !== null) query.set('cursor', cursor);
    const answer = await askJson(`/api/v1/rules?${query}`);
    items.push(...answer.items);
    cursor = answer.nextCursor;
    if (cursor === null) break;
  }
  if (turn !== ruleTurn) return;
  byId('rules').replaceChildren(...items.map(ruleRow));
  byId('no-rules').hidden = items.length > 0;
  byId('more-rules').hidden = cursor === null;
  byId('live-rules').textContent = number(items.filter(({ live }) => live !== null && live.status !== 'paused').length) + (cursor === null ? '' : '+');
  byId('live-rules-label').textContent = search === '' ? 'rules live' : 'rules live in this search';
}

function ruleRow(rule) {
  const row = document.createElement('tr');
  cell(row, rule.name).append(small(rule.id));
  cell(row, badge(rule.severity, SEVERITY[rule.severity]));
  const shown = rule.live ?? rule;
  const status = cell(row, badge(shown.status, STATUS[shown.status]));
  status.append(small(shown.version === rule.version ? `version ${shown.version}` : `version ${shown.version}; ${rule.version} is ${rule.status}`));
  const { failure } = rule.stats;
  if (failure !== null) status.append(badge('left alone', 'bad'), small(`failed at ${time(failure.at)}: ${failure.reason}`));
  cell(row, number(rule.stats.hits), 'number');
  cell(row, number(rule.stats.errors), rule.stats.errors > 0 ? 'number bad' : 'number');
  cell(row, time(rule.stats.lastHitAt), 'time');
  return row;
}

// ---- rule packs

const FIRST_PACK = 'fraud-pack';

async function showPacks() {
  const { items } = await askJson('/api/v1/rule-packs');
  byId('packs').hidden = items.length === 0;
  byId('packs').querySelector('summary').textContent = `Rules that come with Vigil: ${items.map(({ name, subjects, rules }) => `${name}, ${rules} rules of ${subjects} ${subjects === 1 ? 'kind' : 'kinds'}`).join(' · ')}`;
  const { items: sources } = await askJson('/api/v1/sources');
  // most of the rules are about cards
  const source = sources.find(({ partitionedBy }) => partitionedBy === 'card') ?? sources[0];
  const wish = { source: source?.name ?? 'YOUR_SOURCE', prefix: 'pack-', activate: true };
  byId('pack-call').textContent = `curl -H 'Authorization: Bearer YOUR_KEY' -H 'Content-Type: application/json' -d '${JSON.stringify(wish)}' '${location.origin}/api/v1/rule-packs/${FIRST_PACK}'`;
  const { rules } = await askJson(`/api/v1/rule-packs/${FIRST_PACK}`);
  const rows = rules.map(({ id, name, severity, description }) => {
    const row = document.createElement('tr');
    cell(row, name).append(small(id));
    cell(row, badge(severity, SEVERITY[severity]));
    cell(row, description);
    return row;
  });
  byId('pack-rules').replaceChildren(...rows);
}

// ---- alerts

const seen = new Set();

function addAlert(alert, fresh) {
  if (seen.has(alert.id)) return;
  seen.add(alert.id);
  const row = byId('alerts').insertRow(fresh ? 0 : -1);
  if (fresh) row.className = 'fresh';
  cell(row, time(alert.at), 'time');
  cell(row, badge(alert.severity, SEVERITY[alert.severity]));
  const open = document.createElement('button');
  open.type = 'button';
  open.textContent = alert.rule;
  open.addEventListener('click', () => void showAlert(alert));
  const rule = cell(row, open);
  if (alert.message) rule.append(small(alert.message));
  cell(row, alert.key.join(' · '));
  cell(row, alert.shadow ? `${alert.kind} (shadow)` : alert.kind);
  cell(row, alert.type);
  byId('no-alerts').hidden = true;
  while (byId('alerts').rows.length > ALERTS_SHOWN) byId('alerts').deleteRow(-1);
  if (seen.size > 20 * ALERTS_SHOWN) seen.delete(seen.values().next().value);
}

async function showAlert(alert) {
  byId('alert-title').textContent = alert.message ?? alert.type;
  const facts = { Rule: `${alert.rule}, version ${alert.version}`, Key: alert.key.join(' · '), 'Event time': time(alert.at), ...Object.fromEntries(Object.entries(alert.facts ?? {}).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])) };
  byId('alert-facts').replaceChildren(
    ...Object.entries(facts).flatMap(([name, value]) => {
      const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
      dt.textContent = name;
      dd.textContent = value;
      return [dt, dd];
    }),
  );
  byId('alert-text').textContent = JSON.stringify(alert, null, 2);
  byId('alert').showModal();
  try {
    byId('alert-text').textContent = JSON.stringify(await askJson(`/api/v1/alerts/${encodeURIComponent(alert.id)}`), null, 2);
  } catch {
    // what the list gave is shown already
  }
}

let lastEventId = '';

async function followAlerts() {
  while (!api.stopped) {
    try {
      await followOnce();
    } catch (error) {
      if (error instanceof Refused) return signOut(error.message);
    }
    if (api.stopped) return;
    setBadge(byId('stream-state'), 'reconnecting', 'warn');
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

/** Server-sent events by fetch: an EventSource could not send the key in a header. */
async function followOnce() {
  const headers = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
  const response = await ask('/api/v1/alerts/stream', { headers, signal: api.abort.signal });
  if (lastEventId === '') await showLatestAlerts();
  setBadge(byId('stream-state'), 'live', 'good');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (text + value).split('\n\n');
    text = blocks.pop();
    for (const block of blocks) takeEvent(block);
  }
}

async function showLatestAlerts() {
  const { items } = await askJson(`/api/v1/alerts?limit=${ALERTS_SHOWN}`);
  for (const alert of items) addAlert(alert, false);
}

function takeEvent(block) {
  const fields = Object.fromEntries(block.split('\n').flatMap((line) => (line.startsWith(':') ? [] : [line.split(/: (.*)/s, 2)])));
  if (fields.id !== undefined) lastEventId = fields.id;
  if (fields.event === 'alert') addAlert(JSON.parse(fields.data), true);
  else if (fields.event === 'gap') void showLatestAlerts().catch(() => undefined);
}

// ---- the page

async function poll() {
  for (let turn = 0; !api.stopped; turn++) {
    if (!document.hidden) {
      try {
        await showHealth();
        await showCluster();
        if (turn % 2 === 0) await showRules();
      } catch (error) {
        if (error instanceof Refused) return signOut(error.message);
        if (!api.stopped) byId('reasons').textContent = error.message;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function signOut(reason = '') {
  if (api.stopped) return;
  api.stopped = true;
  api.abort.abort();
  api.key = '';
  sessionStorage.removeItem(KEY);
  askForKey(reason);
}

function askForKey(reason) {
  byId('status').hidden = true;
  byId('sign-out').hidden = true;
  byId('sign-in').hidden = false;
  byId('sign-in-error').textContent = reason;
  byId('key').value = '';
  byId('key').focus();
}

function start() {
  Object.assign(api, { stopped: false, abort: new AbortController() });
  counted = null;
  rates.length = 0;
  lastEventId = '';
  seen.clear();
  byId('alerts').replaceChildren();
  byId('no-alerts').hidden = false;
  byId('sign-in').hidden = true;
  byId('status').hidden = false;
  byId('sign-out').hidden = false;
  void poll();
  // who may not see them, or cannot now, misses nothing that is live
  void showPacks().catch(() => undefined);
  void followAlerts();
}

byId('sign-in').querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  api.key = byId('key').value.trim();
  try {
    await askJson('/api/v1/cluster');
    sessionStorage.setItem(KEY, api.key);
    start();
  } catch (error) {
    byId('sign-in-error').textContent = error.message;
  }
});
byId('sign-out').addEventListener('click', () => signOut());
byId('more-rules').addEventListener('click', () => {
  rulePages++;
  void showRules().catch(() => undefined);
});
let searchTimer;
byId('rule-search').addEventListener('input', () => {
  clearTimeout(searchTimer);
  rulePages = 1;
  searchTimer = setTimeout(() => void showRules().catch(() => undefined), 200);
});

if (api.key === '') {
  askForKey('');
  void showHealth();
} else start();
