/** Counts what was logged at this time of the day before and just now, by the indexes of the log. Changes nothing. */
import type { PastDemandPort } from '../../lib/ports';
import type { PastDemand } from '../../lib/residency/demand';
import { postgresError } from './errors';
import { type RouterPool, withClient } from './pool';

export class PostgresPastDemand implements PastDemandPort {
	constructor(private readonly pool: RouterPool) {}

	/** @throws RouterError POSTGRES_* */
	async pastDemand(query: { horizonSeconds: number; days: number }): Promise<PastDemand[]> {
		try {
			const { rows } = await withClient(this.pool, (client) =>
				client.query(sqlOf(this.pool.quotedSchema), [query.days, query.horizonSeconds]),
			);
			return rows as PastDemand[];
		} catch (error) {
			throw postgresError(error, this.pool.where, 'Reading past demand');
		}
	}
}

/** One range of the index for each day, not the whole log. Prewarming runs and refused requests are no demand. */
function sqlOf(s: string): string {
	return `with span as (
	select n, now() - n * interval '1 day' as begins,
		now() - n * interval '1 day' + $2::float8 * interval '1 second' as ends
	from generate_series(1, $1::int) n
), before as (
	select l.model_name, l.job_id from span
	join ${s}.model_usage_log l on l.created_at >= span.begins and l.created_at < span.ends
	where l.model_name is not null and l.attempt = 1 and l.status <> 'rejected'
), just_now as (
	select l.model_name, l.job_id from ${s}.model_usage_log l
	where l.created_at >= now() - $2::float8 * interval '1 second' and l.model_name is not null and l.attempt = 1
		and l.status <> 'rejected'
), age as (
	select greatest(1, least($1::float8, extract(epoch from now() - min(created_at)) / 86400))::float8 as days
	from ${s}.model_usage_log
)
select model_name, count(*) filter (where not is_now)::int as jobs_at_this_time, age.days,
	count(*) filter (where is_now)::int as jobs_just_now
from (select model_name, false as is_now from before union all select model_name, true from just_now) jobs, age
group by model_name, age.days order by model_name`;
}
