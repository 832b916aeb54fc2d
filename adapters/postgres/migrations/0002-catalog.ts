/** Catalogs kept in the database, so that many n8n instances share one. Written by people and programs, read by nodes. */
import type { Migration } from './migration';

export const catalog: Migration = {
	version: 2,
	name: 'catalog',
	sql: (s) => `
create table if not exists ${s}.model_catalog (
	name text primary key,
	catalog jsonb not null,
	updated_at timestamptz not null default now()
);
`,
};
