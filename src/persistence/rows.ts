import type { EntityManager, EntitySchema, ObjectLiteral } from 'typeorm';

/**
 * TypeORM types what may be inserted as a deeply partial row, which has no end for columns of JSON. Ours are whole rows.
 */
export async function insertRow<T extends object>(manager: EntityManager, entity: EntitySchema<T>, row: T): Promise<void> {
  await manager.insert(entity as EntitySchema<ObjectLiteral>, row);
}

/** Inserts the row or, where one with the same `key` is there, overwrites its columns. */
export async function upsertRow<T extends object>(manager: EntityManager, entity: EntitySchema<T>, row: T, key: (keyof T & string)[]): Promise<void> {
  await manager.upsert(entity as EntitySchema<ObjectLiteral>, row, key);
}

/** The row whose columns equal those of `where`; likewise untyped inside. */
export async function findRow<T extends object>(manager: EntityManager, entity: EntitySchema<T>, where: Partial<T>): Promise<T | null> {
  return (await manager.findOneBy<ObjectLiteral>(entity as EntitySchema<ObjectLiteral>, where)) as T | null;
}
