/** Cost and images by what a run was of or for, the dearest first; at most 50. */
import { USAGE_LOG, USAGE_IN_RANGE, IMAGES, type PanelQuery } from './panel';

/** @param column of the usage log, shown under the label's name */
function costBy(label: string, column: string): PanelQuery {
	return {
		name: `cost-by-${label}`,
		log: 'model_usage_log',
		format: 'table',
		sql: `
select coalesce(${column}, '(none)') as ${label},
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
}

export const costByModel = costBy('model', 'model_name');
export const costByPurpose = costBy('purpose', 'purpose');
export const costByUser = costBy('user', 'user_id');
