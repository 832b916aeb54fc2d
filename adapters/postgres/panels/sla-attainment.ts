/** Share of jobs that were on time, by urgency; a refused job counts as late, a cancelled one not at all. */
import { bucket, USAGE_IN_RANGE, JOBS_HELD, type PanelQuery } from './panel';

export const slaAttainment: PanelQuery = {
	name: 'sla-attainment',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
select ${bucket('created_at')} as "time",
	coalesce(urgency, '(none)') as metric,
	avg(on_time::int) as value
from (
	${JOBS_HELD(USAGE_IN_RANGE)}
) jobs
group by 1, 2
order by 1, 2`,
};
