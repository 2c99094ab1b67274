import { z } from 'zod';

const count = z.int().min(0);
const file = { file: z.string().min(1), bytes: count, sha256: z.string().length(64) };

/** What stands in `manifest.json`: with it a savepoint is complete. Formats are only added to: what a release has written is read for ever. */
export const manifestSchema = z.strictObject({
  format: z.literal(1),
  id: z.string().min(1),
  /** prefix of topics and ids that it was taken of */
  app: z.string().min(1),
  /** when it was asked for and when it was complete, epoch ms */
  createdAt: z.int(),
  completedAt: z.int(),
  /** behaviour flags of the engine */
  flags: count,
  keyedPartitions: z.int().min(1),
  /** values of the control topic's records before the savepoint's own, one JSON text a line; `null` for what is no record */
  control: z.strictObject({ ...file, records: count }),
  /** one part for each task that had work */
  tasks: z.array(z.strictObject({ ...file, task: count, keys: count })),
  /** re-keyed frames that were on their way, by the keyed task that they were for */
  frames: z.array(z.strictObject({ ...file, partition: count, frames: count })),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type FileEntry = Pick<Manifest['control'], 'file' | 'bytes' | 'sha256'>;
