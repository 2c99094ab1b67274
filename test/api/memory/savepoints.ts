import type { Caller, Page, PageRequest, SavepointStore, SavepointView, Stored } from '../../../src/api/ports.js';
import type { MemoryAudit } from './catalogue.js';
import { pageBy } from './paging.js';

/** Savepoints that are complete as soon as they are looked at. */
export class MemorySavepoints implements SavepointStore {
  private readonly views = new Map<string, SavepointView>();

  constructor(private readonly audit: MemoryAudit) {}

  async list(page: PageRequest): Promise<Page<SavepointView>> {
    return pageBy([...this.views.values()].reverse(), ({ id }) => id, page);
  }

  async get(id: string): Promise<SavepointView | null> {
    const view = this.views.get(id);
    if (view === undefined) return null;
    const complete = { ...view, state: 'complete', completedAt: view.askedAt + 1, tasks: { taken: 2, of: 2, waitingFor: [] }, keys: 3, frames: 0, bytes: 400 } as const;
    this.views.set(id, complete);
    return complete;
  }

  async ask(id: string, caller: Caller): Promise<Stored<SavepointView>> {
    const known = this.views.get(id);
    if (known !== undefined) return { outcome: 'unchanged', item: known };
    const item: SavepointView = { id, state: 'asked', askedAt: 1, completedAt: null, dir: `/savepoints/${id}`, tasks: null, keys: null, frames: null, bytes: 0, error: null };
    this.views.set(id, item);
    this.audit.note('savepoint.ask', `savepoint/${id}`, caller);
    return { outcome: 'created', item };
  }

  async remove(id: string, caller: Caller): Promise<boolean> {
    if (!this.views.delete(id)) return false;
    this.audit.note('savepoint.remove', `savepoint/${id}`, caller);
    return true;
  }
}
