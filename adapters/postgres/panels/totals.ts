/** The figures of a period in one row: what was asked, made, paid, and how well it went. */
import { IS_GPU_SECONDS } from '../cost-unit';
import { USAGE_LOG, USAGE_IN_RANGE, IMAGES, JOBS_HELD, type PanelQuery } from './panel';

export const totals: PanelQuery = {
	name: 'totals',
	log: 'model_usage_log',
	format: 'table',
	sql: `
with jobs as (
	${JOBS_HELD(USAGE_IN_RANGE)}
)
select (select count(*) from jobs) as jobs,
	(select avg(on_time::int) from jobs) as on_time_ratio,
	${IMAGES} as images,
	sum(actual_cost) as cost,
	sum(actual_cost) / nullif(${IMAGES}, 0) as cost_per_image,
	count(*) filter (where actual_cost > 0 and not ${IS_GPU_SECONDS}) as priced_runs,
	count(*) filter (where ${IS_GPU_SECONDS}) as unpriced_runs,
	avg(quality_estimated) filter (where status = 'success') as quality,
	avg(degraded::int) filter (where status = 'success') as degraded_ratio,
	count(*) filter (where status = 'oom') as ooms,
	count(*) filter (where status in ('error', 'timeout')) as failures,
	count(*) filter (where status = 'rejected') as rejected,
	count(*) filter (where cold) as swaps
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}`,
};
