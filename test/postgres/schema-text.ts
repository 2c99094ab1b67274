import type { DataSource } from 'typeorm';

interface Named {
  readonly name: string;
}
interface Column extends Named {
  readonly type: string;
  readonly required: boolean;
  readonly fallback: string | null;
  readonly identity: string;
  readonly collation: string | null;
}
interface Definition extends Named {
  readonly definition: string;
}

/** The schema as SQL text, the same on every version of PostgreSQL that we run on: tables in order of name, columns in order of place. */
export async function schemaText(dataSource: DataSource): Promise<string> {
  const tables = await rows<Named>(dataSource, `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'migrations' order by relname`);
  const parts = ['-- Made from the migrations by test/postgres/write-schema.ts; a test compares. Not to be edited.'];
  for (const table of tables) parts.push(await tableText(dataSource, table.name));
  const functions = await rows<Definition>(dataSource, `select proname as name, pg_get_functiondef(oid) as definition from pg_proc where pronamespace = 'public'::regnamespace order by proname`);
  parts.push(...functions.map((one) => `${one.definition.trimEnd()};`));
  return `${parts.join('\n\n')}\n`;
}

async function tableText(dataSource: DataSource, table: string): Promise<string> {
  const columns = await rows<Column>(
    dataSource,
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required, a.attidentity as identity,
       pg_get_expr(d.adbin, d.adrelid) as fallback, c.collname as collation
     from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       left join pg_collation c on c.oid = a.attcollation and c.collname <> 'default'
     where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    table,
  );
  // since version 18 "not null" is a constraint too; it is shown with its column
  const constraints = await rows<Definition>(dataSource, `select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = $1::regclass and contype not in ('n', 't') order by contype = 'p' desc, conname`, table);
  const indexes = await rows<Definition>(
    dataSource,
    `select c.relname as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indrelid = $1::regclass and not exists (select from pg_constraint where conindid = i.indexrelid) order by c.relname`,
    table,
  );
  const triggers = await rows<Definition>(dataSource, `select tgname as name, pg_get_triggerdef(oid) as definition from pg_trigger where tgrelid = $1::regclass and not tgisinternal order by tgname`, table);
  const comments = await rows<Definition>(
    dataSource,
    `select a.attname as name, col_description(a.attrelid, a.attnum) as definition from pg_attribute a
     where a.attrelid = $1::regclass and a.attnum > 0 and col_description(a.attrelid, a.attnum) is not null order by a.attnum`,
    table,
  );
  const lines = [...columns.map(columnText), ...constraints.map((one) => `constraint ${one.name} ${one.definition}`)];
  return [
    `create table ${table} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n);`,
    ...[...indexes, ...triggers].map((one) => `${one.definition};`),
    ...comments.map((one) => `comment on column ${table}.${one.name} is '${one.definition.replaceAll("'", "''")}';`),
  ].join('\n');
}

function columnText(column: Column): string {
  return [
    column.name,
    column.type,
    column.collation === null ? '' : `collate "${column.collation}"`,
    column.fallback === null ? '' : `default ${column.fallback}`,
    column.identity === 'a' ? 'generated always as identity' : '',
    column.required ? 'not null' : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

async function rows<T>(dataSource: DataSource, sql: string, ...values: string[]): Promise<T[]> {
  return (await dataSource.query(sql, values)) as T[];
}
