/**
 * Reads runs back from model_usage_log, for learning, and on what devices they ran. Only the newest of each, by their
 * index: the logs may hold a hundred million rows. Changes nothing and needs SELECT only.
 */
import { CALIBRATION_COLUMNS, type CalibrationRow } from '../../lib/calibration/from-log';
import { DEMO_WORKFLOW_ID } from '../../lib/demo';
import { RouterError } from '../../lib/errors';
import type { UsageHistoryPort } from '../../lib/ports';
import { isDenied, postgresError } from './errors';
import { type RouterPool, withClient } from './pool';

export class PostgresUsageHistory implements UsageHistoryPort {
	constructor(private readonly pool: RouterPool) {}

	/** @throws RouterError POSTGRES_* */
	async recentRuns(query: {
		models: readonly string[];
		sinceDays: number;
		limitPerModel: number;
	}): Promise<CalibrationRow[]> {
		const { models, sinceDays, limitPerModel } = query;
		try {
			const { rows } = await withClient(this.pool, (client) =>
				client.query(recentRunsSql(this.pool.quotedSchema), [models, sinceDays, limitPerModel]),
			);
			return rows.map((row, index) => rowOf(row, index));
		} catch (error) {
			throw isDenied(error)
				? mayNotRead(this.pool)
				: postgresError(error, this.pool.where, 'Reading the usage log');
		}
	}

	/** @throws RouterError POSTGRES_*, but not where the role may not read the VRAM log: then nothing is known */
	async deviceNames(servers: readonly string[]): Promise<Map<string, string>> {
		if (servers.length === 0) return new Map();
		try {
			const { rows } = await withClient(this.pool, (client) =>
				client.query(deviceNamesSql(this.pool.quotedSchema), [servers]),
			);
			return new Map(rows.map((row) => [row.server, row.device_name]));
		} catch (error) {
			if (isDenied(error)) return new Map();
			throw postgresError(error, this.pool.where, 'Reading the VRAM log');
		}
	}
}

function deviceNamesSql(schema: string): string {
	return `
select wanted.server, newest.device_name from unnest($1::text[]) as wanted (server)
cross join lateral (
	select log.device_name from ${schema}.vram_usage_log log
	where log.server = wanted.server and log.device_index = 0 and log.device_name is not null
	order by log.observed_at desc
	limit 1
) newest`;
}

function recentRunsSql(schema: string): string {
	const columns = CALIBRATION_COLUMNS.map((name) => `log.${name}`).join(', ');
	return `
select recent.* from unnest($1::text[]) as wanted (name)
cross join lateral (
	select ${columns}, extract(epoch from now() - log.created_at)::double precision as age_seconds
	from ${schema}.model_usage_log log
	where log.model_name = wanted.name
		and log.created_at >= now() - $2::double precision * interval '1 day'
		and log.status in ('success', 'cancelled', 'timeout', 'oom')
		-- invented runs teach nothing
		and log.workflow_id is distinct from '${DEMO_WORKFLOW_ID}'
	order by log.created_at desc, log.id desc
	limit $3
) recent`;
}

/** So little that it only orders rows which were written in one moment: the first is the newest. */
const TIE_SECONDS = 1e-6;

/** @param index counts from the newest row of a model */
function rowOf(row: Record<string, unknown>, index: number): CalibrationRow {
	const bytes = row['vram_peak_bytes'];
	return {
		...row,
		age_seconds: Number(row['age_seconds']) + index * TIE_SECONDS,
		// bigint arrives as text: it could be larger than a number can say; bytes of VRAM are not
		vram_peak_bytes: bytes === null ? null : Number(bytes),
	} as CalibrationRow;
}

function mayNotRead(pool: RouterPool): RouterError {
	return new RouterError({
		code: 'POSTGRES_PERMISSION',
		message: `Reading the usage log failed: this role may not read model_usage_log (${pool.where}).`,
		hint: 'Grant SELECT on model_usage_log: writing the log does not need it, learning from it does.',
	});
}
