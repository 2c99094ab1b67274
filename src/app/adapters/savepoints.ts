import { ApiError } from '../../api/api-error.js';
import type { Caller, Page, PageRequest, SavepointStore, SavepointView, Stored } from '../../api/ports.js';
import type { ControlState } from '../../engine/control/control-state.js';
import { present } from '../../event/assert.js';
import type { SavepointCatalogue } from '../../persistence/catalogue/savepoint-catalogue.js';
import type { SavepointAssembly } from '../../stream/savepoint/assembly.js';
import type { Manifest } from '../../stream/savepoint/manifest.js';
import type { SavepointFolders } from '../../stream/savepoint/savepoint-folder.js';
import { asApi } from './errors.js';

/** Where and when a savepoint was asked for, as far as it is known. */
interface Asked {
  readonly id: string;
  readonly at: number;
  /** the control topic has it */
  readonly heard: boolean;
}

export interface SavepointSources {
  readonly catalogue: SavepointCatalogue;
  readonly folders: SavepointFolders;
  readonly assembly: SavepointAssembly;
  readonly control: ControlState;
  /** whether a task of this process rebuilds the state of a rule from history */
  readonly isWarmingUp: () => Promise<boolean>;
}

/** Names of folders. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Savepoints as the catalogue, the control topic and the folders have them. */
export class SavepointAdapter implements SavepointStore {
  constructor(private readonly of: SavepointSources) {}

  async list({ limit, after }: PageRequest): Promise<Page<SavepointView>> {
    const views = (await Promise.all((await this.known()).map((asked) => this.view(asked)))).filter((view) => view !== null);
    views.sort((a, b) => b.askedAt - a.askedAt || (a.id < b.id ? 1 : -1));
    const from = after === null ? 0 : views.findIndex(({ id }) => id === after) + 1;
    if (after !== null && from === 0) throw new ApiError(400, 'cursor.invalid', 'the savepoint that the page before ended with is gone: begin anew');
    const items = views.slice(from, from + limit);
    return { items, next: from + limit < views.length ? present(items[items.length - 1], 'a page with more behind it has items').id : null };
  }

  async get(id: string): Promise<SavepointView | null> {
    const asked = (await this.known()).find((one) => one.id === id);
    return asked === undefined ? null : this.view(asked);
  }

  async ask(id: string, caller: Caller): Promise<Stored<SavepointView>> {
    const known = await this.get(id);
    if (known !== null) return { outcome: 'unchanged', item: known };
    if (await this.of.folders.of(id).isRemoved()) throw new ApiError(409, 'savepoint.removed', `savepoint ${JSON.stringify(id)} has been taken and removed: choose another id`);
    if (await this.of.isWarmingUp()) throw new ApiError(409, 'savepoint.warming-up', 'the state of a rule is being rebuilt from history: ask again once it has caught up');
    const isNew = await asApi(() => this.of.catalogue.ask(id, caller));
    const item = (await this.get(id)) ?? this.plain({ id, at: Date.now(), heard: false });
    return { outcome: isNew ? 'created' : 'unchanged', item };
  }

  async remove(id: string, caller: Caller): Promise<boolean> {
    if ((await this.get(id)) === null) return false;
    await asApi(() => this.of.catalogue.noteRemoved(id, caller));
    await this.of.folders.of(id).remove();
    return true;
  }

  private async known(): Promise<Asked[]> {
    const { catalogue, control, folders } = this.of;
    const known = new Map<string, Asked>();
    for (const id of await folders.ids()) if (ID.test(id)) known.set(id, { id, at: 0, heard: true });
    // without a database what was asked for just now is not seen yet
    for (const { id, at } of await catalogue.asked().catch(() => [])) known.set(id, { id, at, heard: known.has(id) });
    for (const { id, at } of control.savepoints) known.set(id, { id, at, heard: true });
    return [...known.values()];
  }

  /** Null for one that was removed. */
  private async view(asked: Asked): Promise<SavepointView | null> {
    const folder = this.of.folders.of(asked.id);
    if (await folder.isRemoved()) return null;
    const plain = this.plain(asked);
    const manifest = await folder.manifest();
    if (manifest !== null) return complete(plain, manifest);
    const failure = await folder.failure();
    if (failure !== null) return { ...plain, state: 'failed', error: failure };
    const assembling = this.of.assembly.standing(asked.id);
    if (assembling === null) return plain;
    const { standing, trouble } = assembling;
    if (standing === null) return { ...plain, error: trouble };
    const { tasks, waitingFor, bytes } = standing;
    return { ...plain, bytes, error: trouble, tasks: { taken: tasks - waitingFor.length, of: tasks, waitingFor } };
  }

  private plain({ id, at, heard }: Asked): SavepointView {
    return { id, state: heard ? 'taking' : 'asked', askedAt: at, completedAt: null, dir: this.of.folders.of(id).dir, tasks: null, keys: null, frames: null, bytes: 0, error: null };
  }
}

function complete(plain: SavepointView, { createdAt, completedAt, tasks, frames, control }: Manifest): SavepointView {
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
  return {
    ...plain,
    state: 'complete',
    askedAt: createdAt,
    completedAt,
    tasks: { taken: tasks.length, of: tasks.length, waitingFor: [] },
    keys: sum(tasks.map(({ keys }) => keys)),
    frames: sum(frames.map((one) => one.frames)),
    bytes: sum([control, ...tasks, ...frames].map(({ bytes }) => bytes)),
  };
}
