/** Share of jobs that were on time, by urgency; a refused job counts as late, a cancelled one not at all. */
import { FIRST_ATTEMPTS, IS_HELD, RETRIED, RETRIED_JOBS } from './jobs-held';
import { bucket, runsFirst, type PanelQuery } from './panel';

const BUCKET = bucket('created_at');
const URGENCY = `coalesce(urgency, '(none)')`;

export const slaAttainment: PanelQuery = {
	name: 'sla-attainment',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
with counted as (
	select "time",
		metric,
		${FIRST_ATTEMPTS}
	from ${runsFirst(`${BUCKET} as "time", ${URGENCY} as metric, job_id, attempt, on_time, status`, IS_HELD)}
	group by 1, 2
), retried as (
	${RETRIED}
)
select "time",
	metric,
	(sum(on_time) / sum(jobs))::double precision as value
from (
	select "time", metric, first_jobs as jobs, first_on_time as on_time
	from counted
	union all
	select ${BUCKET}, ${URGENCY}, -1, -on_time::int
	from retried
	where attempt = 1
	union all
	select ${BUCKET}, ${URGENCY}, 1, on_time::int
	from (
		${RETRIED_JOBS}
	) jobs
) parts
group by 1, 2
having sum(jobs) > 0
order by 1, 2`,
};
