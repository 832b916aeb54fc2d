/** GPU time of runs (load and run, without the queue) by model: median and 95 %, cold and warm apart. */
import { USAGE_LOG, USAGE_IN_RANGE, type PanelQuery } from './panel';

export const timeByModel: PanelQuery = {
	name: 'time-by-model',
	log: 'model_usage_log',
	format: 'table',
	sql: `
select model_name as model,
	case when cold then 'cold' else 'warm' end as start,
	count(*) as runs,
	(percentile_cont(array[0.5, 0.95]) within group (order by gpu_seconds))[1] as p50_seconds,
	(percentile_cont(array[0.5, 0.95]) within group (order by gpu_seconds))[2] as p95_seconds
from (
	select model_name, cold, run_seconds + coalesce(load_seconds, 0) as gpu_seconds
	from ${USAGE_LOG}
	where ${USAGE_IN_RANGE}
		and status = 'success'
		and run_seconds is not null
		and cold is not null
		and model_name is not null
) runs
-- by the flag, not by its name: sorting is most of the work
group by model_name, cold
order by model_name, cold`,
};
