import { BatchError } from '../batch/batch-error.js';
import { systemClock } from '../../stream/clock.js';
import type { Said } from './restore-command.js';

export interface SavepointCommand {
  /** of the service */
  readonly url: string;
  readonly key?: string;
  readonly id?: string;
}

interface View {
  readonly id: string;
  readonly state: 'asked' | 'taking' | 'complete' | 'failed';
  readonly dir: string;
  readonly tasks: { readonly taken: number; readonly of: number; readonly waitingFor: readonly number[] } | null;
  readonly keys: number | null;
  readonly bytes: number;
  readonly error: string | null;
}

const LOOK_EVERY_MS = 300;

/** `vigil savepoint`: asks a running service for a savepoint and waits until it is complete. @throws BatchError where it does not come to that */
export async function takeSavepoint({ url, key, id }: SavepointCommand, said: Said): Promise<void> {
  const token = key ?? process.env['VIGIL_ADMIN_KEY'];
  if (token === undefined || token === '') throw new BatchError('no key: set VIGIL_ADMIN_KEY, or give --key');
  const ask = async (method: string, path: string, body?: object): Promise<View> => answerOf(await fetch(`${url}/api/v1/savepoints${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: body === undefined ? null : JSON.stringify(body) }).catch((error: unknown) => unreachable(url, error)));
  let view = await ask('POST', '', id === undefined ? {} : { id });
  let told = '';
  while (view.state !== 'complete') {
    if (view.state === 'failed') throw new BatchError(`savepoint ${view.id} has failed: ${view.error ?? 'no reason was told'}`);
    const now = progressOf(view);
    if (now !== told) said.progress(now);
    told = now;
    await systemClock.sleep(LOOK_EVERY_MS);
    view = await ask('GET', `/${view.id}`);
  }
  said.result(`savepoint: ${view.id}, ${view.tasks?.of ?? 0} tasks, ${view.keys ?? 0} keys, ${view.bytes} bytes in ${view.dir}`);
}

function progressOf({ id, tasks, error }: View): string {
  const held = error === null ? '' : `; ${error}`;
  if (tasks === null) return `savepoint ${id}: on its way to the tasks${held}`;
  const waits = tasks.waitingFor.length === 0 ? '' : `, waiting for ${tasks.waitingFor.slice(0, 10).join(', ')}${tasks.waitingFor.length > 10 ? ', …' : ''}`;
  return `savepoint ${id}: ${tasks.taken} of ${tasks.of} tasks${waits}${held}`;
}

async function answerOf(response: Response): Promise<View> {
  const json = (await response.json().catch(() => ({}))) as View & { readonly code?: string; readonly detail?: string };
  if (response.ok) return json;
  throw new BatchError(`the service answers ${response.status}${json.code === undefined ? '' : ` ${json.code}: ${json.detail ?? ''}`}`);
}

function unreachable(url: string, error: unknown): never {
  const { cause } = error as { readonly cause?: unknown };
  throw new BatchError(`no service at ${url} (${cause instanceof Error ? cause.message : String(error)}): start it, or give --url`);
}
