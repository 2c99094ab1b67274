/** Something that reads the payments of a topic and writes alerts to another. */
export interface Contestant {
  readonly name: string;
  /** what it guarantees and keeps, for the table */
  readonly about: string;
  /** false where it only reads: then it tells itself how far it is */
  readonly alerts: boolean;
  /**
   * Made ready for one run over a topic that is still empty: whatever has to be declared before the first payment.
   * @param run a name of its own for each run
   */
  prepare(surroundings: Surroundings, run: string): Promise<Prepared>;
}

export interface Surroundings {
  readonly brokers: string;
  readonly topic: string;
  /** for files of the run */
  readonly folder: string;
  /** folder for processor profiles, or null */
  readonly profile: string | null;
}

export interface Prepared {
  /** topic of its alerts; there before it starts */
  readonly out: string;
  /** Starts it; resolves once it reads, or may be about to. */
  start(): Promise<Running>;
}

export interface Running {
  readonly pid: number;
  /** how far it said to be, where it says so */
  readonly progress: readonly { readonly at: number; readonly events: number }[];
  /** waits until it reads what comes */
  ready(): Promise<void>;
  stop(): Promise<void>;
}
