/**
 * What the two costs of a run count: the catalog's currency, or GPU seconds on a server without a price. Rows from before
 * have null: their figures tell it (adapters/postgres/cost-unit.ts). Nothing is rewritten, so that a large log is quick.
 */
import type { Migration } from './migration';

export const costUnit: Migration = {
	version: 10,
	name: 'cost unit',
	sql: (s) => `
alter table ${s}.model_usage_log add column cost_unit text;
comment on column ${s}.model_usage_log.cost_unit is
	'of estimated_cost and actual_cost: a currency, or gpu_seconds where the server has no price; null: not told';
`,
};
