/** Jobs that got less quality than an idle fleet would have given them, by why: the sentence of the selection says it. */
import { bucket, USAGE_LOG, USAGE_IN_RANGE, type PanelQuery } from './panel';

export const degradations: PanelQuery = {
	name: 'degradations',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
select ${bucket('created_at')} as "time",
	case
		when attempt > 1 then 'after a failed attempt'
		when selection_reason like '% per step would have made it %' then 'slower than expected'
		when selection_reason like '% Instead of %' then 'waited too long'
		when selection_reason like '%because the load makes GPU time dear.%' then 'busy fleet'
		when selection_reason like '%because of what is queued.%' then 'queue'
		else 'other'
	end as metric,
	count(*) as value
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
	and degraded
group by 1, 2
order by 1, 2`,
};
