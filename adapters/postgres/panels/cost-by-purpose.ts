/** Cost and images by purpose, the dearest first; at most 50. */
import { USAGE_LOG, USAGE_IN_RANGE, IMAGES, type PanelQuery } from './panel';

export const costByPurpose: PanelQuery = {
	name: 'cost-by-purpose',
	log: 'model_usage_log',
	format: 'table',
	sql: `
select coalesce(purpose, '(none)') as purpose,
	sum(actual_cost) as cost,
	${IMAGES} as images,
	sum(actual_cost) / nullif(${IMAGES}, 0) as cost_per_image
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
	and status <> 'rejected'
group by 1
order by cost desc nulls last, 1
limit 50`,
};
