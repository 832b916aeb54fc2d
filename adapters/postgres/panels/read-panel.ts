/** Runs the queries of the dashboards without Grafana, for the report. Changes nothing and needs SELECT only. */
import type { PoolClient } from 'pg';

import { RouterError } from '../../../lib/errors';
import { isDenied, postgresError } from '../errors';
import { type RouterPool, withClient } from '../pool';
import { expandMacros, type PanelRange } from './macros';
import type { PanelQuery } from './panel';

export type PanelRow = Record<string, unknown>;

export interface PanelRequest {
	query: PanelQuery;
	range: PanelRange;
	/** null, not an error, where this role may not read its tables. */
	optional?: boolean;
}

/**
 * All of them as of one moment: figures of one report agree with each other.
 * @throws RouterError POSTGRES_*
 */
export async function readPanels(
	pool: RouterPool,
	queries: readonly PanelRequest[],
): Promise<(PanelRow[] | null)[]> {
	try {
		return await withClient(pool, async (client) => {
			await client.query('begin transaction isolation level repeatable read read only');
			const results: (PanelRow[] | null)[] = [];
			for (const { query, range, optional = false } of queries) {
				const sql = expandMacros(query.sql, { ...range, schema: pool.schema });
				const read = async (): Promise<PanelRow[]> => (await client.query<PanelRow>(sql)).rows;
				results.push(optional ? await unlessDenied(client, read) : await read());
			}
			await client.query('commit');
			return results;
		});
	} catch (error) {
		throw isDenied(error) ? mayNotRead(pool) : postgresError(error, pool.where, 'Reading the logs');
	}
}

/** What is denied would end the transaction: only the part since the savepoint is given up. */
async function unlessDenied(
	client: PoolClient,
	read: () => Promise<PanelRow[]>,
): Promise<PanelRow[] | null> {
	await client.query('savepoint optional_panel');
	try {
		return await read();
	} catch (error) {
		if (!isDenied(error)) throw error;
		await client.query('rollback to savepoint optional_panel');
		return null;
	}
}

function mayNotRead(pool: RouterPool): RouterError {
	return new RouterError({
		code: 'POSTGRES_PERMISSION',
		message: `Reading the logs failed: this role may not read them (${pool.where}).`,
		hint: 'Grant SELECT on model_usage_log and vram_usage_log: writing the logs does not need it, looking at them does.',
	});
}
