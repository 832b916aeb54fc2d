/**
 * Adds costs up in the database, so that a year of runs comes back as a few hundred rows. Reads model_usage_log and
 * vram_usage_log by time, which is how they are partitioned. Needs SELECT only.
 */
import type { CostHistory, CostHistoryPort } from '../../lib/cost-report';
import { RouterError } from '../../lib/errors';
import { COST_UNIT } from './cost-unit';
import { isDenied, postgresError } from './errors';
import { type RouterPool, withClient } from './pool';

/** Between two readings farther apart than this nobody looked. */
const LONGEST_GAP_SECONDS = 3600;

export class PostgresCostHistory implements CostHistoryPort {
	constructor(private readonly pool: RouterPool) {}

	/** @throws RouterError POSTGRES_* */
	async costs({ sinceDays, jobs }: { sinceDays: number; jobs: number }): Promise<CostHistory> {
		const schema = this.pool.quotedSchema;
		try {
			return await withClient(this.pool, async (client) => {
				// one picture: a run that is logged meanwhile is in all three or in none
				await client.query('begin isolation level repeatable read read only');
				try {
					const groups = await client.query(groupsSql(schema), [sinceDays]);
					const worst = await client.query(jobsSql(schema), [sinceDays, jobs]);
					const watched = await client.query(watchedSql(schema), [sinceDays, LONGEST_GAP_SECONDS]);
					return { groups: groups.rows, jobs: worst.rows, watched: watched.rows };
				} finally {
					await client.query('rollback').catch(() => undefined);
				}
			});
		} catch (error) {
			throw isDenied(error)
				? mayNotRead(this.pool)
				: postgresError(error, this.pool.where, 'Reading the costs');
		}
	}
}

const runsSql = (schema: string): string => `
	select *, run_seconds + coalesce(load_seconds, 0) as gpu_seconds,
		${COST_UNIT} as unit
	from ${schema}.model_usage_log
	where created_at >= now() - $1::double precision * interval '1 day' and status <> 'rejected'`;

/** A run that cost nothing (a cached result, a free server) has no ratio. */
const COMPARED = `status = 'success' and estimated_cost > 0 and actual_cost > 0`;

const groupsSql = (schema: string): string => `
with runs as (${runsSql(schema)})
select to_char(date_trunc('week', created_at at time zone 'UTC'), 'YYYY-MM-DD') as week,
	coalesce(model_name, '?') as model_name, coalesce(preset, '?') as preset,
	coalesce(server, '?') as server, unit,
	count(*)::integer as runs,
	count(*) filter (where status <> 'success')::integer as failed,
	count(*) filter (where actual_cost is null)::integer as without_cost,
	count(*) filter (where ${COMPARED})::integer as compared,
	coalesce(sum(estimated_cost) filter (where ${COMPARED}), 0) as estimated,
	coalesce(sum(actual_cost) filter (where ${COMPARED}), 0) as actual,
	coalesce(sum(ln(actual_cost / estimated_cost)) filter (where ${COMPARED}), 0) as log_ratio,
	coalesce(sum(actual_cost) filter (where status <> 'success'), 0) as failed_cost,
	coalesce(sum(gpu_seconds) filter (where actual_cost is not null), 0) as gpu_seconds,
	coalesce(sum(actual_cost), 0) as cost
from runs
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5`;

const jobsSql = (schema: string): string => `
with runs as (${runsSql(schema)}),
jobs as (
	select job_id, unit, count(*)::integer as attempts,
		(array_agg(estimated_cost order by attempt))[1] as estimated,
		sum(actual_cost) as actual
	from runs where actual_cost is not null
	group by job_id, unit
)
-- so many of each unit: a difference in seconds is not larger or smaller than one in money
select job_id, unit, attempts, estimated, actual from (
	select *, row_number() over (partition by unit order by abs(actual - estimated) desc, job_id) as place
	from jobs
	where estimated is not null
) ranked
where place <= $2
order by unit desc, place`;

/** A server with several GPUs has a row for each in every reading. */
const watchedSql = (schema: string): string => `
with readings as (
	select server, observed_at, bool_and(reachable) as reachable,
		max(coalesce(queue_running, 0)) as running
	from ${schema}.vram_usage_log
	where observed_at >= now() - $1::double precision * interval '1 day'
	group by server, observed_at
),
spans as (
	select server, reachable, running, extract(epoch from
		lead(observed_at) over (partition by server order by observed_at) - observed_at
	)::double precision as seconds
	from readings
)
select server, sum(seconds) as watched_seconds,
	coalesce(sum(seconds) filter (where reachable and running = 0), 0) as idle_seconds,
	coalesce(sum(seconds) filter (where not reachable), 0) as unreachable_seconds
from spans where seconds <= $2
group by server order by server`;

function mayNotRead(pool: RouterPool): RouterError {
	return new RouterError({
		code: 'POSTGRES_PERMISSION',
		message: `Reading the costs failed: this role may not read the logs (${pool.where}).`,
		hint: 'Grant SELECT on model_usage_log and vram_usage_log: writing the logs does not need it.',
	});
}
