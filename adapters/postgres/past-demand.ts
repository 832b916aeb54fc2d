/** Counts what was logged at this time of the day before and just now, by the indexes of the log. Changes nothing. */
import { DEMO_WORKFLOW_ID } from '../../lib/demo';
import type { PastDemandPort } from '../../lib/ports';
import {
	CLASSES_PER_E_FOLD,
	LEAST_CLASS_SECONDS,
	type PastDemand,
} from '../../lib/residency/demand';
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

/**
 * One range of the index for each day, not the whole log. Prewarming runs are not in the log; refused requests, later
 * attempts and the demo are no demand. Deadlines are counted by class, so that the rows are few.
 */
function sqlOf(s: string): string {
	const columns = `l.purpose, l.urgency, ${deadlineClassSql('l.deadline_seconds')} as deadline_seconds,
		l.width, l.height, l.batch_size, l.model_name`;
	const isDemand = `l.model_name is not null and l.attempt = 1 and l.status <> 'rejected'
		and l.workflow_id is distinct from '${DEMO_WORKFLOW_ID}'`;
	return `with span as (
	select n, now() - n * interval '1 day' as begins,
		now() - n * interval '1 day' + $2::float8 * interval '1 second' as ends
	from generate_series(1, $1::int) n
), jobs as (
	select ${columns}, false as is_now from span
	join ${s}.model_usage_log l on l.created_at >= span.begins and l.created_at < span.ends
	where ${isDemand}
	union all
	select ${columns}, true from ${s}.model_usage_log l
	where l.created_at >= now() - $2::float8 * interval '1 second' and ${isDemand}
), age as (
	select greatest(1, least($1::float8, extract(epoch from now() - min(created_at)) / 86400))::float8 as days
	from ${s}.model_usage_log
)
select jobs.*, age.days from (
	select purpose, urgency, deadline_seconds, width, height, batch_size, model_name,
		count(*) filter (where not is_now)::int as jobs_at_this_time,
		count(*) filter (where is_now)::int as jobs_just_now
	from jobs group by purpose, urgency, deadline_seconds, width, height, batch_size, model_name
) jobs, age
order by purpose, urgency, deadline_seconds, width, height, batch_size, model_name`;
}

/** The middle of the class that `deadlineClass` gives it; null stays null. */
function deadlineClassSql(column: string): string {
	const seconds = `greatest(${LEAST_CLASS_SECONDS}, ${column})`;
	return `case when ${column} is not null then
		exp(floor(ln(${seconds}) * ${CLASSES_PER_E_FOLD} + 0.5) / ${CLASSES_PER_E_FOLD}) end`;
}
