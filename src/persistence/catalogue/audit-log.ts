import type { JsonValue } from '../../event/stream-event.js';
import type { Database } from '../database.js';
import { auditEntity } from '../entities/audit.js';
import { decodeCursor, numberPlace, type Page, pageOf, type PageRequest, pageRows } from './page.js';

export interface AuditEntry {
  readonly id: string;
  /** epoch ms */
  readonly at: number;
  readonly actor: string;
  /** such as `rule.activate` */
  readonly action: string;
  /** such as `rule/card-velocity/3` */
  readonly subject: string;
  readonly requestId: string;
  readonly detail: JsonValue;
}

export interface AuditFilter {
  /** this subject, or what is below it: `rule/x` also finds `rule/x/3` */
  readonly subject: string | null;
  readonly actor: string | null;
}

/** Who changed what, and when. Rows are written with the changes themselves (`CatalogueTransaction.audit`). */
export class AuditLog {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** newest first */
  async list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    const rows = await this.database.read((manager) => {
      const query = manager.createQueryBuilder(auditEntity, 'audit').orderBy('audit.id', 'DESC').limit(pageRows(page));
      if (page.after !== null) query.andWhere('audit.id < :after', { after: decodeCursor(page.after, numberPlace)[0] });
      if (filter.actor !== null) query.andWhere('audit.actor = :actor', { actor: filter.actor });
      if (filter.subject !== null) query.andWhere('(audit.subject = :subject or starts_with(audit.subject, :below))', { subject: filter.subject, below: `${filter.subject}/` });
      return query.getMany();
    });
    const { items, next } = pageOf(rows, page, (row) => [row.id]);
    return { items: items.map(({ id, atMs, actor, action, subject, requestId, detail }) => ({ id: String(id), at: atMs, actor, action, subject, requestId, detail })), next };
  }
}
