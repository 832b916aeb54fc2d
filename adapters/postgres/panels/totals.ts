/** The figures of a period in one row: what was asked, made, paid, and how well it went. */
import { IS_GPU_SECONDS } from '../cost-unit';
import { FIRST_ATTEMPTS, RETRIED, RETRIED_JOBS } from './jobs-held';
import { COSTS, USAGE_LOG, USAGE_IN_RANGE, IMAGES, type PanelQuery } from './panel';

export const totals: PanelQuery = {
	name: 'totals',
	log: 'model_usage_log',
	format: 'table',
	sql: `
with counted as (
	select ${FIRST_ATTEMPTS},
		${IMAGES} as images,
		${COSTS},
		count(*) filter (where status <> 'rejected' and (actual_cost > 0 or cost_unit is not null) and not ${IS_GPU_SECONDS}) as priced_runs,
		count(*) filter (where status <> 'rejected' and ${IS_GPU_SECONDS}) as unpriced_runs,
		avg(quality_estimated) filter (where status = 'success') as quality,
		avg(degraded::int) filter (where status = 'success') as degraded_ratio,
		count(*) filter (where status = 'oom') as ooms,
		count(*) filter (where status in ('error', 'timeout')) as failures,
		count(*) filter (where status = 'rejected') as rejected,
		count(*) filter (where cold) as swaps
	from ${USAGE_LOG}
	where ${USAGE_IN_RANGE}
), retried as (
	${RETRIED}
), jobs as (
	select sum(jobs) as jobs,
		sum(on_time) as on_time
	from (
		select first_jobs as jobs, first_on_time as on_time
		from counted
		union all
		select -1, -on_time::int
		from retried
		where attempt = 1
		union all
		select 1, on_time::int
		from (
			${RETRIED_JOBS}
		) retried_jobs
	) parts
)
select jobs.jobs,
	(jobs.on_time / nullif(jobs.jobs, 0))::double precision as on_time_ratio,
	images, cost, cost_per_image, unpriced_images, unpriced_gpu_seconds, unpriced_per_image,
	priced_runs, unpriced_runs, quality, degraded_ratio, ooms, failures, rejected, swaps
from counted
cross join jobs`,
};
