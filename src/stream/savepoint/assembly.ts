import type { ControlState } from '../../engine/control/control-state.js';
import type { Clock } from '../clock.js';
import type { LogReader } from '../log.js';
import type { Topics } from '../topics.js';
import { assembleSavepoint, SavepointLostError, type AssemblyStanding, type SavepointPlace } from './assembler.js';
import type { SavepointFolders } from './savepoint-folder.js';

export interface AssemblyJobOptions {
  readonly reader: LogReader;
  readonly topics: Topics;
  readonly app: string;
  readonly flags: number;
  readonly clock: Clock;
  readonly folders: SavepointFolders;
  /** follows the control topic */
  readonly control: ControlState;
  readonly logger: { info(message: string, facts: Readonly<Record<string, unknown>>): void; warn(message: string, facts: Readonly<Record<string, unknown>>): void };
}

/** What this process knows of a savepoint that is being taken. */
export interface Assembling {
  readonly standing: AssemblyStanding | null;
  /** what holds it up; null where nothing does */
  readonly trouble: string | null;
}

/** Between two looks for savepoints that were asked for, ms. */
const LOOK_EVERY_MS = 250;
/** Before what went wrong is tried again, ms. */
const RETRY_MS = 5_000;

/**
 * Makes savepoints complete as they are asked for. Every process with a catalogue does so: they write the same files, and whoever
 * starts again goes on with what is not complete yet.
 */
export class SavepointAssembly {
  private readonly stopping = new AbortController();
  private readonly begun = new Map<string, Assembling & { readonly ending: AbortController }>();
  private readonly ended = new Set<string>();
  private readonly works = new Set<Promise<void>>();
  private watching: Promise<void> = Promise.resolve();

  constructor(private readonly options: AssemblyJobOptions) {}

  start(): void {
    this.watching = this.watch();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.watching;
    await Promise.allSettled(this.works);
  }

  /** Null where this process has nothing to do with it, or not yet. */
  standing(id: string): Assembling | null {
    return this.begun.get(id) ?? null;
  }

  private async watch(): Promise<void> {
    const { control, clock } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      for (const place of control.savepoints) if (!this.ended.has(place.id) && !this.begun.has(place.id)) this.begin(place);
      for (const id of this.begun.keys()) await this.endWhereRefused(id);
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  private begin(place: SavepointPlace): void {
    this.begun.set(place.id, { standing: null, trouble: null, ending: new AbortController() });
    const work = this.assemble(place).finally(() => {
      this.begun.delete(place.id);
      this.works.delete(work);
    });
    this.works.add(work);
  }

  private async assemble(place: SavepointPlace): Promise<void> {
    const { reader, topics, app, flags, clock, folders, control, logger } = this.options;
    const folder = folders.of(place.id);
    const { ending } = this.begun.get(place.id) as { readonly ending: AbortController };
    const signal = AbortSignal.any([this.stopping.signal, ending.signal]);
    while (!signal.aborted && !(await this.isOver(place.id))) {
      try {
        const { tasks } = await assembleSavepoint(place, folder, { reader, topics, app, flags, clock, keyedPartitions: control.keyedPartitions, signal, now: clock.now, progress: (standing) => this.note(place.id, { standing }) });
        logger.info('a savepoint is complete', { savepoint: place.id, tasks: tasks.length, dir: folder.dir });
      } catch (error) {
        if (signal.aborted) return;
        const reason = error instanceof Error ? error.message : String(error);
        // another process may have completed it meanwhile, and put its own files in the place of ours
        if (await this.isOver(place.id)) return;
        logger.warn('a savepoint cannot be completed', { savepoint: place.id, reason });
        if (error instanceof SavepointLostError) await folder.fail(reason).catch((failed: unknown) => this.note(place.id, { trouble: String(failed) }));
        else {
          this.note(place.id, { trouble: reason });
          await clock.sleep(RETRY_MS, signal);
        }
      }
    }
  }

  /** Complete, or never to be. */
  private async isOver(id: string): Promise<boolean> {
    const folder = this.options.folders.of(id);
    const over = (await folder.failure().catch(() => null)) !== null || (await folder.manifest().catch(() => null)) !== null;
    if (over) this.ended.add(id);
    return over;
  }

  /** A task may say that it cannot be written, or somebody that it is not wanted any more. */
  private async endWhereRefused(id: string): Promise<void> {
    if (await this.isOver(id)) this.begun.get(id)?.ending.abort();
  }

  private note(id: string, said: Partial<Assembling>): void {
    const known = this.begun.get(id);
    if (known !== undefined) this.begun.set(id, { ...known, ...said });
  }
}
