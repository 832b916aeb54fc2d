/** Runs the queries of the dashboards without Grafana, for the report. Changes nothing and needs SELECT only. */
import { RouterError } from '../../../lib/errors';
import { isDenied, postgresError } from '../errors';
import { type RouterPool, withClient } from '../pool';
import { expandMacros, type PanelRange } from './macros';
import type { PanelQuery } from './panel';

export type PanelRow = Record<string, unknown>;

/**
 * All of them as of one moment: figures of one report agree with each other.
 * @throws RouterError POSTGRES_*
 */
export async function readPanels(
	pool: RouterPool,
	queries: readonly { query: PanelQuery; range: PanelRange }[],
): Promise<PanelRow[][]> {
	try {
		return await withClient(pool, async (client) => {
			await client.query('begin transaction isolation level repeatable read read only');
			const results: PanelRow[][] = [];
			for (const { query, range } of queries) {
				const sql = expandMacros(query.sql, { ...range, schema: pool.schema });
				results.push((await client.query<PanelRow>(sql)).rows);
			}
			await client.query('commit');
			return results;
		});
	} catch (error) {
		throw isDenied(error) ? mayNotRead(pool) : postgresError(error, pool.where, 'Reading the logs');
	}
}

function mayNotRead(pool: RouterPool): RouterError {
	return new RouterError({
		code: 'POSTGRES_PERMISSION',
		message: `Reading the logs failed: this role may not read them (${pool.where}).`,
		hint: 'Grant SELECT on model_usage_log and vram_usage_log: writing the logs does not need it, looking at them does.',
	});
}
